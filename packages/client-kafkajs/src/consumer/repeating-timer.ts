import type { Clock, Timer } from '@hearken/core';

/** Runs a task every `intervalMs`. Runs never overlap: after one that took longer the next begins at once. */
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
    this.#runIn(this.#intervalMs);
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.clear();
  }

  #runIn(delayMs: number): void {
    if (this.#stopped) return;
    this.#timer = this.#clock.setTimer(() => void this.#run(), delayMs);
  }

  async #run(): Promise<void> {
    const startedAt = this.#clock.monotonic();
    await this.#task();
    this.#runIn(Math.max(0, startedAt + this.#intervalMs - this.#clock.monotonic()));
  }
}
