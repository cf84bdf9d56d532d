import type { Clock, Timer } from '@hearken/core';

/**
 * One timer for many deadlines: it is set for the earliest and calls once. It may call early, after a deadline that set it
 * has gone; the callee looks at what is due and sets it again.
 */
export class WakeUpTimer {
  readonly #clock: Clock;
  readonly #onWake: () => void;
  #timer: Timer | undefined;
  #atMs = Infinity;

  constructor(clock: Clock, onWake: () => void) {
    this.#clock = clock;
    this.#onWake = onWake;
  }

  /** Calls at this time of the monotonic clock, or earlier if it was set for earlier. Infinity sets nothing. */
  wakeAt(atMs: number): void {
    if (atMs >= this.#atMs) return;
    this.clear();
    this.#atMs = atMs;
    this.#timer = this.#clock.setTimer(this.#fire, Math.max(0, Math.ceil(atMs - this.#clock.monotonic())));
  }

  clear(): void {
    this.#timer?.clear();
    this.#timer = undefined;
    this.#atMs = Infinity;
  }

  readonly #fire = (): void => {
    this.clear();
    this.#onWake();
  };
}
