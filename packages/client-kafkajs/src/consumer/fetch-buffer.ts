import type { KafkaError, PartitionRecords, PositionReset, TopicPartition } from '@hearken/core';
import { RecordBatch, type RecordCursor } from '@hearken/protocol';
import type { AbortedTransactions } from './aborted-transactions.js';
import { ConsumedRecord } from './consumed-record.js';
import { FetchedBatch } from './fetched-batch.js';
import { FetchedMemory } from './fetched-memory.js';
import { unreadable } from './partition-errors.js';

export interface FetchBufferInit {
  readonly position: number;
  /** Epoch of the record before the position. @default -1, unknown */
  readonly leaderEpoch?: number;
  /** Why reading goes on here: `take` tells it once, even without records. */
  readonly reset?: PositionReset | undefined;
  /** Whether `take` tells the position once, even without records. @default if there is a reset */
  readonly told?: boolean | undefined;
  /** Called when a batch that had to be decompressed is there. */
  readonly onReady: () => void;
}

export interface AppendOptions {
  readonly checkCrcs: boolean;
  /** What the records are a view on. @default what nothing else is a view on */
  readonly memory?: FetchedMemory;
}

/** What was handed out: not even the position. */
const NOTHING = -1;

/** Batches decompressed ahead of the reader: the one being read, and the next. */
const OPEN_AHEAD = 2;

/**
 * What was fetched of a partition and not polled yet, from one position on, without a gap. Batches stay as they came over
 * the wire until `take` makes records of them.
 *
 * A buffer is one epoch of reading: assignment, seek and offset reset make a new one, and the answer to a fetch that was sent
 * for another is dropped.
 */
export class FetchBuffer {
  readonly #partition: TopicPartition;
  readonly #onReady: () => void;
  /** Used up from the front; `#head` moves, and the array is cut when half of it is behind the head: nothing is kept there. */
  #entries: (FetchedBatch | undefined)[] = [];
  #head = 0;
  #bytes = 0;
  #position: number;
  #fetchOffset: number;
  #lastFetchedEpoch: number;
  #handedOut: number;
  #reset: PositionReset | undefined;
  #error: KafkaError | undefined;

  constructor({ topic, partition }: TopicPartition, init: FetchBufferInit) {
    const { position, leaderEpoch = -1, reset, told = reset !== undefined, onReady } = init;
    this.#partition = { topic, partition };
    this.#position = position;
    this.#fetchOffset = position;
    this.#lastFetchedEpoch = leaderEpoch;
    this.#handedOut = told ? NOTHING : position;
    this.#reset = reset;
    this.#onReady = onReady;
  }

  /** Offset of the next record `take` returns. */
  get position(): number {
    return this.#position;
  }

  /** Where the next fetch goes on: the end of what is buffered. */
  get fetchOffset(): number {
    return this.#fetchOffset;
  }

  /** Epoch of the record before `fetchOffset`; -1 if unknown. */
  get lastFetchedEpoch(): number {
    return this.#lastFetchedEpoch;
  }

  /** As fetched, compressed ones compressed; the batch being read counts until it is used up. */
  get bytes(): number {
    return this.#bytes;
  }

  get isEmpty(): boolean {
    return this.#head === this.#entries.length;
  }

  /** Whether `take` has something: records, a position that moved without any, or an error. */
  get isReady(): boolean {
    const first = this.#entries[this.#head];
    if (first !== undefined) return first.cursor !== undefined || first.left === 0;
    return this.#position !== this.#handedOut || this.#error !== undefined;
  }

