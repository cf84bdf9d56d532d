import type { ContainerCounters } from '../container-metrics.js';
import type { Delivery } from './delivery.js';
import { allDetached, detached, memoryOf } from './detached-record.js';
import { bytesOf } from './lane.js';
import type { Lanes } from './lanes.js';
import type { Work } from './work.js';

export interface PinnedMemoryInit {
  readonly lanes: Lanes<Delivery, Work>;
  readonly bufferBytes: number;
  readonly counters: ContainerCounters;
}

/** What the records are of that are views on some memory. */
interface Views {
  /** Bytes of them. */
  size: number;
  /** Those that wait. */
  readonly queued: Delivery[];
  /** One of them runs, or a back-off holds it: its listener has the record, so nobody can move it. */
  isFixed: boolean;
}

/**
 * Keeps the memory that records are views on from growing far beyond the records. One small record that stays, as its key
 * waits for another, keeps the whole answer that it was fetched with; many such answers would be kept for a few records each.
 *
 * Nothing is counted for a record. When half of `bufferBytes` more have come, all that lanes hold is looked at once, as a
 * garbage collector would: where more than half of `bufferBytes` is kept for nothing, records that wait are copied out of
 * memory that is less than half theirs. Records that run cannot be, so while what they keep is still too much others start as
 * copies. What is kept beside the records themselves is bounded by a few times `bufferBytes`, whatever listeners do, and a
 * container whose records end about as they came copies nothing.
 */
export class PinnedMemory {
  readonly #init: PinnedMemoryInit;
  #since = 0;

  constructor(init: PinnedMemoryInit) {
    this.#init = init;
  }

  /** Records came that are the first views on so many bytes of memory. */
  came(bytes: number): void {
    this.#since += bytes;
    if (2 * this.#since < this.#init.bufferBytes) return;
    this.#since = 0;
    this.#look();
  }

  #look(): void {
    const { lanes } = this.#init;
    const pinned = this.#pinned();
    if (this.#isWasteful(pinned)) this.#moveOut(pinned);
    this.#freeKeys(pinned);
    lanes.onShift = this.#isWasteful(pinned) ? this.#copyOut : undefined;
  }

  #pinned(): Map<ArrayBufferLike, Views> {
    const pinned = new Map<ArrayBufferLike, Views>();
    for (const lane of this.#init.lanes) {
      const isLead = this.#init.lanes.leadOf(lane) === lane;
      if (isLead) for (const delivery of lane.current?.deliveries ?? []) add(pinned, delivery, 'fixed');
      for (let item = lane.first; item !== undefined; item = item.next) add(pinned, item, 'queued');
    }
    return pinned;
  }

  #isWasteful(pinned: ReadonlyMap<ArrayBufferLike, Views>): boolean {
    let wasted = 0;
    for (const [memory, { size }] of pinned) wasted += Math.max(0, memory.byteLength - size);
    return 2 * wasted > this.#init.bufferBytes;
  }

  #moveOut(pinned: Map<ArrayBufferLike, Views>): void {
    for (const [memory, { size, queued, isFixed }] of [...pinned]) {
      if (isFixed || 2 * size >= memory.byteLength) continue;
      pinned.delete(memory);
      const moved = allDetached(queued.map(({ record }) => record));
      for (const [i, delivery] of queued.entries()) {
        delivery.moveTo(moved[i] ?? delivery.record);
        add(pinned, delivery, 'queued');
      }
      this.#init.counters.copiedOut += queued.length;
    }
  }

  /** A lane's key is a view too: perhaps on what the records are of that ended. */
  #freeKeys(pinned: ReadonlyMap<ArrayBufferLike, Views>): void {
    for (const lane of this.#init.lanes) {
      const { key } = lane;
      if (key === null || pinned.has(key.buffer) || key.buffer.byteLength === key.length) continue;
      lane.key = Buffer.allocUnsafeSlow(key.length);
      key.copy(lane.key);
    }
  }

  readonly #copyOut = (delivery: Delivery): void => {
    const copy = detached(delivery.record);
    if (copy === delivery.record) return;
    delivery.moveTo(copy);
    this.#init.counters.copiedOut++;
  };
}

function add(pinned: Map<ArrayBufferLike, Views>, delivery: Delivery, how: 'fixed' | 'queued'): void {
  const { record } = delivery;
  const memory = memoryOf(record);
  if (memory === undefined) {
    if (how === 'queued') delivery.moveTo(detached(record)); // its headers may be views on anything
    return;
  }
  let views = pinned.get(memory);
  if (views === undefined) pinned.set(memory, (views = { size: 0, queued: [], isFixed: false }));
  views.size += bytesOf(record);
  if (how === 'queued') views.queued.push(delivery);
  else views.isFixed = true;
}
