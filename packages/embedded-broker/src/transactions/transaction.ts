import type { Timer, TopicPartition } from '@hearken/core';
import { StateMachine, topicPartitionKey } from '@hearken/core/internal';
import { fencedIdentity, unusedIdentity, type ProducerIdentity } from './producer-identity.js';

/**
 * - `Empty`: initialized, nothing added.
 * - `Ongoing`: has partitions or groups.
 * - `CompleteCommit`, `CompleteAbort`: over; the next one begins when something is added.
 * - `Dead`: the transactional id expired.
 *
 * Kafka's names. Its `Prepare…` states are missing: markers are written at once, nobody sees a transaction in between.
 */
export type TransactionState = 'Empty' | 'Ongoing' | 'CompleteCommit' | 'CompleteAbort' | 'Dead';

const MOVES: Readonly<Record<TransactionState, readonly TransactionState[]>> = {
  Empty: ['Empty', 'Ongoing', 'Dead'],
  Ongoing: ['CompleteCommit', 'CompleteAbort'],
  CompleteCommit: ['Empty', 'Ongoing', 'Dead'],
  CompleteAbort: ['Empty', 'Ongoing', 'Dead'],
  Dead: [],
};

/** What a transaction touched. */
export interface TransactionScope {
  readonly partitions: readonly TopicPartition[];
  readonly groups: readonly string[];
}

/** What is known of one transactional id: its producer, and its transaction, one after the other. */
export class Transaction {
  readonly transactionalId: string;
  /** Kept by the coordinator: aborts the transaction if it is ongoing, forgets the transactional id if it is not. */
  timer: Timer | undefined;
  readonly #state: StateMachine<TransactionState>;
  readonly #partitions = new Map<string, TopicPartition>();
  readonly #groups = new Set<string>();
  #producer: ProducerIdentity;
  #timeoutMs = 0;
  #startedAtMs = -1;

  constructor(transactionalId: string, producerId: number) {
    this.transactionalId = transactionalId;
    this.#producer = unusedIdentity(producerId);
    this.#state = new StateMachine(`transaction of ${transactionalId}`, { initial: 'Empty', moves: MOVES });
  }

  get producer(): ProducerIdentity {
    return this.#producer;
  }

  get state(): TransactionState {
    return this.#state.state;
  }

  get timeoutMs(): number {
    return this.#timeoutMs;
  }

  /** Milliseconds since 1970; -1 if none is ongoing. */
  get startedAtMs(): number {
    return this.#startedAtMs;
  }

  get scope(): TransactionScope {
    return { partitions: [...this.#partitions.values()], groups: [...this.#groups] };
  }

  initialize(producer: ProducerIdentity, timeoutMs: number): void {
    this.#state.moveTo('Empty');
    this.#producer = producer;
    this.#timeoutMs = timeoutMs;
  }

  /** Begins the transaction. Nothing need be in it: Kafka takes a request that adds nothing for a beginning too. */
  begin(nowMs: number): void {
    this.#state.moveTo('Ongoing');
    this.#startedAtMs = nowMs;
  }

  addPartitions(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) this.#partitions.set(topicPartitionKey(partition), partition);
  }

  addGroup(groupId: string): void {
    this.#groups.add(groupId);
  }

  hasPartition(partition: TopicPartition): boolean {
    return this.#partitions.has(topicPartitionKey(partition));
  }

  hasGroup(groupId: string): boolean {
    return this.#groups.has(groupId);
  }

  fence(): void {
    this.#producer = fencedIdentity(this.#producer);
  }

  /** @returns what the markers are for */
  complete(as: 'CompleteCommit' | 'CompleteAbort'): TransactionScope {
    this.#state.moveTo(as);
    const { scope } = this;
    this.#partitions.clear();
    this.#groups.clear();
    this.#startedAtMs = -1;
    return scope;
  }

  expire(): void {
    this.#state.moveTo('Dead');
  }
}
