import { BATCH_OVERHEAD } from '@hearken/protocol';
import type { BufferMemory } from './buffer-memory.js';
import type { FlushTracker } from './flush-tracker.js';
import type { PendingRecord } from './pending-record.js';
import type { ProducerBatch } from './producer-batch.js';

/** Where every record ends: its promise is settled, its room given back, flushes are told, and it is counted. */
export class Deliveries {
  readonly #memory: BufferMemory<PendingRecord>;
  readonly #flushes: FlushTracker;
  recordsSent = 0;
  recordsFailed = 0;

  constructor(memory: BufferMemory<PendingRecord>, flushes: FlushTracker) {
    this.#memory = memory;
    this.#flushes = flushes;
  }

  /** See {@link ProducerBatch.resolve}. */
  resolve(batch: ProducerBatch, baseOffset: number, logAppendTimeMs: number): void {
    batch.resolve(baseOffset, logAppendTimeMs);
    this.recordsSent += batch.records.length;
    this.#ended(batch.records, batch.sizeBytes - BATCH_OVERHEAD);
  }

  reject(batch: ProducerBatch, error: unknown): void {
    batch.reject(error);
    this.recordsFailed += batch.records.length;
    this.#ended(batch.records, batch.sizeBytes - BATCH_OVERHEAD);
  }

  /** A record that holds room, outside any batch. */
  rejectRecord(record: PendingRecord, error: unknown): void {
    this.refuse(record, error);
    this.#memory.release(record.sizeBytes);
  }

  /** A record that never got room. */
  refuse(record: PendingRecord, error: unknown): void {
    record.reject(error);
    this.recordsFailed++;
    this.#flushes.leave(record.group);
  }

  #ended(records: readonly PendingRecord[], bytes: number): void {
    for (const { group } of records) this.#flushes.leave(group);
    this.#memory.release(bytes);
  }
}
