import type { Clock, Timer } from '@hearken/core';

/** When a gate opens by itself. One timer at most, and none while there is nothing to wait for. */
export class GateTimer {
  readonly #clock: Clock;
  readonly #onDue: () => void;
  #timer: Timer | undefined;
  #dueAt = 0;

  constructor(clock: Clock, onDue: () => void) {
    this.#clock = clock;
    this.#onDue = onDue;
  }

  /**
   * In place of what was set before.
   * @param keepAlive whether it alone keeps the process running: where somebody waits for a task that it lets in
   */
  set(delayMs: number, keepAlive: boolean): void {
    this.clear();
    this.#dueAt = this.#clock.monotonic() + delayMs;
    this.#timer = this.#clock.setTimer(this.#due, Math.ceil(delayMs), { keepAlive });
  }

  /** Somebody waits for it now: it keeps the process running. */
  keepAlive(): void {
    if (this.#timer !== undefined) this.set(Math.max(0, this.#dueAt - this.#clock.monotonic()), true);
  }

  clear(): void {
    this.#timer?.clear();
    this.#timer = undefined;
  }

  readonly #due = (): void => {
    this.#timer = undefined;
    this.#onDue();
  };
}
