import type { Lane, LaneItem } from './lane.js';

/**
 * The ready lanes of one partition, the one with the oldest record first: what is committed can only follow the oldest
 * record, so with as many records a second fewer are held, and fewer come again after a crash, than where lanes take turns.
 *
 * Lanes come up in the order of their records, but for those that had their turn and have more to run. So there is a list,
 * whose links are the lanes, and a heap for what is older than the list's last.
 */
export class ReadyLanes<Item extends LaneItem<Item>, Work = Item> {
  #first: Lane<Item, Work> | undefined;
  #last: Lane<Item, Work> | undefined;
  readonly #older: Lane<Item, Work>[] = [];

  get isEmpty(): boolean {
    return this.#first === undefined && this.#older.length === 0;
  }

  /** Sequence of the oldest record; Infinity if there is none. */
  get oldest(): number {
    return Math.min(this.#first?.oldest ?? Infinity, this.#older[0]?.oldest ?? Infinity);
  }

  /** @param lane not in here; its `oldest` stays as it is until it is taken */
  add(lane: Lane<Item, Work>): void {
    if (this.#last === undefined) this.#first = lane;
    else if (lane.oldest > this.#last.oldest) this.#last.nextReady = lane;
    else {
      push(this.#older, lane);
      return;
    }
    this.#last = lane;
  }

  /** Takes out the lane with the oldest record. */
  shift(): Lane<Item, Work> | undefined {
    const older = this.#older.length > 0 ? this.#older[0] : undefined;
    const first = this.#first;
    if (older !== undefined && (first === undefined || older.oldest < first.oldest)) return pop(this.#older);
    if (first === undefined) return undefined;
    this.#first = first.nextReady;
    if (first.nextReady === undefined) this.#last = undefined;
    first.nextReady = undefined;
    return first;
  }

  /** Lets go of all of them. They are not used again. */
  clear(): void {
    this.#first = this.#last = undefined;
    this.#older.length = 0;
  }
}

interface Aged {
  readonly oldest: number;
}

/** Adds to a binary heap: none is older than its parent, at half its place. */
function push<T extends Aged>(heap: T[], added: T): void {
  let at = heap.length;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    const above = heap[parent];
    if (above === undefined || above.oldest <= added.oldest) break;
    heap[at] = above;
    at = parent;
  }
  heap[at] = added;
}

/** Takes out the oldest. */
function pop<T extends Aged>(heap: T[]): T | undefined {
  const oldest = heap[0];
  const moved = heap.pop();
  if (moved === undefined || heap.length === 0) return oldest;
  let at = 0;
  for (let child = olderChild(heap, at); child !== undefined; child = olderChild(heap, at)) {
    const below = heap[child];
    if (below === undefined || below.oldest >= moved.oldest) break;
    heap[at] = below;
    at = child;
  }
  heap[at] = moved;
  return oldest;
}

function olderChild(heap: readonly Aged[], at: number): number | undefined {
  const [left, right] = [heap[2 * at + 1], heap[2 * at + 2]];
  if (left === undefined) return undefined;
  return 2 * at + (right !== undefined && right.oldest < left.oldest ? 2 : 1);
}
