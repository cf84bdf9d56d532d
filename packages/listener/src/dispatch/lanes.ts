import type { Bytes, TopicPartition } from '@hearken/core';
import { keepLayoutOf, topicPartitionKey } from '@hearken/core/internal';
import { JoinedLanes } from './joined-lanes.js';
import { LaneGate } from './lane-gate.js';
import type { LaneKeys } from './lane-keys.js';
import { hashOf } from './lane-table.js';
import { bytesOf, keptBytesOf, Lane, PartitionLanes, type LaneItem } from './lane.js';

/** Which records must wait for each other: those of a partition, those of a partition with the same key (byte for byte), or none. */
export type Ordering = 'partition' | 'key' | 'none';

/** How much of a lane runs at once. */
export interface Portions<Item extends LaneItem<Item>, Work> {
  /** Records in a portion at most. A lane without an order holds no more. */
  readonly size: number;
  /** Makes the next portion of a lane out of what it shifts; undefined if the lane holds nothing. */
  next(source: PortionSource<Item, Work>, lane: Lane<Item, Work>): Work | undefined;
  /** Where a portion may be of several lanes: those that it has records of, the first record's first. */
  lanesOf?(portion: Work): Iterable<Lane<Item, Work>>;
  /** What a portion is made of. */
  recordsOf(portion: Work): Iterable<Item>;
  /** Asked of a lane that could start, also after each record that joins it. False: it waits for more, until `Lanes.filled`. */
  mayStart(lane: Lane<Item, Work>): boolean;
  /** Ends the longest of those waits. False if no lane waits for more. */
  hurry(): boolean;
  /** No wait ends by itself any more. */
  close(): void;
}

/** Where records of portions come from. */
export interface PortionSource<Item extends LaneItem<Item>, Work> {
  /** Takes the first record out of a lane. */
  shift(lane: Lane<Item, Work>): Item | undefined;
  /** The next lane of its partition that is ready: records of it may go with those of the lane, and it is closed for as long. */
  join(lead: Lane<Item, Work>): Lane<Item, Work> | undefined;
}

/** One record at a time. */
export const oneByOne = <Item extends LaneItem<Item>>(): Portions<Item, Item> => ({
  size: 1,
  next: (source, lane) => source.shift(lane),
  recordsOf: (item) => [item],
  mayStart: () => true,
  hurry: () => false,
  close: () => undefined,
});

/**
 * What must wait for what, and whose turn it is: partitions take turns, and of a partition's ready lanes the one with the
 * oldest record is first. Pure memory: it starts nothing and keeps no time. Lists are links in the items and lanes themselves,
 * so a record costs no allocation here and no list ever has to be moved.
 */
// Long because every list and count of records is moved here and nowhere else, in steps of a few lines.
export class Lanes<Item extends LaneItem<Item>, Work = Item> implements Iterable<Lane<Item, Work>> {
  readonly #hasKeys: boolean;
  /** Whether what has no key waits for nothing. */
  readonly #spreads: boolean;
  /** Undefined if that is the record's own. */
  readonly #keyOf: ((item: Item) => Bytes) | undefined;
  /** Before lanes without a key, where only one of them may run at a time. */
  readonly #gate: LaneGate<Item, Work> | undefined;
  readonly #portions: Portions<Item, Work>;
  /** Called with each record that leaves for its listener, while that is set. */
  onShift: ((item: Item) => void) | undefined = undefined;
  /** Where portions may be of several lanes. */
  readonly #joins: JoinedLanes<Item, Work> | undefined;
  readonly #partitions = new Map<string, PartitionLanes<Item, Work>>();
  /** Partitions that have ready lanes, in the order of their turns. */
  #firstListed: PartitionLanes<Item, Work> | undefined;
  #lastListed: PartitionLanes<Item, Work> | undefined;
  #queued = 0;
  #queuedBytes = 0;
  #keptBytes = 0;
  /** Nothing looks for a lane that has no order: any number spreads them. */
  #lanesMade = 0;

