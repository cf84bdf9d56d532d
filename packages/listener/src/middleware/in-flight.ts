import { deferred } from '@hearken/core/internal';

/** Ids whose records are being processed: one holder of an id at a time. */
export class InFlight {
  readonly #released = new Map<string, Promise<void>>();

  /**
   * Waits until nobody holds any of the ids, and then holds all of them: who waits holds nothing, so that two batches with the
   * same ids cannot wait for each other.
   * @returns what gives them back
   */
  async hold(ids: readonly string[]): Promise<() => void> {
    for (let held = this.#heldOf(ids); held !== undefined; held = this.#heldOf(ids)) await held;
    const { promise, resolve } = deferred();
    for (const id of ids) this.#released.set(id, promise);
    return () => {
      for (const id of ids) this.#released.delete(id);
      resolve();
    };
  }

  #heldOf(ids: readonly string[]): Promise<void> | undefined {
    for (const id of ids) {
      const released = this.#released.get(id);
      if (released !== undefined) return released;
    }
    return undefined;
  }
}
