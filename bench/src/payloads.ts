import { zipf } from './parallel/zipf.js';
import { uniform } from './random.js';

/** A record as both clients take it. */
export interface Payload {
  readonly key: Buffer;
  readonly value: Buffer;
}

const DIGITS = 12;
const PREFIX = 'key-';
const ZERO = 48;

/** A 16-byte key. */
export const keyOf = (number: number): Buffer => Buffer.from(PREFIX + String(number).padStart(DIGITS, '0'), 'latin1');

/** What {@link keyOf} was given; NaN for what is no such key. */
export function keyNumber(key: Buffer | null): number {
  if (key?.length !== PREFIX.length + DIGITS) return NaN;
  let number = 0;
  for (let at = PREFIX.length; at < key.length; at++) number = number * 10 + ((key[at] ?? NaN) - ZERO);
  return number;
}

/**
 * Keys drawn from `keys`, the same in every run.
 * @param skew of the keys, as {@link zipf} has it. @default 0: uniformly
 */
export function* payloads(count: number, keys: number, size: number, skew = 0): Generator<Payload> {
  const next = keyNumbers(keys, skew);
  const value = Buffer.alloc(size, 'x');
  for (let i = 0; i < count; i++) yield { key: keyOf(next()), value };
}

/** The numbers of those keys, one after the other. */
export function keyNumbers(keys: number, skew: number): () => number {
  const random = uniform(0x5eed);
  return skew === 0 ? () => Math.floor(random() * keys) : zipf(keys, skew, random);
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
