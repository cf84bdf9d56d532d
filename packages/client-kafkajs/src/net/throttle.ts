import type { Clock, Timer } from '@hearken/core';
import { deferred, type Deferred } from '@hearken/core/internal';

/**
 * How long a broker reads nothing from a connection whose client is over its quota. It answers at once and says in the
 * answer how long (KIP-219, Kafka 2.0): what is sent meanwhile only lies there.
 */
export class Throttle {
  readonly #clock: Clock;
  /** On the monotonic clock. */
  #until = -Infinity;
  #waiting: { readonly over: Deferred<void>; readonly timer: Timer } | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @returns by how many milliseconds this is later than what was known */
  begin(throttleTimeMs: number): number {
    const now = this.#clock.monotonic();
    const before = Math.max(this.#until, now);
    this.#until = Math.max(this.#until, now + throttleTimeMs);
    return this.#until - before;
  }

  /** Resolves when it is over, or longer than that; undefined if it is. There is a timer only while somebody waits. */
  wait(): Promise<void> | undefined {
    if (this.#waiting !== undefined) return this.#waiting.over.promise;
    const remainingMs = this.#until - this.#clock.monotonic();
    if (remainingMs <= 0) return undefined;
    const timer = this.#clock.setTimer(() => this.#end(), Math.ceil(remainingMs));
    this.#waiting = { over: deferred(), timer };
    return this.#waiting.over.promise;
  }

  /** Lets go who waits: the connection is gone. */
  abandon(): void {
    this.#waiting?.timer.clear();
    this.#end();
  }

  #end(): void {
    this.#waiting?.over.resolve();
    this.#waiting = undefined;
  }
}
