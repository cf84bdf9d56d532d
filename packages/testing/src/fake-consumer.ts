import {
  CommitFailedError,
  ConsumerRecords,
  IllegalStateError,
  systemClock,
  type Clock,
  type CloseOptions,
  type Consumer,
  type ConsumerGroupMetadata,
  type ConsumerRebalanceListener,
  type PartitionLag,
  type Timer,
  type TopicPartition,
  type TopicPartitionOffset,
  type TopicPartitionOffsets,
} from '@hearken/core';
import { describePartitions } from '@hearken/core/internal';
import type { RecordInit } from './a-record.js';
import { FakeAssignment } from './fake-assignment.js';
import { FakeLog } from './fake-log.js';
import { Recorder } from './recorder.js';
import { Signal } from './signal.js';

export interface FakeConsumerOptions {
  /** @default 'group'; null is a consumer without a group */
  readonly groupId?: string | null;
  /** What it reads. @default a log of its own */
  readonly log?: FakeLog;
  /** Ends polls and bounds `close`. @default the system's */
  readonly clock?: Clock;
  /** @default 500 */
  readonly maxPollRecords?: number;
  /** Assigned by itself, in the background, after `subscribe`. @default nothing: the test calls `rebalance` */
  readonly assignOnSubscribe?:
    readonly TopicPartition[] | ((topics: readonly string[] | RegExp) => readonly TopicPartition[]);
}

/** What a rebalance does, in this order. */
export interface FakeRebalance {
  readonly lost?: readonly TopicPartition[];
  readonly revoke?: readonly TopicPartition[];
  readonly assign?: readonly TopicPartition[];
}

interface PendingPoll {
  readonly maxRecords: number;
  readonly timer: Timer;
  readonly resolve: (records: ConsumerRecords) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * A consumer in memory that keeps every promise of the SPI and is steered by the test: `give` records, `rebalance`, let
 * commits fail or wait. One long class, because the SPI is one; what is assigned and where it reads stands apart.
 */
// Long because it is an interface whole, and beside it what a test may make of it.
export class FakeConsumer implements Consumer {
  readonly log: FakeLog;
  /** Every `poll`, as it was called. */
  readonly polls = new Recorder<{ readonly timeoutMs: number; readonly maxRecords: number }>();
  /** Every commit that was written. */
  readonly commits = new Recorder<TopicPartitionOffsets>();
  /** Every commit that was asked for, written or not. */
  readonly commitCalls = new Recorder<TopicPartitionOffsets>();
  readonly closed = new Signal();
  /** For the test to set. */
  lastRetriedError: unknown;

