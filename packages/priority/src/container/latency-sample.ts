import type { Clock } from '@hearken/core';

/** A clock read costs more than a quick listener. */
const EVERY = 32;
/** How much one sample moves the mean. */
const WEIGHT = 0.1;
/** From 1 ms to 37 hours: 2^27 ms. */
const BOUNDS_MS: readonly number[] = Object.freeze(Array.from({ length: 28 }, (_, i) => 2 ** i));

/** How old sampled records were when they started, counted since the container was made. */
export interface LatencyHistogram {
  /** Upper bounds in milliseconds, each included and twice the one before: 1, 2, 4 … 134217728 (37 hours). */
  readonly boundsMs: readonly number[];
  /** How many were no older than the bound, and older than the one before; one number more at the end: older than all bounds. */
  readonly counts: readonly number[];
}

/** How old records are when they start, from one record in {@link EVERY}. */
export class LatencySample {
  readonly #clock: Clock;
  readonly #counts = new Float64Array(BOUNDS_MS.length + 1);
  #untilNext = 1;
  #meanMs: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A moving mean; undefined before the first sample. */
  get meanMs(): number | undefined {
    return this.#meanMs;
  }

  get histogram(): LatencyHistogram {
    return { boundsMs: BOUNDS_MS, counts: [...this.#counts] };
  }

  /** A record of this time starts. */
  started(timestamp: number): void {
    if (--this.#untilNext > 0) return;
    this.#untilNext = EVERY;
    const latencyMs = this.#clock.now() - timestamp;
    this.#meanMs = this.#meanMs === undefined ? latencyMs : this.#meanMs + WEIGHT * (latencyMs - this.#meanMs);
    const bound = indexOf(latencyMs);
    this.#counts[bound] = (this.#counts[bound] ?? 0) + 1;
  }
}

/** Of the first bound that is not below it; a clock that is behind the writer's makes records younger than new. */
const indexOf = (latencyMs: number): number =>
  latencyMs <= 1 ? 0 : Math.min(BOUNDS_MS.length, Math.ceil(Math.log2(latencyMs)));
