/** A value, and how often it came: at most `count` times, and at least `count - error` times. */
export interface Heavy<Value> {
  readonly value: Value;
  readonly count: number;
  readonly error: number;
}

type Counter<Value> = { -readonly [Name in keyof Heavy<Value>]: Heavy<Value>[Name] };

/**
 * The most frequent values of a stream, with a fixed number of counters (space-saving, by Metwally, Agrawal and El Abbadi,
 * 2005). A value without a counter takes over the one that counts least, and goes on from there, as it may have come that
 * often before. So of n values in k counters none is counted too low, or by more than n / k too high, and whatever came more
 * often than that has a counter.
 *
 * What is long ago fades: once n reaches `memory` everything is halved, n too, and the rest of what is said holds of that.
 */
export class SpaceSaving<Value> {
  readonly #capacity: number;
  readonly #memory: number;
  readonly #counters = new Map<string, Counter<Value>>();
  #total = 0;

  constructor(capacity: number, memory: number) {
    this.#capacity = capacity;
    this.#memory = memory;
  }

  /** How many came, without what has faded. */
  get total(): number {
    return this.#total;
  }

  /** @param value makes what is told of it; called only when it gets a counter */
  add(id: string, value: () => Value, times = 1): void {
    const counter = this.#counters.get(id);
    if (counter === undefined) this.#begin(id, value(), times);
    else counter.count += times;
    this.pass(times);
  }

  /** So many more came, of which none can be frequent. */
  pass(times: number): void {
    this.#total += times;
    if (this.#total >= this.#memory) this.#fade();
  }

  /** Those that came most often for sure, the most frequent first. */
  top(most: number): readonly Heavy<Value>[] {
    const heavy = Array.from(this.#counters.values(), (counter) => ({ ...counter }));
    return heavy.sort((a, b) => b.count - b.error - (a.count - a.error)).slice(0, most);
  }

  #begin(id: string, value: Value, times: number): void {
    const error = this.#counters.size < this.#capacity ? 0 : this.#takeLeast();
    this.#counters.set(id, { value, count: error + times, error });
  }

  /** Removes the counter that counts least. @returns its count */
  #takeLeast(): number {
    let least = Infinity;
    let of = '';
    for (const [id, { count }] of this.#counters) {
      if (count >= least) continue;
      least = count;
      of = id;
    }
    this.#counters.delete(of);
    return least;
  }

  #fade(): void {
    this.#total /= 2;
    for (const counter of this.#counters.values()) {
      counter.count /= 2;
      counter.error /= 2;
    }
  }
}