  constructor(ordering: Ordering, portions: Portions<Item, Work>, keys: LaneKeys<Item> = { nullKey: 'unordered' }) {
    this.#hasKeys = ordering === 'key';
    this.#spreads = ordering === 'none' || (this.#hasKeys && keys.nullKey === 'unordered');
    this.#keyOf = keys.keyOf;
    if (this.#hasKeys && keys.nullKey === 'single') this.#gate = new LaneGate((lane) => this.#makeReady(lane));
    this.#portions = portions;
    if (portions.lanesOf !== undefined) this.#joins = new JoinedLanes();
  }

  /** Where its records run with those of another lane that one, else itself. */
  leadOf(lane: Lane<Item, Work>): Lane<Item, Work> {
    return this.#joins?.leadOf(lane) ?? lane;
  }

  /** Records that wait, over all partitions. */
  get queued(): number {
    return this.#queued;
  }

  /** Keys, values and headers of those, without what is to be tried again. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** Those, and what records take that are to be tried again, or are with a recoverer. */
  get heldBytes(): number {
    return this.#queuedBytes + this.#keptBytes;
  }

  /** Whether a lane may be ready; `next` says it for sure. */
  get mayBeReady(): boolean {
    return this.#firstListed !== undefined;
  }

  /** Whether a lane is, as far as that can be seen without taking it: what was paused or cleared since it came up is none. */
  get isReady(): boolean {
    for (let partition = this.#firstListed; partition !== undefined; partition = partition.nextListed)
      if (!partition.isHeld && !partition.ready.isEmpty) return true;
    return false;
  }

  /** All lanes, also of partitions that are ours no more. */
  *[Symbol.iterator](): IterableIterator<Lane<Item, Work>> {
    for (const { table } of this.#partitions.values()) yield* table;
  }

  /** The partition's lanes, the same objects each time. */
  of(partition: TopicPartition): PartitionLanes<Item, Work> {
    const key = topicPartitionKey(partition);
    const known = this.#partitions.get(key);
    if (known !== undefined) return known;
    const made = new PartitionLanes<Item, Work>();
    this.#partitions.set(key, made);
    return made;
  }

  /** What runs of a key now; undefined if nothing does. */
  running(partition: TopicPartition, key: Bytes): Work | undefined {
    const lane = this.#partitions.get(topicPartitionKey(partition))?.table.find(key, hashOf(key));
    return lane?.state === 'busy' ? lane.current : undefined;
  }

  /** What runs and ends before more of this lane starts; undefined if nothing does. */
  runningBefore({ state, current, key }: Lane<Item, Work>): Work | undefined {
    if (state === 'busy' || state === 'joined') return current;
    return key === null ? this.#gate?.running?.current : undefined;
  }

  /** Puts a record at the end of its lane. */
  add(partition: PartitionLanes<Item, Work>, item: Item): void {
    const lane = this.#laneOf(partition, item);
    if (lane.last === undefined) lane.first = item;
    else lane.last.next = item;
    lane.last = item;
    lane.queued++;
    partition.queued++;
    this.#queued++;
    const bytes = bytesOf(item.record);
    partition.queuedBytes += bytes;
    this.#queuedBytes += bytes;
    if (lane.state === 'gone' || lane.state === 'filling') this.#offer(lane);
  }

  /** Hands out the lane whose turn it is; it is busy until `release`, `postpone` or `hold`. */
  next(): Lane<Item, Work> | undefined {
    for (let partition = this.#shiftListed(); partition !== undefined; partition = this.#shiftListed()) {
      if (partition.isHeld) continue; // listed again when it is resumed
      const lane = this.#nextOf(partition);
      if (!partition.ready.isEmpty) this.#list(partition);
      if (lane === undefined) continue;
      if (lane.current !== undefined) this.#keep(lane, -1);
      lane.state = 'busy';
      return lane;
    }
    return undefined;
  }

  #nextOf(partition: PartitionLanes<Item, Work>): Lane<Item, Work> | undefined {
    for (let lane = partition.ready.shift(); lane !== undefined; lane = partition.ready.shift()) {
      if (lane.state !== 'ready') continue; // it was trimmed
      if (this.#gate === undefined || lane.key !== null || this.#gate.admits(lane)) return lane;
    }
    return undefined;
  }

  /** Whether a busy lane that has not been taken from may still. */
  mayStart(lane: Lane<Item, Work>): boolean {
    return !lane.partition.paused;
  }

  /** What a busy lane is to run now: what is to be tried again, else what comes next; undefined if it was cleared. */
  take(lane: Lane<Item, Work>): Work | undefined {
    if (lane.current !== undefined) return lane.current;
    lane.current = this.#portions.next(this.#source, lane);
    if (this.#joins !== undefined) for (const joined of this.#joins.of(lane)) joined.current = lane.current;
    return lane.current;
  }

  /** Takes records that wait in a busy lane, in their order: so many, and until they are that large. They are what it runs, with what it ran. */
  takeWaiting(
    lane: Lane<Item, Work>,
    { records, bytes }: { readonly records: number; readonly bytes: number },
  ): Item[] {
    const taken: Item[] = [];
    let size = 0;
    while (taken.length < records && size < bytes) {
      const item = this.#shift(lane);
      if (item === undefined) break;
      size += bytesOf(item.record);
      taken.push(item);
    }
    return taken;
  }

  readonly #shift = (lane: Lane<Item, Work>): Item | undefined => {
    const item = lane.first;
    if (item === undefined) return undefined;
    lane.first = item.next;
    if (item.next === undefined) lane.last = undefined;
    this.onShift?.(item);
    item.next = undefined; // whoever keeps the record must not keep those behind it
    if (lane.key !== null && this.#keyOf === undefined) lane.key = item.record.key; // the same bytes, and not those of a fetch long ago
    this.#uncount(lane, item);
    return item;
  };

  /** Not one that has something to try again. */
  readonly #join = (lead: Lane<Item, Work>): Lane<Item, Work> | undefined => {
    const { partition } = lead;
    const lane = this.#nextOf(partition);
    if (lane?.current !== undefined) {
      partition.ready.add(lane);
      return undefined;
    }
    if (lane !== undefined) this.#joins?.join(lead, lane);
    return lane;
  };

  readonly #source: PortionSource<Item, Work> = { shift: this.#shift, join: this.#join };

  #uncount(lane: Lane<Item, Work>, { record }: Item): void {
    lane.queued--;
    lane.partition.queued--;
    this.#queued--;
    const bytes = bytesOf(record);
    lane.partition.queuedBytes -= bytes;
    this.#queuedBytes -= bytes;
  }

  /**
   * Somebody else has what a busy lane ran: it is counted as kept until the partition is given up.
   * @returns what is to be called when that is over
   */
  lend({ partition }: Lane<Item, Work>, work: Work): () => void {
    const bytes = keptBytesOf(this.#portions.recordsOf(work));
    const { clearings } = partition;
    this.#count(partition, bytes);
    return () => {
      if (partition.clearings === clearings) this.#count(partition, -bytes);
    };
  }

  /** Counts in or out what a lane is to try again. */
  #keep({ partition, current }: Lane<Item, Work>, sign: 1 | -1): void {
    if (current !== undefined) this.#count(partition, sign * keptBytesOf(this.#portions.recordsOf(current)));
  }

  #count(partition: PartitionLanes<Item, Work>, bytes: number): void {
    partition.keptBytes += bytes;
    this.#keptBytes += bytes;
  }

  /** Of what runs, or is another lane's, nothing is counted. */
  #drop(lane: Lane<Item, Work>): void {
    if (lane.state !== 'busy' && lane.state !== 'joined') this.#keep(lane, -1);
    lane.current = undefined;
  }

