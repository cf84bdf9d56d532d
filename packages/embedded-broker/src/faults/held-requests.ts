import type { Clock } from '@hearken/core';
import { deferred } from '@hearken/core/internal';

/** Why a request is held no longer: it goes on, or it is given up. */
export type HoldEnd = 'go-on' | 'give-up';

/** The requests that a rule holds. */
export class HeldRequests {
  readonly #clock: Clock;
  readonly #held = new Set<(end: HoldEnd) => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Holds a request for so long, or until {@link endAll}, whether its client waits or leaves. */
  async holdFor(delayMs: number): Promise<HoldEnd> {
    const { end, ended } = this.#begin();
    const timer = this.#clock.setTimer(() => end('go-on'), delayMs);
    return ended.finally(() => timer.clear());
  }

  /** Holds a request until {@link endAll}; given up when its client leaves. */
  async holdWhileThere(client: AbortSignal): Promise<HoldEnd> {
    if (client.aborted) return 'give-up';
    const { end, ended } = this.#begin();
    const leave = (): void => end('give-up');
    client.addEventListener('abort', leave);
    return ended.finally(() => client.removeEventListener('abort', leave));
  }

  endAll(end: HoldEnd): void {
    for (const endOne of this.#held) endOne(end);
  }

  #begin(): { readonly end: (end: HoldEnd) => void; readonly ended: Promise<HoldEnd> } {
    const { promise, resolve } = deferred<HoldEnd>();
    this.#held.add(resolve);
    return { end: resolve, ended: promise.finally(() => this.#held.delete(resolve)) };
  }
}
