/** Below this the front is not worth closing up. */
const FEW = 32;

/**
 * An array that grows at its end and shrinks at its front, both in constant time: what is taken off the front stays as a
 * gap, closed up once it is half of the array. Positions count from what is now the first.
 */
export class SlidingArray<T> {
  #items: (T | undefined)[] = [];
  #gap = 0;

  get length(): number {
    return this.#items.length - this.#gap;
  }

  get first(): T | undefined {
    return this.#items[this.#gap];
  }

  get last(): T | undefined {
    return this.at(this.length - 1);
  }

  at(index: number): T | undefined {
    return index < 0 ? undefined : this.#items[this.#gap + index];
  }

  push(item: T): void {
    this.#items.push(item);
  }

  dropFirst(count: number): void {
    const gap = this.#gap + Math.min(count, this.length);
    this.#items.fill(undefined, this.#gap, gap);
    this.#gap = gap;
    if (gap < FEW || gap * 2 < this.#items.length) return;
    this.#items = this.#items.slice(gap);
    this.#gap = 0;
  }

  /** Keeps the first `length`. */
  truncate(length: number): void {
    this.#items.length = Math.min(this.#items.length, this.#gap + length);
  }

  /** How many of the first are `before`: true of some at the start and of none behind them, found by halving. */
  countWhile(before: (item: T) => boolean): number {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (before(this.at(middle) as T)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** From one position to before another, as an array. */
  slice(from: number, to: number): T[] {
    return this.#items.slice(this.#gap + from, this.#gap + Math.max(from, to)) as T[];
  }

  *[Symbol.iterator](): Generator<T> {
    for (let index = 0; index < this.length; index++) yield this.at(index) as T;
  }
}
