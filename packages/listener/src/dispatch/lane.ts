import type { Bytes } from '@hearken/core';
import { LaneTable } from './lane-table.js';
import { ReadyLanes } from './ready-lanes.js';

/** What stands in a lane: a link of its list. */
export interface LaneItem<Item> {
  /** Its place among the records of its partition. */
  readonly sequence: number;
  readonly record: Sized;
  next: Item | undefined;
}

interface Sized {
  readonly key: Bytes;
  readonly value: Bytes;
  readonly sizeInBytes?: number;
}

/** What a record takes in bytes; its key and value, if it does not say: to look at headers would parse them. */
export const bytesOf = (record: Sized): number => record.sizeInBytes ?? contentOf(record);

/** What a record takes beside its bytes that waits for its next attempt: its copy, its lane, a timer. Measured; about. */
const KEPT_RECORD_BYTES = 1024;

/** What records take that neither wait for their turn nor run. */
export function keptBytesOf(items: Iterable<{ readonly record: Sized }>): number {
  let bytes = 0;
  for (const { record } of items) bytes += bytesOf(record) + KEPT_RECORD_BYTES;
  return bytes;
}

const contentOf = ({ key, value }: Sized): number =>
  (key === null ? 0 : key.length) + (value === null ? 0 : value.length);

/**
 * Records that run one after the other. Its fields are those of `Lanes` and its table, but for `partition` and `current`.
 * @typeParam Work what of it runs at once: one of its records, or a batch of them
 */
export class Lane<Item extends LaneItem<Item>, Work = Item> {
  readonly partition: PartitionLanes<Item, Work>;
  /**
   * Of the record that runs, or of the first, or a copy: it must not keep the bytes of records long gone. Null where records
   * are not told apart by keys, or have none.
   */
  key: Bytes;
  readonly hash: number;
  /** In its bucket of the table. */
  nextInBucket: Lane<Item, Work> | undefined = undefined;
  /**
   * - `filling`: could start, and waits for more records to start with. Leads to ready, gone.
   * - `ready`: has a record to run and stands among the ready lanes of its partition. Leads to busy, barred, gone.
   * - `barred`: as ready, but a lane of another partition runs that it must not run beside. Leads to ready, gone.
   * - `busy`: `next` handed it out. Leads to ready, filling, waiting, joined, gone.
   * - `joined`: another lane runs records of this one with its own; see `JoinedLanes`. Leads to ready, filling, waiting, gone.
   * - `waiting`: between two attempts, or for a commit. Leads to ready, filling, gone.
   * - `gone`: nothing of it is left; the next record of its key makes a new lane.
   */
  state: 'filling' | 'ready' | 'barred' | 'busy' | 'joined' | 'waiting' | 'gone' = 'gone';
  /** What runs, or is to be tried again; of a lane that is joined, its lead's. Not counted as queued, but as kept unless it runs. */
  current: Work | undefined = undefined;
  first: Item | undefined = undefined;
  last: Item | undefined = undefined;
  /** Records from `first` to `last`. */
  queued = 0;
  /** Sequence of what runs, or of what is to run next. */
  oldest = 0;
  nextReady: Lane<Item, Work> | undefined = undefined;

  constructor(partition: PartitionLanes<Item, Work>, key: Bytes, hash: number) {
    this.partition = partition;
    this.key = key;
    this.hash = hash;
  }
}

/** The lanes of one partition. They outlive an ownership of it: a lane whose record still runs stays closed. */
export class PartitionLanes<Item extends LaneItem<Item>, Work = Item> {
  /** Those that hold records. */
  readonly table = new LaneTable<Item, Work>();
  /** The lane without an order that the next record joins, if there is still room in it. */
  open: Lane<Item, Work> | undefined = undefined;
  /** Records that wait in lanes. */
  queued = 0;
  /** Keys, values and headers of those. */
  queuedBytes = 0;
  /** What records of it take that are to be tried again, or are with a recoverer. */
  keptBytes = 0;
  /** How often they were cleared: what was kept before counts no more. */
  clearings = 0;
  paused = false;
  /** A lane of it that could have started was set aside. */
  isAside = false;
  /** Those that may start when it is the partition's turn, which it is not while it is held. */
  readonly ready = new ReadyLanes<Item, Work>();
  /** In the list of partitions that have such lanes. */
  isListed = false;
  nextListed: PartitionLanes<Item, Work> | undefined = undefined;
  /** No record joins them before they are cleared, so none waits for more. */
  isComplete = false;

  /** What all take that it has and that do not run. */
  get heldBytes(): number {
    return this.queuedBytes + this.keptBytes;
  }

  /** None of its lanes has its turn. */
  get isHeld(): boolean {
    return this.paused || this.isAside;
  }
}