  /** What the lane runs is over: the lane is ready again, or gone if nothing is left. */
  release(lane: Lane<Item, Work>): void {
    lane.current = undefined;
    this.#gate?.left(lane);
    this.#leave(lane);
  }

  /**
   * Closes the lane until `wake`; this is what runs first then.
   * @returns the lane to wake: another one, if of several that ran together this one has nothing to run again
   */
  postpone(lane: Lane<Item, Work>, again: Work): Lane<Item, Work> {
    const lead = this.#joins === undefined ? lane : this.#regroup(this.#joins, lane, again);
    lead.current = again;
    lead.state = 'waiting';
    this.#keep(lead, 1);
    this.#gate?.left(lead);
    return lead;
  }

  /** Of lanes that ran together those go on that have nothing to run again; the others stay together. */
  #regroup(joins: JoinedLanes<Item, Work>, before: Lane<Item, Work>, again: Work): Lane<Item, Work> {
    const [lead = before, ...others] = this.#portions.lanesOf?.(again) ?? [];
    const over = new Set([before, ...joins.part(before)]);
    over.delete(lead);
    for (const lane of others) {
      over.delete(lane);
      joins.join(lead, lane);
      lane.current = again;
    }
    for (const lane of over) this.#leaveWithout(lane);
    return lead;
  }

  /** What the lane runs is over, but the lane stays closed until `wake`. */
  hold(lane: Lane<Item, Work>): void {
    this.#drop(lane);
    lane.state = 'waiting';
    this.#gate?.left(lane);
  }

  /** Takes a busy lane back unchanged. None of its partition has its turn until that is resumed. */
  setAside(lane: Lane<Item, Work>): void {
    lane.partition.isAside = true;
    if (lane.current !== undefined) this.#keep(lane, 1);
    this.#gate?.left(lane);
    this.#makeReady(lane);
    this.#gate?.look();
  }

  /** Ends a wait; a lane that was cleared meanwhile stays gone. */
  wake(lane: Lane<Item, Work>): void {
    if (lane.state === 'waiting') this.#leave(lane);
  }

  /** Ends the wait for more records. */
  filled(lane: Lane<Item, Work>): void {
    if (lane.state === 'filling') this.#makeReady(lane);
  }

  /** What waits in the partition's lanes, but for what is to be tried again. */
  *waiting(partition: PartitionLanes<Item, Work>): Iterable<Item> {
    for (const lane of partition.table) for (let item = lane.first; item !== undefined; item = item.next) yield item;
  }

  /**
   * No record joins the partition's lanes any more; forgets what is not wanted, and what stands behind it. What is to be tried
   * again is not, and what stands behind that must not be wanted.
   */
  trim(partition: PartitionLanes<Item, Work>, isWanted: (item: Item) => boolean): void {
    partition.isComplete = true;
    for (const lane of partition.table) {
      this.#cut(lane, isWanted);
      if (lane.state === 'filling' && lane.first !== undefined) this.#makeReady(lane);
      const { state, current } = this.leadOf(lane);
      if (state === 'busy' || lane.first !== undefined) continue;
      if (state === 'waiting' && current === undefined) continue; // for a commit, and wakes by itself
      this.#drop(lane);
      this.#forget(lane);
    }
    this.#gate?.look();
  }

  #cut(lane: Lane<Item, Work>, isWanted: (item: Item) => boolean): void {
    let last: Item | undefined;
    let cut = lane.first;
    for (; cut !== undefined && isWanted(cut); cut = cut.next) last = cut;
    if (cut === undefined) return;
    if (last === undefined) lane.first = undefined;
    else last.next = undefined;
    lane.last = last;
    for (; cut !== undefined; cut = cut.next) this.#uncount(lane, cut);
  }

  /** Forgets what waits in the partition's lanes. Lanes that run stay closed until they are released. */
  clear(partition: PartitionLanes<Item, Work>): void {
    this.#queued -= partition.queued;
    this.#queuedBytes -= partition.queuedBytes;
    partition.queued = partition.queuedBytes = 0;
    partition.ready.clear();
    partition.isAside = false;
    partition.isComplete = false;
    for (const lane of partition.table) {
      lane.first = lane.last = undefined;
      lane.queued = 0;
      if (this.leadOf(lane).state === 'busy') continue;
      this.#drop(lane);
      this.#forget(lane);
    }
    this.#count(partition, -partition.keptBytes); // lent: no partition can be held back for what is not ours any more
    partition.clearings++;
    this.#gate?.look();
  }

  pause(partition: PartitionLanes<Item, Work>): void {
    partition.paused = true;
    this.#gate?.look();
  }

  resume(partition: PartitionLanes<Item, Work>): void {
    partition.paused = partition.isAside = false;
    if (!partition.ready.isEmpty) this.#list(partition);
    this.#gate?.look();
  }

  #laneOf(partition: PartitionLanes<Item, Work>, item: Item): Lane<Item, Work> {
    const key = this.#hasKeys ? this.#keyOfItem(item) : null;
    if (key === null && this.#spreads) return this.#openLane(partition);
    const hash = hashOf(key);
    return partition.table.find(key, hash) ?? newLane(partition, this.#kept(key), hash);
  }

  #keyOfItem(item: Item): Bytes {
    return this.#keyOf === undefined ? item.record.key : this.#keyOf(item);
  }

  /** What a lane keeps of a key: one that was selected need not be in the records that come after, so it is copied. */
  #kept(key: Bytes): Bytes {
    return key === null || this.#keyOf === undefined ? key : Buffer.from(key);
  }

  #openLane(partition: PartitionLanes<Item, Work>): Lane<Item, Work> {
    const { open } = partition;
    // A lane with a current item is ready to go on with that: what joined it would have to wait for something.
    const hasStarted = open?.current !== undefined || (open?.state !== 'ready' && open?.state !== 'filling');
    if (open !== undefined && !hasStarted && open.queued < this.#portions.size) return open;
    return (partition.open = newLane(partition, null, this.#lanesMade++));
  }

  #leave(lane: Lane<Item, Work>): void {
    if (lane.current !== undefined) {
      this.#makeReady(lane);
      return;
    }
    if (this.#joins !== undefined) for (const joined of this.#joins.part(lane)) this.#leaveWithout(joined);
    this.#leaveWithout(lane);
  }

  /** With nothing to be tried again. */
  #leaveWithout(lane: Lane<Item, Work>): void {
    lane.current = undefined;
    if (lane.first !== undefined) this.#offer(lane);
    else this.#forget(lane);
  }

  #offer(lane: Lane<Item, Work>): void {
    if (lane.partition.isComplete || this.#portions.mayStart(lane)) this.#makeReady(lane);
    else lane.state = 'filling';
  }

  #forget(lane: Lane<Item, Work>): void {
    lane.state = 'gone';
    this.#joins?.part(lane);
    lane.partition.table.remove(lane);
  }

  #makeReady(lane: Lane<Item, Work>): void {
    const { partition } = lane;
    lane.state = 'ready';
    if (lane.current === undefined) lane.oldest = lane.first?.sequence ?? 0;
    partition.ready.add(lane);
    this.#list(partition);
  }

  #list(partition: PartitionLanes<Item, Work>): void {
    if (partition.isListed || partition.isHeld) return;
    partition.isListed = true;
    if (this.#lastListed === undefined) this.#firstListed = partition;
    else this.#lastListed.nextListed = partition;
    this.#lastListed = partition;
  }

  #shiftListed(): PartitionLanes<Item, Work> | undefined {
    const partition = this.#firstListed;
    if (partition === undefined) return undefined;
    this.#firstListed = partition.nextListed;
    if (partition.nextListed === undefined) this.#lastListed = undefined;
    partition.nextListed = undefined;
    partition.isListed = false;
    return partition;
  }
}

type SomeItem = LaneItem<SomeItem>;
keepLayoutOf(new Lanes<SomeItem>('none', oneByOne()));

function newLane<Item extends LaneItem<Item>, Work>(
  partition: PartitionLanes<Item, Work>,
  key: Bytes,
  hash: number,
): Lane<Item, Work> {
  const lane = new Lane(partition, key, hash);
  partition.table.add(lane);
  return lane;
}
