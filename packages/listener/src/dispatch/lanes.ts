import type { Bytes, TopicPartition } from '@hearken/core';
import { topicPartitionKey } from '@hearken/core/internal';
import { hashOf } from './lane-table.js';
import { Lane, PartitionLanes, type LaneItem } from './lane.js';

/**
 * Which records must wait for each other: those of a partition, those of a partition with the same key (byte for byte;
 * records without a key count as one key), or none.
 */
export type Ordering = 'partition' | 'key' | 'none';

/**
 * What must wait for what, and whose turn it is: first in, first out among lanes that are ready. Pure memory: it starts
 * nothing and keeps no time. Lists are links in the items and lanes themselves, so a record costs no allocation here and no
 * list ever has to be moved.
 */
export class Lanes<Item extends LaneItem<Item>> {
  readonly #ordering: Ordering;
  readonly #partitions = new Map<string, PartitionLanes<Item>>();
  #firstReady: Lane<Item> | undefined;
  #lastReady: Lane<Item> | undefined;
  #queued = 0;
  /** Without an order nothing looks for a lane: any number spreads them. */
  #lanesMade = 0;

  constructor(ordering: Ordering) {
    this.#ordering = ordering;
  }

  /** Records that wait, over all partitions. */
  get queued(): number {
    return this.#queued;
  }

  /** Whether a lane may be ready; `next` says it for sure. */
  get mayBeReady(): boolean {
    return this.#firstReady !== undefined;
  }

  /** The partition's lanes, the same objects each time. */
  of(partition: TopicPartition): PartitionLanes<Item> {
    const key = topicPartitionKey(partition);
    const known = this.#partitions.get(key);
    if (known !== undefined) return known;
    const made = new PartitionLanes<Item>();
    this.#partitions.set(key, made);
    return made;
  }

  /** Puts a record at the end of its lane. */
  add(partition: PartitionLanes<Item>, item: Item): void {
    const lane = this.#laneOf(partition, item);
    if (lane.last === undefined) lane.first = item;
    else lane.last.next = item;
    lane.last = item;
    partition.queued++;
    this.#queued++;
    if (lane.state === 'gone') this.#makeReady(lane);
  }

  /** Hands out the lane whose turn it is; it is busy until `release`, `postpone` or `hold`. */
  next(): Lane<Item> | undefined {
    for (let lane = this.#shiftReady(); lane !== undefined; lane = this.#shiftReady()) {
      if (lane.state !== 'ready') continue; // cleared while it stood in the list
      if (!lane.partition.paused) {
        lane.state = 'busy';
        return lane;
      }
      lane.partition.held.push(lane);
    }
    return undefined;
  }

  /** The record of a busy lane to run now: the one to be tried again, else its next; undefined if it was cleared. */
  take(lane: Lane<Item>): Item | undefined {
    if (lane.current !== undefined) return lane.current;
    const item = lane.first;
    if (item === undefined) return undefined;
    lane.first = item.next;
    if (item.next === undefined) lane.last = undefined;
    item.next = undefined; // whoever keeps the record must not keep those behind it
    lane.current = item;
    if (lane.key !== null) lane.key = item.record.key; // the same bytes, and not those of a fetch long ago
    lane.partition.queued--;
    this.#queued--;
    return item;
  }

  /** The lane's current record is over: the lane goes to the end of the ready list, or is gone if nothing is left. */
  release(lane: Lane<Item>): void {
    lane.current = undefined;
    this.#leave(lane);
  }

  /** Closes the lane until `wake`; this is what runs first then: its current record, once more. */
  postpone(lane: Lane<Item>, again: Item): void {
    lane.current = again;
    lane.state = 'waiting';
  }

  /** The lane's current record is over, but the lane stays closed until `wake`. */
  hold(lane: Lane<Item>): void {
    lane.current = undefined;
    lane.state = 'waiting';
  }

  /** Ends a wait; a lane that was cleared meanwhile stays gone. */
  wake(lane: Lane<Item>): void {
    if (lane.state === 'waiting') this.#leave(lane);
  }

  /** Forgets what waits in the partition's lanes. Lanes that run stay closed until they are released. */
  clear(partition: PartitionLanes<Item>): void {
    this.#queued -= partition.queued;
    partition.queued = 0;
    partition.held = [];
    for (const lane of partition.table) {
      lane.first = lane.last = undefined;
      if (lane.state === 'busy') continue;
      lane.current = undefined;
      this.#forget(lane);
    }
  }

  pause(partition: PartitionLanes<Item>): void {
    partition.paused = true;
  }

  /** Those that were held go first: they were there before the lanes of their partition that are in the list. */
  resume(partition: PartitionLanes<Item>): void {
    partition.paused = false;
    const held = partition.held;
    partition.held = [];
    for (const lane of held.reverse()) this.#makeFirst(lane);
  }

  #laneOf(partition: PartitionLanes<Item>, item: Item): Lane<Item> {
    if (this.#ordering === 'none') return newLane(partition, null, this.#lanesMade++);
    const key = this.#ordering === 'key' ? item.record.key : null;
    const hash = hashOf(key);
    return partition.table.find(key, hash) ?? newLane(partition, key, hash);
  }

  #leave(lane: Lane<Item>): void {
    if (lane.current !== undefined || lane.first !== undefined) this.#makeReady(lane);
    else this.#forget(lane);
  }

  #forget(lane: Lane<Item>): void {
    lane.state = 'gone';
    lane.partition.table.remove(lane);
  }

  #makeReady(lane: Lane<Item>): void {
    lane.state = 'ready';
    if (this.#lastReady === undefined) this.#firstReady = lane;
    else this.#lastReady.nextReady = lane;
    this.#lastReady = lane;
  }

  #makeFirst(lane: Lane<Item>): void {
    lane.nextReady = this.#firstReady;
    this.#firstReady = lane;
    this.#lastReady ??= lane;
  }

  #shiftReady(): Lane<Item> | undefined {
    const lane = this.#firstReady;
    if (lane === undefined) return undefined;
    this.#firstReady = lane.nextReady;
    if (lane.nextReady === undefined) this.#lastReady = undefined;
    lane.nextReady = undefined;
    return lane;
  }
}

function newLane<Item extends LaneItem<Item>>(partition: PartitionLanes<Item>, key: Bytes, hash: number): Lane<Item> {
  const lane = new Lane(partition, key, hash);
  partition.table.add(lane);
  return lane;
}
