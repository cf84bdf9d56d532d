/** A record as both clients take it. */
export interface Payload {
  readonly key: Buffer;
  readonly value: Buffer;
}

/** A 16-byte key. */
export const keyOf = (number: number): Buffer => Buffer.from(`key-${String(number).padStart(12, '0')}`, 'latin1');

/** Keys drawn uniformly from `keys`, the same in every run. */
export function* payloads(count: number, keys: number, size: number): Generator<Payload> {
  const next = uniform(0x5eed);
  const value = Buffer.alloc(size, 'x');
  for (let i = 0; i < count; i++) yield { key: keyOf(Math.floor(next() * keys)), value };
}

/** From 0 to 1. Mulberry32: small, seeded, uniform enough for keys and waits. */
export function uniform(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The same things over and over: a producer's turn must not pay for making them. */
export class Carousel<T> {
  readonly #items: readonly T[];
  #at = 0;

  constructor(items: Iterable<T>) {
    this.#items = [...items];
  }

  next(): T {
    const item = this.#items[this.#at] as T;
    this.#at = (this.#at + 1) % this.#items.length;
    return item;
  }
}
