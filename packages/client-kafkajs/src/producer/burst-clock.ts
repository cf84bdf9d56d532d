import type { Clock } from '@hearken/core';

/** Some tens of microseconds' worth of sends. */
const READINGS_PER_BURST = 32;

/**
 * The time of day for records sent in a row: read once for up to 32 of them. Reading it for each is a twentieth of what a
 * send costs. Whoever awaited something in between gets a new reading.
 */
export class BurstClock {
  readonly #clock: Pick<Clock, 'now'>;
  #nowMs = 0;
  #left = 0;

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  now(): number {
    if (this.#left === 0) this.#read();
    this.#left--;
    return this.#nowMs;
  }

  #read(): void {
    this.#nowMs = this.#clock.now();
    this.#left = READINGS_PER_BURST;
    void READY.then(this.#endBurst);
  }

  readonly #endBurst = (): void => {
    this.#left = 0;
  };
}

const READY = Promise.resolve();
