import { FetchedMemory } from './fetched-memory.js';
import type { SubscriptionState } from './subscription-state.js';

/**
 * Keeps what was fetched from being kept for little of it. A batch that is not polled is a view on an answer of up to
 * `fetchMaxBytes`, with batches of other partitions; where partitions are paused, or polled seldom, each may keep some. So
 * whenever `fetchMaxBytes` more have come, and more than half of that is kept for nothing, what is held of answers is copied out
 * where it is less than half of one. At most three times `fetchMaxBytes` are kept then, and a byte is copied only if as many
 * were fetched in vain.
 */
export class BufferedMemory {
  readonly #subscription: SubscriptionState;
  readonly #limitBytes: number;
  readonly #answers = new WeakMap<ArrayBufferLike, FetchedMemory>();
  #since = 0;

  constructor(subscription: SubscriptionState, limitBytes: number) {
    this.#subscription = subscription;
    this.#limitBytes = limitBytes;
  }

  /** What these bytes, a part of an answer, are a view on. */
  of({ buffer }: Buffer): FetchedMemory {
    const known = this.#answers.get(buffer);
    if (known !== undefined) return known;
    const memory = new FetchedMemory(buffer.byteLength);
    this.#answers.set(buffer, memory);
    this.#came(memory);
    return memory;
  }

  #came({ bytes }: FetchedMemory): void {
    this.#since += bytes;
    if (this.#since < this.#limitBytes) return;
    this.#since = 0;
    this.#look();
  }

  #look(): void {
    const held = new Map<FetchedMemory, number>();
    for (const { buffer } of this.#subscription.partitions) buffer?.addHeld(held);
    let wasted = 0;
    const sparse = new Set<FetchedMemory>();
    for (const [memory, bytes] of held) {
      wasted += memory.bytes - bytes;
      if (2 * bytes < memory.bytes) sparse.add(memory);
    }
    if (2 * wasted <= this.#limitBytes) return;
    for (const { buffer } of this.#subscription.partitions) buffer?.moveOut(sparse);
  }
}
