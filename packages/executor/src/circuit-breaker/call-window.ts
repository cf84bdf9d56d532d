import type { CallEnd } from './circuit-breaker.js';

/** Some calls, and how they ended. */
export interface CallCounts {
  readonly size: number;
  /** In percent; 0 without any. */
  readonly failureRate: number;
  /** In percent; 0 without any. */
  readonly slowCallRate: number;
  add(end: CallEnd): void;
}

const FAILED = 1;
const SLOW = 2;

/** How the last so many calls ended. */
export class CallWindow implements CallCounts {
  readonly #calls: Uint8Array;
  #next = 0;
  #size = 0;
  #failed = 0;
  #slow = 0;

  constructor(capacity: number) {
    this.#calls = new Uint8Array(capacity);
  }

  /** Calls in it, at most its capacity. */
  get size(): number {
    return this.#size;
  }

  get failureRate(): number {
    return this.#percent(this.#failed);
  }

  get slowCallRate(): number {
    return this.#percent(this.#slow);
  }

  add({ failed, slow }: CallEnd): void {
    const oldest = this.#calls[this.#next] ?? 0; // 0, which counts for nothing, until it is full
    const newest = (failed ? FAILED : 0) | (slow ? SLOW : 0);
    this.#calls[this.#next] = newest;
    this.#next = (this.#next + 1) % this.#calls.length;
    this.#size = Math.min(this.#size + 1, this.#calls.length);
    this.#failed += (newest & FAILED) - (oldest & FAILED);
    this.#slow += ((newest & SLOW) - (oldest & SLOW)) / SLOW;
  }

  #percent(count: number): number {
    return this.#size === 0 ? 0 : (count * 100) / this.#size;
  }
}
