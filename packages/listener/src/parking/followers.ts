import type { ConsumerRecord } from '@hearken/core';

/** Records of one key that follow a parked one, and are parked together, in their order. */
export class Followers<Item extends { readonly record: ConsumerRecord } = { readonly record: ConsumerRecord }> {
  readonly #items: readonly Item[];
  #count = 0;

  constructor(items: readonly Item[]) {
    this.#items = items;
  }

  get size(): number {
    return this.#items.length;
  }

  get parked(): readonly Item[] {
    return this.#items.slice(0, this.#count);
  }

  get left(): readonly Item[] {
    return this.#items.slice(this.#count);
  }

  /** So many of what was left are parked. */
  landed(count: number): void {
    this.#count += count;
  }
}

export const isFollowers = (value: unknown): value is Followers => value instanceof Followers;
