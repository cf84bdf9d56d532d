import { BATCH_OVERHEAD, encodeRecordBatch, type CompressionType } from '@hearken/protocol';
import type { PartitionQueue } from './partition-queue.js';
import { Cohort } from './promisers.js';
import type { PendingRecord } from './pending-record.js';
import { sequenceAfter } from './partition-sequences.js';
import type { ProducerIdentity } from './producer-identity.js';

/**
 * - open: the last of its queue, takes records
 * - closed: waits in its queue, for the first time or again; its records are final
 * - in-flight: on its way, or being compressed for it
 * - settled: its records' promises are; whatever comes later is ignored
 */
type BatchState = 'open' | 'closed' | 'in-flight' | 'settled';

/** Records that go to one partition in one piece. */
export class ProducerBatch {
  state: BatchState = 'open';
  readonly queue: PartitionQueue;
  readonly records: PendingRecord[];
  /** Place among the partition's batches: what is sent again goes back to it. Counts records, so that parts have room. */
  readonly place: number;
  /** On the monotonic clock, as the delivery time-out counts. */
  readonly createdAtMs: number;
  /** At most what it takes on the wire. */
  sizeBytes: number = BATCH_OVERHEAD;
  /** Requests it was part of. */
  attempts = 0;
  /** It was on its way and no answer proves that it was not written. */
  mayBeWritten = false;
  /** Of an idempotent producer's batch that was sent. See {@link Idempotence} on when it may change. */
  identity: ProducerIdentity | undefined;
  baseSequence = -1;
  /** Why it was sent again. */
  lastError: unknown;
  #bytes: Buffer | undefined;
  #cohort: Cohort | undefined;

  constructor(queue: PartitionQueue, options: { place: number; createdAtMs: number; records?: PendingRecord[] }) {
    this.queue = queue;
    this.place = options.place;
    this.createdAtMs = options.createdAtMs;
    this.records = options.records ?? [];
    for (const record of this.records) this.sizeBytes += record.sizeBytes;
  }

  add(record: PendingRecord): void {
    this.records.push(record);
    record.promiser ??= this.#cohort ??= new Cohort(this.records);
    this.sizeBytes += record.sizeBytes;
  }

  number(identity: ProducerIdentity, baseSequence: number): void {
    this.identity = identity;
    this.baseSequence = baseSequence;
    this.#bytes = undefined;
  }

  /** It is known not to be written, and never will be under the number it had. */
  forgetNumber(): void {
    this.identity = undefined;
    this.baseSequence = -1;
    this.mayBeWritten = false;
  }

  /**
   * The batch as the broker gets it, made once: a retry must be the same bytes.
   * A promise only if its codec is asynchronous.
   */
  encode(compression: CompressionType): Buffer | Promise<Buffer> {
    if (this.#bytes !== undefined) return this.#bytes;
    const encoded = encodeRecordBatch(this.records, {
      compression,
      ...(this.identity !== undefined && {
        producerId: this.identity.producerId,
        producerEpoch: this.identity.producerEpoch,
        baseSequence: this.baseSequence,
      }),
    });
    if (encoded instanceof Promise) return encoded.then((bytes) => (this.#bytes = bytes));
    return (this.#bytes = encoded);
  }

  /** Parts that take its place, sequences and fate so far: what may be written stays so. The batch itself is done with. */
  replaceWith(groups: readonly PendingRecord[][]): ProducerBatch[] {
    this.state = 'settled';
    let count = 0;
    return groups.map((records) => {
      const part = new ProducerBatch(this.queue, { place: this.place + count, createdAtMs: this.createdAtMs, records });
      if (this.identity !== undefined) part.number(this.identity, sequenceAfter(this.baseSequence, count));
      count += records.length;
      part.state = 'closed';
      part.attempts = this.attempts;
      part.mayBeWritten = this.mayBeWritten;
      return part;
    });
  }

  /**
   * @param baseOffset of the first record, or -1 if the broker did not tell
   * @param logAppendTimeMs when the broker appended it, or -1 where the records' own timestamps count
   */
  resolve(baseOffset: number, logAppendTimeMs: number): void {
    this.state = 'settled';
    const topic = this.queue.topic.name;
    const { partition } = this.queue;
    let offset = baseOffset;
    for (const record of this.records) {
      const timestamp = logAppendTimeMs < 0 ? record.timestamp : logAppendTimeMs;
      record.resolve({ topic, partition, offset, timestamp });
      if (baseOffset >= 0) offset++;
    }
  }

  reject(error: unknown): void {
    this.state = 'settled';
    for (const record of this.records) record.reject(error);
  }
}
