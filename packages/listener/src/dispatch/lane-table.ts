import type { Bytes } from '@hearken/core';
import type { Lane, LaneItem } from './lane.js';

const MIN_BUCKETS = 16;
/** For as many bytes a loop takes less time than a call of `equals`. */
const COMPARED_HERE = 64;
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

/**
 * Of all bytes, so that keys spread wherever they differ; four at a time, which takes half as long as one by one. Keys of one
 * length that differ in a single byte never share a hash.
 */
export function hashOf(key: Bytes): number {
  if (key === null) return 0;
  const { length } = key;
  let hash = SEED ^ length;
  let i = 0;
  for (const odd = length & 3; i < odd; i++) hash = mixed(hash ^ byteAt(key, i));
  for (; i < length; i += 4) hash = mixed(hash ^ fourBytesAt(key, i));
  return mixed(hash); // what the last byte changes is only now where buckets are chosen by
}

/** High bits come down too. No two numbers become the same one. */
function mixed(hash: number): number {
  const product = Math.imul(hash, 0x9e3779b1);
  return product ^ (product >>> 15);
}

/** What `readInt32LE` is, in half the time. */
const fourBytesAt = (key: Uint8Array, at: number): number =>
  byteAt(key, at) | (byteAt(key, at + 1) << 8) | (byteAt(key, at + 2) << 16) | (byteAt(key, at + 3) << 24);

const byteAt = (key: Uint8Array, at: number): number => key[at] ?? 0;

function areEqual(a: Bytes, b: Bytes): boolean {
  if (a === null || b === null) return a === b;
  if (a.length !== b.length) return false;
  if (a.length > COMPARED_HERE) return a.equals(b);
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
