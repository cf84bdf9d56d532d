import type { Clock, Timer } from '@hearken/core';
import { deferred } from '@hearken/core/internal';

/** How long something may still go on. It can be cut short while it is waited for, and never drawn out. */
export class GracePeriod {
  readonly #clock: Clock;
  #endsAt: number;
  /** Who waits looks again at how long there is: the period was cut short. */
  readonly #onShortened = new Set<() => void>();

  constructor(clock: Clock, durationMs: number) {
    this.#clock = clock;
    this.#endsAt = clock.monotonic() + durationMs;
  }

  /** Until it is over, and `farewellMs` after it; 0 when that has come. */
  remainingMs(farewellMs = 0): number {
    return Math.max(0, this.#endsAt + farewellMs - this.#clock.monotonic());
  }

  /** It is over `durationMs` from now, if not before. */
  shortenTo(durationMs: number): void {
    this.#endsAt = Math.min(this.#endsAt, this.#clock.monotonic() + durationMs);
    for (const lookAgain of this.#onShortened) lookAgain();
  }

  /** Whether the promise settles before the period is over, and `farewellMs` after it. Rejects as it does if that comes first. */
  async covers(promise: Promise<unknown>, farewellMs = 0): Promise<boolean> {
    const over = deferred<boolean>();
    const arm = (): Timer => this.#clock.setTimer(() => over.resolve(false), this.remainingMs(farewellMs));
    let timer = arm();
    const lookAgain = (): void => {
      timer.clear();
      timer = arm();
    };
    this.#onShortened.add(lookAgain);
    try {
      return await Promise.race([promise.then(() => true), over.promise]);
    } finally {
      this.#onShortened.delete(lookAgain);
      timer.clear();
    }
  }
}
