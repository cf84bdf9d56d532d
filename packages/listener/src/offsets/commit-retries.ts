import type { Clock, Timer } from '@hearken/core';
import { ExponentialBackOff } from '../failure/back-off.js';
import type { Ownership } from './ownership.js';

const BACK_OFF = new ExponentialBackOff({
  initialIntervalMs: 500,
  maxIntervalMs: 30_000,
  maxRetries: Number.MAX_SAFE_INTEGER,
});

/** Partitions whose commit was refused, and when they may be tried again: later and later, each by itself. */
export class CommitRetries {
  readonly #clock: Clock;
  /** How often in a row a partition was refused. */
  readonly #failures = new WeakMap<Ownership, number>();
  readonly #waiting = new Set<Ownership>();
  readonly #timers = new Set<Timer>();
  #closed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  isWaiting(ownership: Ownership): boolean {
    return this.#waiting.has(ownership);
  }

  /**
   * They go together again, as late as the one that failed most often.
   * @param onDue called then, unless this is closed by then; must not throw
   * @returns in how many milliseconds
   */
  postpone(refused: readonly Ownership[], onDue: () => void): number {
    const failures = 1 + Math.max(...refused.map((ownership) => this.#failures.get(ownership) ?? 0));
    const delayMs = BACK_OFF.delayMs(failures) ?? 0;
    for (const ownership of refused) {
      this.#failures.set(ownership, failures);
      this.#waiting.add(ownership);
    }
    if (this.#closed) return delayMs;
    const timer = this.#clock.setTimer(() => {
      this.#timers.delete(timer);
      for (const ownership of refused) this.#waiting.delete(ownership);
      onDue();
    }, delayMs);
    this.#timers.add(timer);
    return delayMs;
  }

  written(ownership: Ownership): void {
    this.#failures.delete(ownership);
    this.#waiting.delete(ownership);
  }

  close(): void {
    this.#closed = true;
    for (const timer of this.#timers) timer.clear();
  }
}
