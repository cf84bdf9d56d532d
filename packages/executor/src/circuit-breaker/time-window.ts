import type { CallCounts } from './call-window.js';
import type { CallEnd } from './circuit-breaker.js';

const BUCKET_MS = 1_000;

/** Calls that ended within one second. */
interface Bucket {
  calls: number;
  failed: number;
  slow: number;
}

/**
 * How the calls of the last so many seconds ended: this second's, and those of the whole ones before. Kept as one count for
 * each second, so that neither memory nor time depends on how many there are.
 */
export class TimeWindow implements CallCounts {
  readonly #now: () => number;
  readonly #buckets: readonly Bucket[];
  readonly #total = newBucket();
  /** Which second the newest bucket is of. */
  #second: number;

  /** @param now in milliseconds, on a clock that never goes back */
  constructor(seconds: number, now: () => number) {
    this.#now = now;
    this.#buckets = Array.from({ length: seconds }, newBucket);
    this.#second = this.#present;
  }

  get size(): number {
    return this.#counted.calls;
  }

  get failureRate(): number {
    return this.#percent(this.#counted.failed);
  }

  get slowCallRate(): number {
    return this.#percent(this.#counted.slow);
  }

  add({ failed, slow }: CallEnd): void {
    const total = this.#counted;
    for (const counts of [total, this.#bucketOf(this.#second)]) {
      counts.calls++;
      if (failed) counts.failed++;
      if (slow) counts.slow++;
    }
  }

  /** What is in the window at present: what is older is taken out. */
  get #counted(): Bucket {
    const present = this.#present;
    const first = Math.max(this.#second + 1, present - this.#buckets.length + 1);
    for (let second = first; second <= present; second++) this.#clear(this.#bucketOf(second));
    this.#second = present;
    return this.#total;
  }

  #clear(bucket: Bucket): void {
    this.#total.calls -= bucket.calls;
    this.#total.failed -= bucket.failed;
    this.#total.slow -= bucket.slow;
    Object.assign(bucket, newBucket());
  }

  get #present(): number {
    return Math.floor(this.#now() / BUCKET_MS);
  }

  #bucketOf(second: number): Bucket {
    return this.#buckets[second % this.#buckets.length] ?? newBucket();
  }

  #percent(count: number): number {
    return this.#total.calls === 0 ? 0 : (count * 100) / this.#total.calls;
  }
}

const newBucket = (): Bucket => ({ calls: 0, failed: 0, slow: 0 });
