import type { Clock } from '@hearken/core';
import { StateMachine } from '@hearken/core/internal';
import { backOffMs } from '../cluster/back-off.js';
import { isRetriable } from '../errors.js';
import type { PartitionQueue } from './partition-queue.js';
import type { ProducerBatch } from './producer-batch.js';

const MAX_SEQUENCE = 2 ** 31 - 1;

/** Sequences count records, from 0 to 2^31 - 1, and begin again at 0 (`DefaultRecordBatch.incrementSequence`). */
export const sequenceAfter = (sequence: number, recordCount: number): number =>
  (sequence + recordCount) % (MAX_SEQUENCE + 1);

/** A producer id from the broker, with the sequences that count under it. They end with it. */
export class ProducerIdentity {
  readonly producerId: number;
  readonly producerEpoch: number;
  /** Batches that carry it and are not settled. */
  unsettled = 0;
  readonly #next = new Map<PartitionQueue, number>();

  constructor(producerId: number, producerEpoch: number) {
    this.producerId = producerId;
    this.producerEpoch = producerEpoch;
  }

  /** The sequence of a batch's first record. */
  claim(queue: PartitionQueue, recordCount: number): number {
    const sequence = this.#next.get(queue) ?? 0;
    this.#next.set(queue, sequenceAfter(sequence, recordCount));
    return sequence;
  }

  /** Takes back the last claim: its records were not written. False if there was a later one, which leaves a hole. */
  giveBack(queue: PartitionQueue, sequence: number, recordCount: number): boolean {
    if (this.#next.get(queue) !== sequenceAfter(sequence, recordCount)) return false;
    this.#next.set(queue, sequence);
    return true;
  }
}

/**
 * - none: a new identity has to be asked for
 * - acquiring: it is being asked for
 * - ready: batches get it
 * - spent: the broker misses a sequence, or may. Batches that carry it end under it, others wait: then none
 */
type IdempotenceState = 'none' | 'acquiring' | 'ready' | 'spent';

export interface IdempotenceParts {
  /** Asks the broker for a producer id. */
  readonly acquire: () => Promise<ProducerIdentity>;
  readonly clock: Clock;
  readonly random: () => number;
  /** Batches may leave, or it is time to try again. */
  readonly onChange: () => void;
  /** The broker gives no producer id, and asking again would not help. */
  readonly onRefused: (error: unknown) => void;
}

/** Gives batches an identity and sequences, and a new one when the old can no longer be trusted. */
export class Idempotence {
  readonly #parts: IdempotenceParts;
  readonly #state = new StateMachine<IdempotenceState>('the producer identity', {
    initial: 'none',
    moves: { none: ['acquiring'], acquiring: ['none', 'ready'], ready: ['spent'], spent: ['none'] },
  });
  #current: ProducerIdentity | undefined;
  #failures = 0;
  #notBeforeMs = 0;

  constructor(parts: IdempotenceParts) {
    this.#parts = parts;
  }

  /** Whether the batch may leave now. One that was sent before may always: its outcome is known to its own identity only. */
  admits(batch: ProducerBatch): boolean {
    return batch.identity !== undefined || this.#state.is('ready');
  }

  /** Asks for an identity if there is none. Returns when to call again; Infinity if it will tell itself. */
  renewIfDue(nowMs: number): number {
    if (!this.#state.is('none')) return Infinity;
    if (nowMs < this.#notBeforeMs) return this.#notBeforeMs;
    this.#state.moveTo('acquiring');
    void this.#renew();
    return Infinity;
  }

  /** Gives a batch its identity and sequence, if it has none yet. */
  stamp(batch: ProducerBatch): void {
    if (batch.baseSequence >= 0) return;
    const identity = batch.identity ?? this.#current;
    if (identity === undefined) throw new RangeError('a batch without identity cannot leave');
    this.#carry(batch, identity);
    batch.baseSequence = identity.claim(batch.queue, batch.records.length);
  }

  /**
   * A batch is given up. If it was not written, the next one takes its sequences; if it may be, nobody knows which
   * sequence the broker expects next.
   */
  release(batch: ProducerBatch): void {
    const { identity, baseSequence, records } = batch;
    if (identity === undefined || baseSequence < 0) return;
    const isClean = !batch.mayBeWritten && identity.giveBack(batch.queue, baseSequence, records.length);
    if (!isClean) this.spend(identity);
  }

  /** Parts take the place of a batch that was refused: they go on at its sequences. */
  handOver(batch: ProducerBatch, parts: readonly ProducerBatch[]): void {
    const { identity } = batch;
    if (identity === undefined) return;
    // With no part to find out, the next batch could take the sequences of one that is written, and count as its double.
    const isClean = parts.length > 0 || !batch.mayBeWritten;
    if (!isClean || !identity.giveBack(batch.queue, batch.baseSequence, batch.records.length)) this.spend(identity);
    if (batch.mayBeWritten) for (const part of parts) this.#carry(part, identity);
    this.settle(batch);
  }

  /** No new batch gets this identity. */
  spend(identity: ProducerIdentity): void {
    if (identity === this.#current && this.#state.is('ready')) this.#state.moveTo('spent');
  }

  /** The batch has ended, whichever way. The last one of a spent identity makes room for a new one. */
  settle(batch: ProducerBatch): void {
    const { identity } = batch;
    if (identity === undefined) return;
    identity.unsettled--;
    if (identity !== this.#current || identity.unsettled > 0 || !this.#state.is('spent')) return;
    this.#current = undefined;
    this.#state.moveTo('none');
  }

  async #renew(): Promise<void> {
    const { acquire, clock, random, onChange, onRefused } = this.#parts;
    try {
      this.#current = await acquire();
      this.#failures = 0;
      this.#state.moveTo('ready');
    } catch (error) {
      this.#notBeforeMs = clock.monotonic() + backOffMs(++this.#failures, random());
      this.#state.moveTo('none');
      if (!isRetriable(error)) onRefused(error);
    }
    onChange();
  }

  #carry(batch: ProducerBatch, identity: ProducerIdentity): void {
    if (batch.identity === undefined) identity.unsettled++;
    batch.identity = identity;
  }
}
