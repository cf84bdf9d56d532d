import type { Clock, Timer } from '@hearken/core';

/** Runs a task every `intervalMs`, counted from the end of the last run: runs never overlap. */
export class RepeatingTimer {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #task: () => Promise<void>;
  #timer: Timer | undefined;
  #stopped = false;

  /** @param task must not reject */
  constructor(clock: Clock, intervalMs: number, task: () => Promise<void>) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    this.#task = task;
  }

  start(): void {
    if (this.#stopped) return;
    this.#timer = this.#clock.setTimer(() => void this.#run(), this.#intervalMs);
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.clear();
  }

  async #run(): Promise<void> {
    await this.#task();
    this.start();
  }
}
