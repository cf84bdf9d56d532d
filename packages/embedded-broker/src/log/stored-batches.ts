import { RecordBatch } from '@hearken/protocol';
import { SlidingArray } from './sliding-array.js';

export interface StoredBatch {
  readonly bytes: Buffer;
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly maxTimestamp: number;
  /** Bytes of all batches ever stored before it, so that the size of a range is one subtraction. */
  readonly position: number;
  /** The highest timestamp up to and including this batch. May tell of batches that are gone: see `highestAreStale`. */
  highestTimestamp: number;
}

/** The batches of a log in order of their offsets. Searches halve; nothing looks at records. */
export class StoredBatches implements Iterable<StoredBatch> {
  readonly #batches = new SlidingArray<StoredBatch>();
  /** Batches were taken off the front since the highest timestamps were worked out. */
  #highestAreStale = false;

  get sizeBytes(): number {
    return this.bytesBetween(0, this.#batches.length);
  }

  at(index: number): StoredBatch | undefined {
    return this.#batches.at(index);
  }

  push(bytes: Buffer): StoredBatch {
    const { baseOffset, lastOffset, maxTimestamp } = new RecordBatch(bytes);
    const { last } = this.#batches;
    const position = last === undefined ? 0 : endOf(last);
    const highestTimestamp = Math.max(maxTimestamp, last?.highestTimestamp ?? -Infinity);
    const batch = { bytes, baseOffset, lastOffset, maxTimestamp, position, highestTimestamp };
    this.#batches.push(batch);
    return batch;
  }

  /** Where the batch stands that holds the offset or, if none does, the next one. */
  indexOf(offset: number): number {
    return this.#batches.countWhile(({ lastOffset }) => lastOffset < offset);
  }

  /** How many batches begin below an offset. */
  countBelow(offset: number): number {
    return this.#batches.countWhile(({ baseOffset }) => baseOffset < offset);
  }

  slice(from: number, to: number): StoredBatch[] {
    return this.#batches.slice(from, to);
  }

  /** The position before which the batches from another position on are at most so large. */
  endWithin(from: number, maxBytes: number): number {
    const limit = (this.#batches.at(from)?.position ?? 0) + maxBytes;
    return this.#batches.countWhile((batch) => endOf(batch) <= limit);
  }

  bytesBetween(from: number, to: number): number {
    const first = this.#batches.at(from);
    const last = this.#batches.at(to - 1);
    return first === undefined || last === undefined || to <= from ? 0 : endOf(last) - first.position;
  }

  /** The most of the first batches without which at least this many bytes are left. Never all of them. */
  countBeyond(sizeBytes: number): number {
    const { last } = this.#batches;
    if (last === undefined) return 0;
    const enough = Math.min(endOf(last) - sizeBytes, last.position);
    return this.#batches.countWhile((batch) => endOf(batch) <= enough);
  }

  /** The first batch, from an offset on, that holds a record of this time or later. */
  reaching(timestamp: number, fromOffset: number): StoredBatch | undefined {
    this.#refreshHighest();
    const reached = this.#batches.countWhile(({ highestTimestamp }) => highestTimestamp < timestamp);
    let index = Math.max(reached, this.indexOf(fromOffset));
    while ((this.#batches.at(index)?.maxTimestamp ?? Infinity) < timestamp) index++;
    return this.#batches.at(index);
  }

  /** The first batch of the highest timestamp. */
  latest(): StoredBatch | undefined {
    this.#refreshHighest();
    return this.reaching(this.#batches.last?.highestTimestamp ?? Infinity, 0);
  }

  dropFirst(count: number): void {
    if (count === 0) return;
    this.#batches.dropFirst(count);
    this.#highestAreStale = true;
  }

  /** Keeps the first `length`. */
  truncate(length: number): void {
    this.#batches.truncate(length);
  }

  [Symbol.iterator](): Iterator<StoredBatch> {
    return this.#batches[Symbol.iterator]();
  }

  /** From the front up to where nothing changes any more: in a log whose time goes forward, that is the first batch. */
  #refreshHighest(): void {
    if (!this.#highestAreStale) return;
    this.#highestAreStale = false;
    let highest = -Infinity;
    for (const batch of this.#batches) {
      highest = Math.max(highest, batch.maxTimestamp);
      if (batch.highestTimestamp === highest) return;
      batch.highestTimestamp = highest;
    }
  }
}

const endOf = ({ position, bytes }: StoredBatch): number => position + bytes.length;
