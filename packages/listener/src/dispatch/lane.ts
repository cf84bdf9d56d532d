import type { Bytes } from '@hearken/core';
import { LaneTable } from './lane-table.js';

/** What stands in a lane: a link of its list. */
export interface LaneItem<Item> {
  readonly record: { readonly key: Bytes };
  next: Item | undefined;
}

/** Records that run one after the other. Its fields are those of `Lanes` and its table, but for `partition` and `current`. */
export class Lane<Item extends LaneItem<Item>> {
  readonly partition: PartitionLanes<Item>;
  /** Of the record that runs, or of the first: it must not keep the bytes of records long gone. Null without key order. */
  key: Bytes;
  readonly hash: number;
  /** In its bucket of the table. */
  nextInBucket: Lane<Item> | undefined = undefined;
  /**
   * - `ready`: has a record to run and stands in the ready list, or in its partition's while that is paused.
   * - `busy`: `next` handed it out. Leads to ready, waiting, gone.
   * - `waiting`: between two attempts, or for a commit. Leads to ready, gone.
   * - `gone`: nothing of it is left; the next record of its key makes a new lane.
   */
  state: 'ready' | 'busy' | 'waiting' | 'gone' = 'gone';
  /** What runs, or is to be tried again. Not counted as queued. */
  current: Item | undefined = undefined;
  first: Item | undefined = undefined;
  last: Item | undefined = undefined;
  nextReady: Lane<Item> | undefined = undefined;

  constructor(partition: PartitionLanes<Item>, key: Bytes, hash: number) {
    this.partition = partition;
    this.key = key;
    this.hash = hash;
  }
}

/** The lanes of one partition. They outlive an ownership of it: a lane whose record still runs stays closed. */
export class PartitionLanes<Item extends LaneItem<Item>> {
  /** Those that hold records. */
  readonly table = new LaneTable<Item>();
  /** Records that wait in lanes. */
  queued = 0;
  paused = false;
  /** Ready lanes that came up while the partition was paused, in their order. */
  held: Lane<Item>[] = [];
}
