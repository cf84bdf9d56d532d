import type { Clock } from '@hearken/core';
import { RecordBatch } from '@hearken/protocol';
import { BrokerError } from '../broker-error.js';
import { ProducerState, sequencedBatch, type SequencedBatch } from './producer-state.js';
import type { StoredBatch } from './stored-batches.js';

/** Kafka's `producer.id.expiration.check.interval.ms`. */
const SWEEP_EVERY_MS = 600_000;

/** As Kafka's DescribeProducers tells of a producer. */
export interface ProducerDescription {
  readonly producerId: number;
  readonly producerEpoch: number;
  /** -1 if it appended nothing under this epoch. */
  readonly lastSequence: number;
  /** -1 if it appended nothing under this epoch. */
  readonly lastTimestamp: number;
  /** -1 if it has no open transaction. */
  readonly currentTransactionStartOffset: number;
}

/**
 * The idempotent producers of a log: which batch may come next, and whose transactions are open (Kafka's
 * `ProducerStateManager`). A producer it does not know, because it is new or was forgotten, may begin at any sequence.
 */
export class Producers {
  readonly #clock: Clock;
  readonly #expirationMs: number;
  readonly #states = new Map<number, ProducerState>();
  /** First offsets of open transactions by producer. A later one begins at a higher offset, so the first is the lowest. */
  readonly #open = new Map<number, number>();
  #sweepAtMs: number;

  constructor(clock: Clock, expirationMs: number) {
    this.#clock = clock;
    this.#expirationMs = expirationMs;
    this.#sweepAtMs = clock.monotonic() + SWEEP_EVERY_MS;
  }

  /** Undefined if no transaction is open. */
  get firstOpenOffset(): number | undefined {
    const { value } = this.#open.values().next();
    return value;
  }

  isInTransaction(producerId: number, producerEpoch: number): boolean {
    return this.#open.has(producerId) && this.#states.get(producerId)?.producerEpoch === producerEpoch;
  }

  /** The batch that this one is a copy of. */
  original(batch: SequencedBatch): SequencedBatch | undefined {
    return this.#known(batch.producerId)?.original(batch);
  }

  /**
   * Whether this batch may be appended now.
   * @throws BrokerError `INVALID_PRODUCER_EPOCH`, `OUT_OF_ORDER_SEQUENCE_NUMBER`, `INVALID_TXN_STATE`
   */
  check(batch: SequencedBatch, isTransactional: boolean): void {
    const state = this.#known(batch.producerId);
    state?.requireEpoch(batch.producerEpoch);
    state?.requireSequence(batch);
    if (isTransactional || !this.#open.has(batch.producerId)) return;
    throw new BrokerError('INVALID_TXN_STATE', 'a plain batch of a producer whose transaction is open');
  }

  appended(batch: SequencedBatch, isTransactional: boolean): void {
    this.#seen(batch.producerId, batch.producerEpoch).appended(batch);
    if (isTransactional && !this.#open.has(batch.producerId)) this.#open.set(batch.producerId, batch.baseOffset);
  }

  /** @throws BrokerError `INVALID_PRODUCER_EPOCH` */
  checkMarker(producerId: number, producerEpoch: number): void {
    this.#known(producerId)?.requireEpoch(producerEpoch);
  }

  /** Where the transaction began that the marker ended; undefined if it had none here. */
  marked(producerId: number, producerEpoch: number, offset: number): number | undefined {
    this.#seen(producerId, producerEpoch).marked(producerEpoch, offset);
    const firstOffset = this.#open.get(producerId);
    this.#open.delete(producerId);
    return firstOffset;
  }

  /**
   * After a truncation: what the batches that are left tell, and what was known of the time before the first that was
   * there. A transaction that began then and is open is open still: its marker would have been among them.
   */
  reload(batches: Iterable<StoredBatch>, storedFrom: number): void {
    for (const [producerId, { lastOffset }] of this.#states) {
      if (lastOffset >= storedFrom) this.#states.delete(producerId);
    }
    for (const [producerId, firstOffset] of this.#open) {
      if (firstOffset >= storedFrom) this.#open.delete(producerId);
    }
    for (const { bytes, baseOffset } of batches) {
      const header = new RecordBatch(bytes);
      const sequenced = sequencedBatch(header, baseOffset);
      if (sequenced === undefined) continue;
      if (header.isControl) this.marked(sequenced.producerId, sequenced.producerEpoch, baseOffset);
      else this.appended(sequenced, header.isTransactional);
    }
  }

  clear(): void {
    this.#states.clear();
    this.#open.clear();
  }

  /** First offsets of open transactions by producer. */
  open(): ReadonlyMap<number, number> {
    return this.#open;
  }

  describe(): ProducerDescription[] {
    return [...this.#states].map(([producerId, state]) => ({
      producerId,
      producerEpoch: state.producerEpoch,
      lastSequence: state.lastSequence,
      lastTimestamp: state.lastTimestamp,
      currentTransactionStartOffset: this.#open.get(producerId) ?? -1,
    }));
  }

  #known(producerId: number): ProducerState | undefined {
    const state = this.#states.get(producerId);
    if (state === undefined || !this.#isExpired(producerId, state)) return state;
    this.#forget(producerId);
    return undefined;
  }

  #seen(producerId: number, producerEpoch: number): ProducerState {
    const now = this.#clock.monotonic();
    if (now >= this.#sweepAtMs) this.#sweep(now);
    const known = this.#states.get(producerId);
    const state = known ?? new ProducerState(producerEpoch, now);
    state.lastSeenMs = now;
    if (known === undefined) this.#states.set(producerId, state);
    return state;
  }

  /** Producers come and go for as long as the broker runs: without this each would be remembered for ever. */
  #sweep(now: number): void {
    this.#sweepAtMs = now + SWEEP_EVERY_MS;
    for (const [producerId, state] of this.#states) if (this.#isExpired(producerId, state)) this.#forget(producerId);
  }

  #isExpired(producerId: number, { lastSeenMs }: ProducerState): boolean {
    return this.#clock.monotonic() - lastSeenMs >= this.#expirationMs && !this.#open.has(producerId);
  }

  #forget(producerId: number): void {
    this.#states.delete(producerId);
    this.#open.delete(producerId);
  }
}
