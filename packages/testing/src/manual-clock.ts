import type { Clock, Timer } from '@hearken/core';

interface ManualTimer {
  readonly dueAt: number;
  readonly callback: () => void;
}

/** A clock that stands still until told. Timers run inside `advance`, in the order they are due. */
export class ManualClock implements Clock {
  readonly #startedAt: number;
  /** In the order they were set, so that equal due times run in that order. */
  readonly #timers = new Set<ManualTimer>();
  readonly #waiters: { readonly count: number; readonly resolve: () => void }[] = [];
  #elapsedMs = 0;

  /** @param startedAt what `now()` says before the first `advance`, in milliseconds since 1970 */
  constructor(startedAt: number = Date.UTC(2026, 0, 1)) {
    this.#startedAt = startedAt;
  }

  now(): number {
    return this.#startedAt + this.#elapsedMs;
  }

  monotonic(): number {
    return this.#elapsedMs;
  }

  setTimer(callback: () => void, delayMs: number): Timer {
    const timer = { dueAt: this.#elapsedMs + Math.max(0, delayMs), callback };
    this.#timers.add(timer);
    this.#tellWaiters();
    return { clear: () => void this.#timers.delete(timer) };
  }

  /** How many timers are set and neither ran nor were cleared. */
  get pendingTimers(): number {
    return this.#timers.size;
  }

  /** Milliseconds until the next timer is due; undefined if there is none. */
  get nextDueInMs(): number | undefined {
    const next = this.#next();
    return next === undefined ? undefined : next.dueAt - this.#elapsedMs;
  }

  /** Resolves once at least `count` timers are pending: for code that sets its timer after a promise or two. */
  timersPending(count: number): Promise<void> {
    if (this.#timers.size >= count) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push({ count, resolve }));
  }

  /**
   * Moves time on and runs what is due on the way, also timers that those callbacks set. Returns when the callbacks
   * returned: what they resolved runs later, as with a real clock.
   */
  advance(ms: number): void {
    const until = this.#elapsedMs + ms;
    for (let timer = this.#next(); timer !== undefined && timer.dueAt <= until; timer = this.#next()) {
      this.#timers.delete(timer);
      this.#elapsedMs = Math.max(this.#elapsedMs, timer.dueAt);
      timer.callback();
    }
    this.#elapsedMs = until;
  }

  #next(): ManualTimer | undefined {
    let next: ManualTimer | undefined;
    for (const timer of this.#timers) if (next === undefined || timer.dueAt < next.dueAt) next = timer;
    return next;
  }

  #tellWaiters(): void {
    for (const waiter of this.#waiters.filter(({ count }) => count <= this.#timers.size)) {
      this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
      waiter.resolve();
    }
  }
}
