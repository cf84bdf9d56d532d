import type { ConsumerRecord } from '@hearken/core';
import type { RangeHome } from './shed-ledger.js';
import { rangeOf, type RecordedRange } from './shed-range.js';

/** A range that this instance has to replay. */
export interface OpenRange {
  /** As it is known to be recorded. */
  range: RecordedRange;
  /** Whoever has this partition of the shed topic replays the range. */
  readonly home: RangeHome;
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
    if (key === null) return value === null;
    const at = `${partition} ${key.toString()}`;
    if (value === null) return this.#deleted(at);
    const range = rangeOf(value);
    if (range === undefined) return false;
    const known = this.#byKey.get(at);
    if (known === undefined) {
      const home = { partition, key: Buffer.from(key) }; // a copy: the key is part of all that was fetched with it
      this.#byKey.set(at, { range, home, hasEnded: false, notBefore: -Infinity });
    } else if (range.done > known.range.done) known.range = range; // what a predecessor wrote late goes not back
    return true;
  }

  /** These partitions of the shed topic went to another instance. */
  drop(homes: ReadonlySet<number>): void {
    for (const [key, { home }] of this.#byKey) if (homes.has(home.partition)) this.#byKey.delete(key);
  }

  /** The first that may be replayed now. */
  next(now: number): OpenRange | undefined {
    return this.all.find(({ notBefore }) => notBefore <= now);
  }

  /** When one that had to wait may be replayed. */
  get nextAt(): number {
    return Math.min(...this.all.map(({ notBefore }) => notBefore));
  }

  #deleted(at: string): true {
    this.#byKey.delete(at);
    return true;
  }
}
