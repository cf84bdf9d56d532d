import type { Clock, Timer } from '@hearken/core';

/** Calls back so long after it was touched first, and then after it is touched again. */
export class Reminder {
  readonly #clock: Clock;
  readonly #afterMs: number;
  readonly #onDue: () => void;
  #timer: Timer | undefined;
  #closed = false;

  /** @param onDue must not throw */
  constructor(clock: Clock, afterMs: number, onDue: () => void) {
    this.#clock = clock;
    this.#afterMs = afterMs;
    this.#onDue = onDue;
  }

  /** Called for every record, so it does next to nothing. */
  touch(): void {
    if (this.#timer === undefined && !this.#closed) this.#timer = this.#clock.setTimer(this.#onTimer, this.#afterMs);
  }

  close(): void {
    this.#closed = true;
    this.#timer?.clear();
    this.#timer = undefined;
  }

  readonly #onTimer = (): void => {
    this.#timer = undefined;
    this.#onDue();
  };
}
