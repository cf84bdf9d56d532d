const FAILED = 1;
const SLOW = 2;

/** How the last so many calls ended. */
export class CallWindow {
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

  /** In percent of the calls in it; 0 without any. */
  get failureRate(): number {
    return this.#percent(this.#failed);
  }

  /** In percent of the calls in it; 0 without any. */
  get slowCallRate(): number {
    return this.#percent(this.#slow);
  }

  add({ failed, slow }: { readonly failed: boolean; readonly slow: boolean }): void {
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
