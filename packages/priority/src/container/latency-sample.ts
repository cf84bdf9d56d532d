import type { Clock } from '@hearken/core';

/** A clock read costs more than a quick listener. */
const EVERY = 32;
/** How much one sample moves the mean. */
const WEIGHT = 0.1;

/** A moving mean of how old records are when they start, from one record in {@link EVERY}. */
export class LatencySample {
  readonly #clock: Clock;
  #untilNext = 1;
  #meanMs: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Undefined before the first sample. */
  get meanMs(): number | undefined {
    return this.#meanMs;
  }

  /** A record of this time starts. */
  started(timestamp: number): void {
    if (--this.#untilNext > 0) return;
    this.#untilNext = EVERY;
    const latencyMs = this.#clock.now() - timestamp;
    this.#meanMs = this.#meanMs === undefined ? latencyMs : this.#meanMs + WEIGHT * (latencyMs - this.#meanMs);
  }
}
