import type { KafkaError, PartitionRecords, PositionReset, TopicPartition } from '@hearken/core';
import { youngArray } from '@hearken/core/internal';
import { RecordBatch, type RecordCursor } from '@hearken/protocol';
import type { AbortedTransactions } from './aborted-transactions.js';
import { ConsumedRecord } from './consumed-record.js';
import { FetchedBatch } from './fetched-batch.js';
import { FetchedMemory } from './fetched-memory.js';
import { FetchedRecords } from './fetched-records.js';
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

/**
 * What was fetched of a partition and not polled yet, from one position on, without a gap. It stays as it came over the wire
 * until its turn comes: at most two batches are open, the one that `take` makes records of and, if it is compressed, the next.
 *
 * A buffer is one epoch of reading: assignment, seek and offset reset make a new one, and the answer to a fetch that was sent
 * for another is dropped.
 */
// Long because position, bytes and what is open move together, in steps of a few lines: one that is forgotten skips records.
export class FetchBuffer {
  readonly #partition: TopicPartition;
  readonly #onReady: () => void;
  /** The batch that is read. */
  #first: FetchedBatch | undefined;
  /** Opened while that is read, as it has to be decompressed. */
  #second: FetchedBatch | undefined;
  /** What follows them: a batch at least in each. */
  readonly #closed: FetchedRecords[] = [];
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
    return this.#first === undefined && this.#closed.length === 0;
  }

  /** Whether `take` has something: records, a position that moved without any, or an error. */
  get isReady(): boolean {
    if (this.#first !== undefined) return this.#first.cursor !== undefined;
    return this.#closed.length > 0 || this.#position !== this.#handedOut || this.#error !== undefined;
  }

  /** What `take` tells next even without records: a buffer that takes the place of this one has to. */
  get untold(): Pick<FetchBufferInit, 'reset' | 'told'> {
    return { reset: this.#reset, told: this.#position !== this.#handedOut };
  }

  /** Adds what a fetch from `fetchOffset` brought. The broker may begin with a batch that holds earlier records, too. */
  append(records: Buffer, aborted: AbortedTransactions, options: AppendOptions): void {
    const { checkCrcs, memory = new FetchedMemory(records.buffer.byteLength) } = options;
    const { bytes, nextOffset, leaderEpoch, error } = RecordBatch.extentOf(records);
    if (nextOffset > this.#fetchOffset) {
      this.#closed.push(new FetchedRecords({ records: records.subarray(0, bytes), aborted, checkCrcs, memory }));
      this.#bytes += bytes;
      this.#fetchOffset = nextOffset;
      this.#lastFetchedEpoch = leaderEpoch;
    }
    if (error !== undefined) this.fail(unreadable(this.#partition, this.#fetchOffset, error));
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
    const records = youngArray<ConsumedRecord>();
    let leaderEpoch = -1;
    let memoryBytes = 0;
    while (records.length < max) {
      const batch = this.#first ?? this.#openNext();
      if (batch?.cursor === undefined) break;
      memoryBytes += batch.tellMemory();
      this.#read(batch, batch.cursor, records, max);
      ({ leaderEpoch } = batch.origin);
      if (batch.left > 0) break;
      this.#shift(batch);
    }
    this.#openAhead(); // behind one that was opened here, as it is not compressed
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
    const moved = this.#held.filter(({ memory }) => from.has(memory));
    if (moved.length === 0) return;
    const bytes = Buffer.allocUnsafeSlow(moved.reduce((sum, { sizeInBytes }) => sum + sizeInBytes, 0));
    const memory = new FetchedMemory(bytes.length);
    let at = 0;
    for (const part of moved) at = part.moveTo(memory, bytes, at);
  }

  get #held(): readonly (FetchedBatch | FetchedRecords)[] {
    return [this.#first, this.#second, ...this.#closed].filter((held) => held !== undefined);
  }

  #read(batch: FetchedBatch, cursor: RecordCursor, into: ConsumedRecord[], max: number): void {
    const { origin } = batch;
    const from = this.#position;
    try {
      while (batch.left > 0 && into.length < max && cursor.next()) {
        batch.left--;
        if (cursor.offset >= from) into.push(new ConsumedRecord(origin, cursor));
      }
      if (into.length < max) batch.left = 0;
      this.#position = batch.left === 0 ? batch.nextOffset : cursor.offset + 1;
    } catch (error) {
      // What was read before the broken record is handed out first; the position stays at the broken one.
      const last = into.at(-1);
      if (last !== undefined && last.offset >= from) this.#position = last.offset + 1;
      this.#breakAt(batch, error);
    }
  }

  /** The first one is used up. */
  #shift(batch: FetchedBatch): void {
    this.#bytes -= batch.sizeInBytes;
    this.#first = this.#second;
    this.#second = undefined;
    this.#openAhead();
  }

  /** Where the next batch to open begins, or one after it. */
  get #openedTo(): number {
    return (this.#second ?? this.#first)?.nextOffset ?? this.#position;
  }

  #openAhead(): void {
    while (this.#second === undefined && this.#closed[0]?.isCompressed === true) this.#openNext();
  }

  /** The next one with records that were not handed out. */
  #openNext(): FetchedBatch | undefined {
    for (let records = this.#closed[0]; records !== undefined; records = this.#closed[0]) {
      const batch = this.#next(records);
      if (batch === undefined) continue;
      if (this.#first === undefined) this.#first = batch;
      else this.#second = batch;
      this.#openCursor(batch);
      return batch;
    }
    return undefined;
  }

  /** Undefined if it holds nothing that is to be handed out. */
  #next(records: FetchedRecords): FetchedBatch | undefined {
    try {
      const batch = records.next();
      if (records.sizeInBytes === 0) this.#closed.shift();
      if (!records.hides(batch) && batch.nextOffset > this.#openedTo)
        return new FetchedBatch(this.#partition, batch, records.memory);
      this.#bytes -= batch.sizeInBytes;
      this.#skipTo(batch.nextOffset);
    } catch (error) {
      this.#breakOff(this.#openedTo, error);
    }
    return undefined;
  }

  /** What lies before this offset is nothing for the application. */
  #skipTo(offset: number): void {
    if (offset <= this.#openedTo) return;
    const last = this.#second ?? this.#first;
    if (last === undefined) this.#position = offset;
    else last.nextOffset = offset;
  }

  #openCursor(batch: FetchedBatch): void {
    try {
      const cursor = batch.records();
      if (cursor instanceof Promise) this.#awaitCursor(batch, cursor);
      else batch.cursor = cursor;
    } catch (error) {
      this.#breakAt(batch, error);
    }
  }

  #awaitCursor(batch: FetchedBatch, cursor: Promise<RecordCursor>): void {
    cursor
      .then(
        (opened) => (batch.cursor = opened),
        (error: unknown) => this.#breakAt(batch, error),
      )
      .finally(this.#onReady);
  }

  #breakAt(batch: FetchedBatch, cause: unknown): void {
    if (batch === this.#first) this.#first = this.#second = undefined;
    else if (batch === this.#second) this.#second = undefined;
    else return;
    this.#breakOff(batch.baseOffset, cause);
  }

  /** Nothing from this offset on can be read: lets go of what is not open. */
  #breakOff(offset: number, cause: unknown): void {
    this.#closed.splice(0);
    this.#bytes = (this.#first?.sizeInBytes ?? 0) + (this.#second?.sizeInBytes ?? 0);
    this.#fetchOffset = offset;
    this.#error = unreadable(this.#partition, Math.max(this.#position, offset), cause); // before what it may end with already
  }
}
