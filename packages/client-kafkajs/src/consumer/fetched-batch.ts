import type { TopicPartition } from '@hearken/core';
import type { RecordBatch, RecordCursor } from '@hearken/protocol';
import type { BatchOrigin } from './consumed-record.js';
import type { FetchedMemory } from './fetched-memory.js';

/** A fetched batch, read up to some record. */
export class FetchedBatch {
  readonly origin: BatchOrigin;
  /** Absent until decompressed. */
  cursor: RecordCursor | undefined = undefined;
  /** Records the cursor has not passed. */
  left: number;
  /** Position when this one is used up; past the batch's end if what follows it holds nothing for the application. */
  nextOffset: number;
  #batch: RecordBatch;
  #memory: FetchedMemory;
  #isTold = false;

  constructor({ topic, partition }: TopicPartition, batch: RecordBatch, memory: FetchedMemory) {
    const { timestampType, partitionLeaderEpoch: leaderEpoch } = batch;
    this.origin = { topic, partition, timestampType, leaderEpoch };
    this.left = batch.recordCount;
    this.nextOffset = batch.nextOffset;
    this.#batch = batch;
    this.#memory = memory;
  }

  get baseOffset(): number {
    return this.#batch.baseOffset;
  }

  get sizeInBytes(): number {
    return this.#batch.sizeInBytes;
  }

  /** What it is a view on. */
  get memory(): FetchedMemory {
    return this.#memory;
  }

  /** As {@link RecordBatch.records}. */
  records(): RecordCursor | Promise<RecordCursor> {
    return this.#batch.records();
  }

  /** Its first records are handed out: the size of the memory that they are views on, unless it was told before. */
  tellMemory(): number {
    if (this.#isTold) return 0;
    this.#isTold = true;
    return this.#isCompressed ? (this.cursor?.buffer.buffer.byteLength ?? 0) : this.#memory.tell();
  }

  /** Lets go of the memory that it is a view on. @returns where the copy ends in `into` */
  moveTo(memory: FetchedMemory, into: Buffer, at: number): number {
    this.#batch = this.#batch.copyTo(into, at);
    this.#memory = memory;
    if (this.cursor !== undefined && !this.#isCompressed) this.#readAgain();
    return at + this.sizeInBytes;
  }

  /** From the first record on: whoever reads passes over those before the position. */
  #readAgain(): void {
    const cursor = this.#batch.records();
    if (cursor instanceof Promise) return;
    this.cursor = cursor;
    this.left = this.#batch.recordCount;
    this.#isTold = false;
  }

  get #isCompressed(): boolean {
    return this.#batch.compression !== 'none';
  }
}
