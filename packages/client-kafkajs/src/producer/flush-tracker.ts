import { deferred, type Deferred } from '@hearken/core/internal';

/** Records accepted between two flushes, and how many of them are not settled yet. */
export interface SendGroup {
  unsettled: number;
}

/** Knows when every record accepted before a moment is settled, at the price of a number per record. */
export class FlushTracker {
  #open: SendGroup = { unsettled: 0 };
  /** Oldest first. A flush waits for the groups before its own too. */
  readonly #closed: { readonly group: SendGroup; readonly done: Deferred<void> }[] = [];

  /** A flush is waiting. */
  get isFlushing(): boolean {
    return this.#closed.length > 0;
  }

  /** Counts a record in; give the group back to {@link leave} when the record is settled. */
  enter(): SendGroup {
    this.#open.unsettled++;
    return this.#open;
  }

  leave(group: SendGroup): void {
    if (--group.unsettled === 0 && group !== this.#open) this.#resolveFinished();
  }

  /** Resolves when every record that entered before this call has left. */
  async flush(): Promise<void> {
    const closing = { group: this.#open, done: deferred() };
    this.#closed.push(closing);
    this.#open = { unsettled: 0 };
    this.#resolveFinished();
    await closing.done.promise; // a turn later than the records' own promises: who awaits those goes on first
  }

  #resolveFinished(): void {
    while (this.#closed[0]?.group.unsettled === 0) this.#closed.shift()?.done.resolve();
  }
}
