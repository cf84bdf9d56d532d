import type { Bytes } from '@hearken/core';
import type { Lane, LaneItem } from './lane.js';

const MIN_BUCKETS = 16;
/** Of a longer key only the ends are hashed, as much as this together. */
const HASHED_BYTES = 64;
/** Nobody outside can choose keys that fall into one bucket. */
const SEED = Math.floor(Math.random() * 2 ** 32);

/**
 * Lanes by the bytes of their keys. A `Map` needs a string for each record and leaves garbage with each lane that comes and
 * goes; with keys that seldom repeat both were a third of what a record costs. Here lanes are the links of their own buckets.
 */
export class LaneTable<Item extends LaneItem<Item>, Work = Item> implements Iterable<Lane<Item, Work>> {
  /** A power of two of them, at least as many as lanes. */
  #buckets = emptyBuckets<Item, Work>(MIN_BUCKETS);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  *[Symbol.iterator](): IterableIterator<Lane<Item, Work>> {
    for (const first of this.#buckets) {
      for (let lane = first, next; lane !== undefined; lane = next) {
        next = lane.nextInBucket; // whoever looks at it may remove it
        yield lane;
      }
    }
  }

  /** @param hash `hashOf(key)` */
  find(key: Bytes, hash: number): Lane<Item, Work> | undefined {
    let lane = this.#buckets[hash & (this.#buckets.length - 1)];
    while (lane !== undefined && !(lane.hash === hash && areEqual(lane.key, key))) lane = lane.nextInBucket;
    return lane;
  }

  /** Adds a lane that `find` does not find. */
  add(lane: Lane<Item, Work>): void {
    if (this.#size++ === this.#buckets.length) this.#resize(this.#buckets.length * 2);
    this.#link(lane);
  }

  remove(lane: Lane<Item, Work>): void {
    const bucket = lane.hash & (this.#buckets.length - 1);
    let before: Lane<Item, Work> | undefined;
    let at = this.#buckets[bucket];
    for (; at !== undefined && at !== lane; at = at.nextInBucket) before = at;
    if (at === undefined) return;
    if (before === undefined) this.#buckets[bucket] = lane.nextInBucket;
    else before.nextInBucket = lane.nextInBucket;
    lane.nextInBucket = undefined;
    this.#size--;
  }

  #link(lane: Lane<Item, Work>): void {
    const bucket = lane.hash & (this.#buckets.length - 1);
    lane.nextInBucket = this.#buckets[bucket];
    this.#buckets[bucket] = lane;
  }

  #resize(count: number): void {
    const lanes = [...this];
    this.#buckets = emptyBuckets(count);
    for (const lane of lanes) this.#link(lane);
  }
}

const emptyBuckets = <Item extends LaneItem<Item>, Work>(count: number): (Lane<Item, Work> | undefined)[] =>
  new Array<Lane<Item, Work> | undefined>(count).fill(undefined);

/** FNV-1a, and its high bits brought down to where buckets are chosen by. */
export function hashOf(key: Bytes): number {
  if (key === null) return 0;
  const { length } = key;
  const skipFrom = length > HASHED_BYTES ? HASHED_BYTES / 2 : length;
  let hash = SEED ^ length;
  for (let i = 0; i < length; i++) {
    if (i === skipFrom) i = length - HASHED_BYTES / 2;
    hash = Math.imul(hash ^ (key[i] ?? 0), 0x01000193);
  }
  return hash ^ (hash >>> 15);
}

/** A short key is compared here in less time than a call of `equals` takes. */
function areEqual(a: Bytes, b: Bytes): boolean {
  if (a === null || b === null) return a === b;
  if (a.length !== b.length) return false;
  if (a.length > HASHED_BYTES) return a.equals(b);
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
