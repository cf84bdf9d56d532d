interface Waiter<T> {
  readonly isMet: (items: readonly T[]) => boolean;
  readonly resolve: (items: readonly T[]) => void;
}

/**
 * Keeps what it is given, in order, and lets a test wait for it:
 * `const received = new Recorder<ConsumerRecord>(); … listener: received.record … await received.received(3)`.
 */
export class Recorder<T> {
  readonly #items: T[] = [];
  #waiters: Waiter<T>[] = [];

  get items(): readonly T[] {
    return this.#items;
  }

  get count(): number {
    return this.#items.length;
  }

  get last(): T | undefined {
    return this.#items.at(-1);
  }

  /** Bound, so that it can be handed out as a listener. */
  readonly record = (item: T): void => {
    this.#items.push(item);
    if (this.#waiters.length === 0) return;
    const met = this.#waiters.filter(({ isMet }) => isMet(this.#items));
    this.#waiters = this.#waiters.filter((waiter) => !met.includes(waiter));
    for (const { resolve } of met) resolve(this.#items);
  };

  /** Resolves with all items once there are at least `count`. */
  received(count: number): Promise<readonly T[]> {
    return this.#until((items) => items.length >= count);
  }

  /** Resolves with the first item, past or future, that matches. */
  async first(matches: (item: T) => boolean): Promise<T> {
    const items = await this.#until((all) => all.some(matches));
    return items.find(matches) as T;
  }

  /** Resolves with the item after those there are now. */
  async next(): Promise<T> {
    const index = this.count;
    return (await this.received(index + 1))[index] as T;
  }

  #until(isMet: Waiter<T>['isMet']): Promise<readonly T[]> {
    if (isMet(this.#items)) return Promise.resolve(this.#items);
    return new Promise((resolve) => this.#waiters.push({ isMet, resolve }));
  }
}