  readonly #options: Required<FakeConsumerOptions>;
  readonly #assigned: FakeAssignment;
  readonly #commitFailures: ((offsets: TopicPartitionOffsets) => unknown)[] = [];
  readonly #stopReading: () => void;
  #commitGate: Promise<void> = Promise.resolve();
  /** The end of the last rebalance asked for: the next one waits for it, so that callbacks never overlap. */
  #rebalanced: Promise<void> = Promise.resolve();
  #listener: ConsumerRebalanceListener | undefined;
  #subscription: readonly string[] | RegExp | undefined;
  #generationId = -1;
  #pending: PendingPoll | undefined;
  #wokenUp = false;
  #fatal: Error | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: FakeConsumerOptions = {}) {
    this.#options = {
      groupId: 'group',
      log: options.log ?? new FakeLog(),
      clock: systemClock,
      maxPollRecords: 500,
      assignOnSubscribe: [],
      ...options,
    };
    this.log = this.#options.log;
    this.#assigned = new FakeAssignment(this.log);
    this.#stopReading = this.log.onAppend(() => this.#serve());
  }

  // ---- the test's side

  /** Appends records to a partition; what is assigned is delivered to the outstanding or the next `poll`. */
  give(topic: string, partition: number, ...records: readonly RecordInit[]): void {
    this.log.append(topic, partition, ...records);
  }

  /**
   * Lets the group move partitions. Resolves when the listener's callbacks have ended, well or badly: a callback that
   * rejects makes `poll` reject.
   */
  rebalance(change: FakeRebalance): Promise<void> {
    this.#rebalanced = this.#rebalanced
      .then(() => this.#move(change))
      .catch((error: unknown) => this.fail(asError(error)));
    return this.#rebalanced;
  }

  /** The group throws this consumer out: it is told at once that all is lost, also while a revoke is at work. */
  evict(): Promise<void> {
    const told = this.#lose(this.assignment()).catch((error: unknown) => this.fail(asError(error)));
    this.#rebalanced = Promise.all([this.#rebalanced, told]).then(() => undefined);
    return told;
  }

  /** From now on `poll` rejects with this, as after a fatal error. */
  fail(error: Error): void {
    this.#fatal ??= error;
    this.#takePending()?.reject(this.#fatal);
  }

  /** The next commits reject with this, or with what it makes of their offsets (undefined: this one succeeds). */
  failCommits(failure: Error | ((offsets: TopicPartitionOffsets) => Error | undefined), times = 1): void {
    const script = typeof failure === 'function' ? failure : () => failure;
    for (let i = 0; i < times; i++) this.#commitFailures.push(script);
  }

  /** Commits called from now on wait until the returned function is called. */
  holdCommits(): () => void {
    const gate = new Signal();
    this.#commitGate = gate.wait();
    return () => gate.fire();
  }

  /** What the group committed for the partition. */
  committedOffset(topic: string, partition: number): number | undefined {
    return this.#committed({ topic, partition })?.offset;
  }

  get subscription(): readonly string[] | RegExp | undefined {
    return this.#subscription;
  }

  get isPolling(): boolean {
    return this.#pending !== undefined;
  }

  // ---- the SPI

  subscribe(topics: readonly string[] | RegExp, listener?: ConsumerRebalanceListener): Promise<void> {
    if (this.#closing !== undefined) return Promise.reject(closedError());
    this.#subscription = topics;
    this.#listener = listener;
    const { assignOnSubscribe } = this.#options;
    const assign = typeof assignOnSubscribe === 'function' ? assignOnSubscribe(topics) : assignOnSubscribe;
    if (assign.length > 0) void this.rebalance({ assign });
    return Promise.resolve();
  }

  assign(partitions: readonly TopicPartition[]): Promise<void> {
    if (this.#closing !== undefined) return Promise.reject(closedError());
    this.#assigned.keepOnly(partitions);
    this.#open(partitions.filter((partition) => this.#assigned.stintOf(partition) === undefined));
    this.#assigned.setFetching(partitions, true);
    this.#serve();
    return Promise.resolve();
  }

  poll(timeoutMs: number, asked = Infinity): Promise<ConsumerRecords> {
    const maxRecords = Math.min(asked, this.#options.maxPollRecords);
    this.polls.record({ timeoutMs, maxRecords });
    if (this.#fatal !== undefined) return Promise.reject(this.#fatal);
    if (this.#closing !== undefined) return Promise.reject(closedError());
    if (this.#pending !== undefined)
      return Promise.reject(
        new IllegalStateError('poll was called while another poll is outstanding', 'CONCURRENT_POLL'),
      );
    if (maxRecords === 0) return Promise.resolve(ConsumerRecords.EMPTY);
    if (this.#wokenUp) {
      this.#wokenUp = false;
      return Promise.resolve(ConsumerRecords.EMPTY);
    }
    const records = this.#assigned.take(maxRecords);
    if (records !== undefined || timeoutMs <= 0) return Promise.resolve(records ?? ConsumerRecords.EMPTY);
    return new Promise((resolve, reject) => {
      const timer = this.#options.clock.setTimer(() => this.#endPoll(), timeoutMs);
      this.#pending = { maxRecords, timer, resolve, reject };
    });
  }

  wakeup(): void {
    if (this.#pending === undefined) this.#wokenUp = true;
    else this.#endPoll();
  }

  pause(partitions: readonly TopicPartition[]): void {
    this.#assigned.setPaused(partitions, true);
  }

  resume(partitions: readonly TopicPartition[]): void {
    this.#assigned.setPaused(partitions, false);
    this.#serve();
  }

  paused(): readonly TopicPartition[] {
    return this.#assigned.paused();
  }

  assignment(): readonly TopicPartition[] {
    return this.#assigned.all();
  }

  seek(partition: TopicPartition, offset: number): void {
    this.#assigned.seek(partition, offset);
    this.#serve();
  }

  seekToBeginning(partitions: readonly TopicPartition[]): Promise<void> {
    return this.#attempt(() => {
      for (const partition of partitions) this.seek(partition, this.log.beginningOffset(partition));
    });
  }

  seekToEnd(partitions: readonly TopicPartition[]): Promise<void> {
    return this.#attempt(() => {
      for (const partition of partitions) this.seek(partition, this.log.endOffset(partition));
    });
  }

  position(partition: TopicPartition): number {
    return this.#assigned.position(partition);
  }

  async commit(offsets: TopicPartitionOffsets): Promise<void> {
    const { groupId } = this.#options;
    if (groupId === null) throw new IllegalStateError('a consumer without a group cannot commit', 'NO_GROUP_ID');
    this.commitCalls.record(offsets);
    const stints = offsets.map((at) => this.#assigned.stintOf(at));
    await this.#commitGate;
    if (this.closed.fired) throw closedError();
    this.#refuseForeign(offsets, stints);
    const failure = this.#commitFailures.shift()?.(offsets);
    // eslint-disable-next-line @typescript-eslint/only-throw-error -- a test may script anything that code can throw
    if (failure !== undefined) throw failure;
    this.log.commit(groupId, offsets);
    this.commits.record(offsets);
  }

  committed(partitions: readonly TopicPartition[]): Promise<TopicPartitionOffsets> {
    return Promise.resolve(
      partitions.map((partition) => this.#committed(partition)).filter((found) => found !== undefined),
    );
  }

  offsetsForTimes(
    times: readonly (TopicPartition & { readonly timestamp: number })[],
  ): Promise<readonly (TopicPartitionOffset & { readonly timestamp: number })[]> {
    const found = times.flatMap(({ topic, partition, timestamp }) => {
      const record = this.log.records(topic, partition).find((candidate) => candidate.timestamp >= timestamp);
      return record === undefined ? [] : [{ topic, partition, offset: record.offset, timestamp: record.timestamp }];
    });
    return Promise.resolve(found);
  }

  beginningOffsets(partitions: readonly TopicPartition[]): Promise<TopicPartitionOffsets> {
    return Promise.resolve(partitions.map((at) => ({ ...plain(at), offset: this.log.beginningOffset(at) })));
  }

  endOffsets(partitions: readonly TopicPartition[]): Promise<TopicPartitionOffsets> {
    return Promise.resolve(partitions.map((at) => ({ ...plain(at), offset: this.log.endOffset(at) })));
  }

  topicConfig(topic: string): Promise<Readonly<Record<string, string>>> {
    return Promise.resolve(this.log.topicConfigs.get(topic) ?? {});
  }

  lag(): readonly PartitionLag[] {
    return this.#assigned.lag();
  }

  groupMetadata(): ConsumerGroupMetadata {
    const member = this.#generationId < 0 ? '' : 'fake-member';
    return { groupId: this.#options.groupId ?? '', generationId: this.#generationId, memberId: member };
  }

  close({ timeoutMs = 30_000 }: CloseOptions = {}): Promise<void> {
    return (this.#closing ??= this.#close(timeoutMs));
  }

  // ---- inside

  async #close(timeoutMs: number): Promise<void> {
    this.#endPoll();
    const given = new Signal();
    const timer = this.#options.clock.setTimer(() => given.fire(), timeoutMs);
    const told = this.#rebalanced.then(() => this.#revoke(this.assignment())).finally(() => given.fire());
    try {
      await Promise.race([told, given.wait()]);
    } finally {
      timer.clear();
      this.#assigned.keepOnly([]);
      this.#stopReading();
      this.closed.fire();
    }
  }

  async #move({ lost = [], revoke = [], assign }: FakeRebalance): Promise<void> {
    await this.#lose(lost);
    await this.#revoke(revoke);
    if (assign === undefined && revoke.length === 0) return; // evicted: an assignment comes with the next rebalance
    this.#generationId++;
    this.#open(assign ?? []);
    await this.#listener?.onPartitionsAssigned(assign ?? []);
    this.#assigned.setFetching(assign ?? [], true);
    this.#serve();
  }

  async #lose(partitions: readonly TopicPartition[]): Promise<void> {
    if (partitions.length === 0) return;
    this.#assigned.drop(partitions);
    this.#endPoll();
    await this.#listener?.onPartitionsLost(partitions);
  }

  async #revoke(partitions: readonly TopicPartition[]): Promise<void> {
    if (partitions.length === 0) return;
    this.#assigned.setFetching(partitions, false);
    this.#endPoll();
    await this.#listener?.onPartitionsRevoked(partitions);
    this.#assigned.drop(partitions);
  }

  #open(partitions: readonly TopicPartition[]): void {
    for (const partition of partitions) {
      this.#assigned.add(partition, this.#committed(partition)?.offset ?? this.log.beginningOffset(partition));
    }
  }

  /** Ends the outstanding poll if there is something for it. */
  #serve(): void {
    if (this.#pending === undefined) return;
    const records = this.#assigned.take(this.#pending.maxRecords);
    if (records !== undefined) this.#takePending()?.resolve(records);
  }

  #endPoll(): void {
    this.#takePending()?.resolve(ConsumerRecords.EMPTY);
  }

  #takePending(): PendingPoll | undefined {
    const pending = this.#pending;
    this.#pending = undefined;
    pending?.timer.clear();
    return pending;
  }

  #committed(partition: TopicPartition): TopicPartitionOffset | undefined {
    const { groupId } = this.#options;
    return groupId === null ? undefined : this.log.committed(groupId, partition);
  }

  /** A member may commit what it has owned since it asked to; stricter than a broker, which knows only the generation. */
  #refuseForeign(offsets: TopicPartitionOffsets, stints: readonly unknown[]): void {
    const isOurs = (at: TopicPartitionOffset, stint: unknown): boolean =>
      stint !== undefined && this.#assigned.stintOf(at) === stint;
    const foreign = offsets.filter((at, i) => !isOurs(at, stints[i]));
    if (foreign.length === 0) return;
    const code = 'ILLEGAL_GENERATION';
    throw new CommitFailedError(`not assigned: ${describePartitions(foreign)}`, {
      code,
      partitions: offsets.map(({ topic, partition }) => ({ topic, partition, code })), // nothing is written
    });
  }

  async #attempt(action: () => void): Promise<void> {
    await Promise.resolve();
    action();
  }
}

const asError = (thrown: unknown): Error => (thrown instanceof Error ? thrown : new Error(String(thrown)));

const plain = ({ topic, partition }: TopicPartition): TopicPartition => ({ topic, partition });

const closedError = (): IllegalStateError => new IllegalStateError('the consumer is closed', 'CONSUMER_CLOSED');
