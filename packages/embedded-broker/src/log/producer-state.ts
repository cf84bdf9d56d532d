import type { RecordBatch } from '@hearken/protocol';
import { BrokerError } from '../broker-error.js';

/** Kafka's `ProducerStateEntry.NUM_BATCHES_TO_RETAIN`, and so the most that a client may have in flight. */
const REMEMBERED_BATCHES = 5;
const MAX_SEQUENCE = 2 ** 31 - 1;

/** One batch of an idempotent producer: what a later copy of it is known by, and answered with. */
export interface SequencedBatch {
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  readonly lastSequence: number;
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly maxTimestamp: number;
}

/** What a log knows of one producer. */
export class ProducerState {
  producerEpoch: number;
  /** Of the last batch or marker. */
  lastOffset = -1;
  /** By the broker's clock. */
  lastSeenMs: number;
  /** The latest of this epoch, oldest first. */
  #batches: SequencedBatch[] = [];

  constructor(producerEpoch: number, nowMs: number) {
    this.producerEpoch = producerEpoch;
    this.lastSeenMs = nowMs;
  }

  /** -1 if nothing was appended under this epoch. */
  get lastSequence(): number {
    return this.#batches.at(-1)?.lastSequence ?? -1;
  }

  /** -1 if nothing was appended under this epoch. */
  get lastTimestamp(): number {
    return this.#batches.at(-1)?.maxTimestamp ?? -1;
  }

  /** The batch that this one is a copy of, sent again because its answer was lost. */
  original({ producerEpoch, baseSequence, lastSequence }: SequencedBatch): SequencedBatch | undefined {
    if (producerEpoch !== this.producerEpoch) return undefined;
    return this.#batches.find((batch) => batch.baseSequence === baseSequence && batch.lastSequence === lastSequence);
  }

  /** @throws BrokerError `INVALID_PRODUCER_EPOCH`: it was fenced */
  requireEpoch(producerEpoch: number): void {
    if (producerEpoch >= this.producerEpoch) return;
    throw new BrokerError(
      'INVALID_PRODUCER_EPOCH',
      `the producer's epoch ${producerEpoch} is older than ${this.producerEpoch}`,
    );
  }

  /** @throws BrokerError `OUT_OF_ORDER_SEQUENCE_NUMBER`: a batch before it is missing */
  requireSequence({ producerEpoch, baseSequence }: SequencedBatch): void {
    const expected = producerEpoch === this.producerEpoch ? sequenceAfter(this.lastSequence) : 0;
    if (baseSequence === expected) return;
    const message = `sequence ${baseSequence} where ${expected} is next, in epoch ${producerEpoch}`;
    throw new BrokerError('OUT_OF_ORDER_SEQUENCE_NUMBER', message);
  }

  appended(batch: SequencedBatch): void {
    this.#enter(batch.producerEpoch, batch.lastOffset);
    this.#batches.push(batch);
    if (this.#batches.length > REMEMBERED_BATCHES) this.#batches.shift();
  }

  /** A transaction's marker takes no sequence, but may bring a new epoch. */
  marked(producerEpoch: number, offset: number): void {
    this.#enter(producerEpoch, offset);
  }

  #enter(producerEpoch: number, lastOffset: number): void {
    if (producerEpoch !== this.producerEpoch) this.#batches = [];
    this.producerEpoch = producerEpoch;
    this.lastOffset = lastOffset;
  }
}

/** Sequences go round: 2^31 - 1 is followed by 0. */
const sequenceAfter = (sequence: number): number => (sequence === MAX_SEQUENCE ? 0 : sequence + 1);

function lastSequenceOf(baseSequence: number, recordCount: number): number {
  const last = baseSequence + recordCount - 1;
  return last > MAX_SEQUENCE ? last - MAX_SEQUENCE - 1 : last;
}

/** Undefined for a batch whose producer is not idempotent. */
export function sequencedBatch(header: RecordBatch, baseOffset: number): SequencedBatch | undefined {
  const { producerId, producerEpoch, baseSequence, recordCount, maxTimestamp } = header;
  if (producerId < 0) return undefined;
  const lastSequence = lastSequenceOf(baseSequence, recordCount);
  const lastOffset = baseOffset + recordCount - 1;
  return { producerId, producerEpoch, baseSequence, lastSequence, baseOffset, lastOffset, maxTimestamp };
}
