/** Lanes that wait for an offset of one partition to be written. */
export class CommitWaiters {
  #waiters: { readonly offset: number; readonly wake: () => void }[] = [];

  add(offset: number, wake: () => void): void {
    this.#waiters.push({ offset, wake });
  }

  /** Wakes those that wait for this offset or less. */
  wakeUpTo(offset: number): void {
    const due = this.#waiters.filter((waiter) => waiter.offset <= offset);
    if (due.length === 0) return;
    this.#waiters = this.#waiters.filter((waiter) => waiter.offset > offset); // first: who wakes may wait again
    for (const { wake } of due) wake();
  }
}
