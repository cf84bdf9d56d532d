import type { Clock } from '@hearken/core';

/** Lets one loop sleep until something happened. A wake that comes before the sleep ends it at once. */
export class Wakeup {
  readonly #clock: Clock;
  #woken = false;
  #end: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  wake(): void {
    if (this.#end === undefined) this.#woken = true;
    else this.#end();
  }

  /** Resolves when woken, or after `timeoutMs`. One sleeper at a time. */
  sleep(timeoutMs: number): Promise<void> {
    if (this.#woken) {
      this.#woken = false;
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      const end = (): void => {
        timer.clear();
        this.#end = undefined;
        resolve();
      };
      const timer = this.#clock.setTimer(end, timeoutMs);
      this.#end = end;
    });
  }
}
