/** Clocks count in fractions of a microsecond, and so many additions later a token may be due that much too late. */
const EPSILON = 1e-6;

/**
 * A bucket that holds `burst` tokens and gets one every `intervalMs`: in no span of time are more taken than `burst`, and one
 * for each interval in it. Kept as one number, the time at which it will be full again, so that nothing has to be filled up
 * (the generic cell rate algorithm of ATM Forum TM 4.0). Pure: the caller says what time it is.
 */
export class TokenBucket {
  readonly #intervalMs: number;
  readonly #burst: number;
  #fullAt = -Infinity;

  constructor(intervalMs: number, burst: number) {
    this.#intervalMs = intervalMs;
    this.#burst = burst;
  }

  /** Whole tokens in it. */
  tokens(now: number): number {
    const missing = Math.max(0, this.#fullAt - now) / this.#intervalMs;
    return Math.max(0, Math.floor(this.#burst - missing + EPSILON));
  }

  /** Takes one, whether there is one or not. */
  take(now: number): void {
    this.#fullAt = Math.max(this.#fullAt, now) + this.#intervalMs;
  }

  /** Gives back what was taken last. Not one before it: the bucket may have been full since, and one more would be too many. */
  putBack(): void {
    this.#fullAt -= this.#intervalMs;
  }

  /** How long until there is one; 0 if there is. */
  msUntilNext(now: number): number {
    return this.tokens(now) > 0 ? 0 : this.#fullAt - (this.#burst - 1) * this.#intervalMs - now;
  }
}
