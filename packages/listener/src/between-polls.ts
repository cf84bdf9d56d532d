import { deferred } from '@hearken/core/internal';

/** What must not happen while a poll is outstanding, in the order it was asked for. */
export class BetweenPolls {
  readonly #actions: (() => void)[] = [];

  /** Resolves when it was done; rejects with what it throws. */
  add(action: () => void): Promise<void> {
    const { promise, resolve, reject } = deferred();
    this.#actions.push(() => {
      try {
        action();
        resolve();
      } catch (error) {
        reject(error);
      }
    });
    return promise;
  }

  /** To be called while no poll is outstanding. */
  run(): void {
    for (const action of this.#actions.splice(0)) action();
  }
}