  /** Adds what a fetch from `fetchOffset` brought. The broker may begin with a batch that holds earlier records, too. */
  append(records: Buffer, aborted: AbortedTransactions, options: AppendOptions): void {
    const { checkCrcs, memory = new FetchedMemory(records.buffer.byteLength) } = options;
    try {
      for (const batch of RecordBatch.readAll(records, { checkCrcs: false })) {
        if (checkCrcs) batch.checkCrc();
        this.#add(batch, memory, aborted.hides(batch));
      }
    } catch (error) {
      this.fail(unreadable(this.#partition, this.#fetchOffset, error));
    }
    this.#openAhead();
  }

  /** Ends the buffer: `take` throws this once everything before it is used up, until a seek gives the partition a new one. */
  fail(error: KafkaError): void {
    this.#error ??= error;
  }

  get failed(): boolean {
    return this.#error !== undefined;
  }

  /**
   * The next records, at most `max`; undefined if there is nothing new.
   * @throws KafkaError what the buffer ends with
   */
  take(max: number): PartitionRecords | undefined {
    const records: ConsumedRecord[] = [];
    let leaderEpoch = -1;
    let memoryBytes = 0;
    for (let entry = this.#entries[this.#head]; entry?.cursor !== undefined; entry = this.#entries[this.#head]) {
      if (records.length >= max) break;
      memoryBytes += entry.tellMemory();
      this.#read(entry, entry.cursor, records, max);
      ({ leaderEpoch } = entry.origin);
      if (entry.left > 0) break;
      this.#shift(entry);
    }
    this.#openAhead();
    if (this.#position === this.#handedOut) {
      if (this.#error !== undefined && this.isEmpty) throw this.#error;
      return undefined;
    }
    this.#handedOut = this.#position;
    const { topic, partition } = this.#partition;
    const nextOffset = this.#position;
    const taken =
      leaderEpoch < 0
        ? { topic, partition, records, nextOffset }
        : { topic, partition, records, nextOffset, leaderEpoch };
    if (memoryBytes === 0 && this.#reset === undefined) return taken;
    const reset = this.#reset;
    this.#reset = undefined;
    return { ...taken, ...(reset && { reset }), ...(memoryBytes > 0 && { memoryBytes }) };
  }

  /** Adds up what is held of each memory. */
  addHeld(held: Map<FetchedMemory, number>): void {
    for (const { memory, sizeInBytes } of this.#held) held.set(memory, (held.get(memory) ?? 0) + sizeInBytes);
  }

  /** Copies what is held of these, so that they are let go of. */
  moveOut(from: ReadonlySet<FetchedMemory>): void {
    const moved = this.#held.filter((entry) => from.has(entry.memory));
    if (moved.length === 0) return;
    const bytes = Buffer.allocUnsafeSlow(moved.reduce((sum, { sizeInBytes }) => sum + sizeInBytes, 0));
    const memory = new FetchedMemory(bytes.length);
    let at = 0;
    for (const entry of moved) at = entry.moveTo(memory, bytes, at);
  }

  get #held(): readonly FetchedBatch[] {
    return this.#entries.filter((entry) => entry !== undefined);
  }

  #read(entry: FetchedBatch, cursor: RecordCursor, into: ConsumedRecord[], max: number): void {
    const { origin } = entry;
    const from = this.#position;
    try {
      while (entry.left > 0 && into.length < max && cursor.next()) {
        entry.left--;
        if (cursor.offset >= from) into.push(new ConsumedRecord(origin, cursor));
      }
      if (into.length < max) entry.left = 0;
      this.#position = entry.left === 0 ? entry.nextOffset : cursor.offset + 1;
    } catch (error) {
      // What was read before the broken record is handed out first; the position stays at the broken one.
      const last = into.at(-1);
      if (last !== undefined && last.offset >= from) this.#position = last.offset + 1;
      this.#breakAt(entry, error);
    }
  }

  #add(batch: RecordBatch, memory: FetchedMemory, isHidden: boolean): void {
    if (batch.nextOffset <= this.#fetchOffset) return;
    this.#fetchOffset = batch.nextOffset;
    this.#lastFetchedEpoch = batch.partitionLeaderEpoch;
    if (isHidden || batch.recordCount === 0) this.#skipTo(batch.nextOffset);
    else this.#push(new FetchedBatch(this.#partition, batch, memory));
  }

  #push(entry: FetchedBatch): void {
    this.#entries.push(entry);
    this.#bytes += entry.sizeInBytes;
  }

  #skipTo(offset: number): void {
    const last = this.#entries.at(-1);
    if (last === undefined) this.#position = offset;
    else last.nextOffset = offset;
  }

  #shift(entry: FetchedBatch): void {
    this.#bytes -= entry.sizeInBytes;
    this.#entries[this.#head++] = undefined;
    if (this.#head * 2 < this.#entries.length) return;
    this.#entries.splice(0, this.#head);
    this.#head = 0;
  }

  #openAhead(): void {
    for (let ahead = 0; ahead < OPEN_AHEAD; ahead++) {
      const entry = this.#entries[this.#head + ahead];
      if (entry?.cursor === undefined && entry?.opening === false) this.#open(entry);
    }
  }

  #open(entry: FetchedBatch): void {
    try {
      const cursor = entry.records();
      if (cursor instanceof Promise) this.#awaitCursor(entry, cursor);
      else entry.cursor = cursor;
    } catch (error) {
      this.#breakAt(entry, error);
    }
  }

  #awaitCursor(entry: FetchedBatch, cursor: Promise<RecordCursor>): void {
    entry.opening = true;
    cursor
      .then(
        (opened) => (entry.cursor = opened),
        (error: unknown) => this.#breakAt(entry, error),
      )
      .finally(this.#onReady);
  }

  /** Nothing from this batch on can be read: lets go of it and of what follows. */
  #breakAt(entry: FetchedBatch, cause: unknown): void {
    const at = this.#entries.indexOf(entry);
    if (at === -1) return;
    for (const dropped of this.#entries.splice(at)) this.#bytes -= dropped?.sizeInBytes ?? 0;
    this.#fetchOffset = entry.baseOffset;
    this.fail(unreadable(this.#partition, Math.max(this.#position, entry.baseOffset), cause));
  }
}
