import type { ConsumerRecord } from '@hearken/core';
import { keyOf, rangeOf, type RecordedRange } from './shed-range.js';

/** A range that this instance has to replay. */
export interface OpenRange {
  /** As it is known to be recorded. */
  range: RecordedRange;
  /** Partition of the shed topic: whoever has that replays the range. */
  readonly home: number;
  /** It was replayed, and what deletes it is yet to be read. */
  hasEnded: boolean;
  /** Not before this, on the monotonic clock: it could not be read. */
  notBefore: number;
}

/**
 * What the shed topic says, of the partitions of it that are ours: the last word on a key counts, as compaction has it.
 * Ranges are replayed in the order in which they were first read.
 */
export class OpenRanges {
  /** By partition of the shed topic and key: one that got more partitions may have a key in two of them. */
  readonly #byKey = new Map<string, OpenRange>();

  get all(): readonly OpenRange[] {
    return [...this.#byKey.values()].filter(({ hasEnded }) => !hasEnded);
  }

  /** @returns whether it was about a range */
  read({ partition, key, value }: Pick<ConsumerRecord, 'partition' | 'key' | 'value'>): boolean {
    if (value === null) return key === null || this.#deleted(`${partition} ${key.toString()}`);
    const range = rangeOf(value);
    if (range === undefined) return false;
    const at = `${partition} ${keyOf(range)}`;
    const known = this.#byKey.get(at);
    if (known === undefined) {
      this.#byKey.set(at, { range, home: partition, hasEnded: false, notBefore: -Infinity });
    } else if (range.done > known.range.done) known.range = range; // what a predecessor wrote late goes not back
    return true;
  }

  /** These partitions of the shed topic went to another instance. */
  drop(homes: ReadonlySet<number>): void {
    for (const [key, { home }] of this.#byKey) if (homes.has(home)) this.#byKey.delete(key);
  }

  /** The first that may be replayed now. */
  next(now: number): OpenRange | undefined {
    return this.all.find(({ notBefore }) => notBefore <= now);
  }

  /** When one that had to wait may be replayed. */
  get nextAt(): number {
    return Math.min(...this.all.map(({ notBefore }) => notBefore));
  }

  #deleted(key: string): true {
    this.#byKey.delete(key);
    return true;
  }
}
