import { deferred } from '@hearken/core/internal';

/** Something that happens once, and that a test can wait for. Also a gate: what awaits it goes on when it is fired. */
export class Signal<T = void> {
  readonly #deferred = deferred<T>();
  #fired = false;

  get fired(): boolean {
    return this.#fired;
  }

  /** Bound, so that it can be handed out as a callback. The first call counts. */
  readonly fire = (value: T): void => {
    this.#fired = true;
    this.#deferred.resolve(value);
  };

  /** Resolves when it was fired, with what it was fired with. The only deadline is the test's own. */
  wait(): Promise<T> {
    return this.#deferred.promise;
  }
}

/**
 * One turn of the event loop: promises that were ready have been handled, and so has what those made ready. For showing
 * that something does *not* happen; for what does happen, wait for the thing itself.
 */
export const eventLoopTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
