import type { Clock } from '@hearken/core';
import { breakCrc, writeBatchPlace, type RecordBatch } from '@hearken/protocol';
import { BrokerError } from '../broker-error.js';
import { AbortedTransactions, type AbortedTransaction } from './aborted-transactions.js';
import { controlBatch, type MarkerType } from './control-batch.js';
import { LeaderEpochs, type EpochEnd } from './leader-epochs.js';
import type { LogConfig } from './log-config.js';
import { decodeRecords, type LogRecord } from './log-records.js';
import { ownMemory } from './own-memory.js';
import { producedBatch } from './produced-batch.js';
import { sequencedBatch, type SequencedBatch } from './producer-state.js';
import { Producers, type ProducerDescription } from './producers.js';
import { ReadableListeners } from './readable-listeners.js';
import { recordAtTime, type FoundRecord } from './record-at-time.js';
import { checkRecords } from './record-rules.js';
import { stampTime } from './stamp-time.js';
import { StoredBatches } from './stored-batches.js';

export type IsolationLevel = 'read_uncommitted' | 'read_committed';

export interface PartitionLogOptions {
  readonly config: () => LogConfig;
  readonly clock: Clock;
  /** How long a silent producer is remembered: Kafka's `producer.id.expiration.ms`. @default 86 400 000 */
  readonly producerExpirationMs?: number;
}

export interface AppendOptions {
  readonly leaderEpoch: number;
  /** Asked before a batch opens a transaction here: throws unless its coordinator knows that this partition is part of it. */
  readonly verifyTransaction?: (producerId: number, producerEpoch: number) => void;
}

export interface Appended {
  readonly baseOffset: number;
  /** -1 for a topic with create time, except of a duplicate: Kafka answers the highest timestamp of the first copy then. */
  readonly logAppendTimeMs: number;
  /** The batch was in the log already and was not appended. */
  readonly duplicate: boolean;
}

export interface ReadLimits {
  readonly maxBytes: number;
  /** Whether the first batch is read though it is larger. */
  readonly minOneBatch: boolean;
  readonly isolation: IsolationLevel;
}

export interface LogRead {
  /** Whole batches. The first may begin below the offset asked for. Slices of the log: never to be written to. */
  readonly batches: readonly Buffer[];
  readonly sizeBytes: number;
  /** Those with a part in what was read; null for `read_uncommitted`. */
  readonly abortedTransactions: readonly AbortedTransaction[] | null;
}

const DAY_MS = 86_400_000;

/**
 * The log of one partition: batches as they came, except for offset and leader epoch, and what is known of their producers.
 * It has no replicas, so everything appended is replicated at once: the high watermark is the end.
 *
 * This file is long because it is the face that all handlers share. What it is made of stands in its neighbours.
 */
export class PartitionLog {
  readonly #config: () => LogConfig;
  readonly #clock: Clock;
  readonly #listeners = new ReadableListeners();
  readonly #batches = new StoredBatches();
  readonly #epochs = new LeaderEpochs();
  readonly #aborted = new AbortedTransactions();
  readonly #producers: Producers;
  #logStartOffset = 0;
  #logEndOffset = 0;

  constructor({ config, clock, producerExpirationMs = DAY_MS }: PartitionLogOptions) {
    this.#config = config;
    this.#clock = clock;
    this.#producers = new Producers(clock, producerExpirationMs);
  }

  /** The first offset to be read, which may lie within a batch. */
  get logStartOffset(): number {
    return this.#logStartOffset;
  }

  /** Under which leader the log begins; -1 if there was none yet. */
  get logStartEpoch(): number {
    return this.#epochs.earliest;
  }

  /** Of the next record. */
  get logEndOffset(): number {
    return this.#logEndOffset;
  }

  get highWatermark(): number {
    return this.#logEndOffset;
  }

  /** Below it, every transaction has ended. */
  get lastStableOffset(): number {
    return Math.max(this.#logStartOffset, this.#producers.firstOpenOffset ?? this.#logEndOffset);
  }

  get sizeBytes(): number {
    return this.#batches.sizeBytes;
  }

  /**
   * Appends what a produce request holds for this partition. The bytes are the log's from then on: it writes offset, epoch
   * and time into them and keeps them.
   * @throws BrokerError `CORRUPT_MESSAGE`, `MESSAGE_TOO_LARGE`, `INVALID_RECORD` and `INVALID_TIMESTAMP` (as
   * InvalidRecordsError if single records are at fault), `OUT_OF_ORDER_SEQUENCE_NUMBER`, `INVALID_PRODUCER_EPOCH`,
   * `INVALID_TXN_STATE`, and what `verifyTransaction` throws
   */
  append(records: Buffer | null, options: AppendOptions): Appended {
    const config = this.#config();
    const nowMs = this.#clock.now();
    const { bytes, header } = producedBatch(records, config.maxMessageBytes);
    checkRecords(header, config, nowMs);
    const baseOffset = this.#logEndOffset;
    const sequenced = sequencedBatch(header, baseOffset);
    const original = sequenced && this.#admit(sequenced, header, options);
    if (original !== undefined) return duplicateOf(original);

    const logAppendTimeMs = stampTime(bytes, header, config, nowMs);
    this.#store(bytes, options.leaderEpoch);
    if (sequenced !== undefined) {
      const { maxTimestamp, isTransactional } = header; // as stamped: a copy is answered with it
      this.#producers.appended({ ...sequenced, maxTimestamp }, isTransactional);
    }
    this.#applyRetention(config);
    this.#listeners.notify();
    return { baseOffset, logAppendTimeMs, duplicate: false };
  }

  /**
   * Ends a producer's transaction in this partition; where it has none, the marker says so all the same.
   * @returns the marker's offset
   * @throws BrokerError `INVALID_PRODUCER_EPOCH`
   */
  appendMarker(producerId: number, producerEpoch: number, type: MarkerType, leaderEpoch: number): number {
    this.#producers.checkMarker(producerId, producerEpoch);
    const lastOffset = this.#logEndOffset;
    this.#store(controlBatch({ producerId, producerEpoch, type, timestamp: this.#clock.now() }), leaderEpoch);
    const firstOffset = this.#producers.marked(producerId, producerEpoch, lastOffset);
    if (firstOffset !== undefined && type === 'ABORT') {
      this.#aborted.add({ producerId, firstOffset, lastOffset, lastStableOffset: this.lastStableOffset });
    }
    this.#applyRetention(this.#config());
    this.#listeners.notify();
    return lastOffset;
  }

  /** @throws BrokerError `OFFSET_OUT_OF_RANGE` */
  read(from: number, { maxBytes, minOneBatch, isolation }: ReadLimits): LogRead {
    const [first, end] = this.#readable(from, isolation);
    const fitting = Math.max(this.#batches.endWithin(first, maxBytes), minOneBatch ? first + 1 : first);
    const read = this.#batches.slice(first, Math.min(fitting, end));
    const nextOffset = (read.at(-1)?.lastOffset ?? from - 1) + 1;
    return {
      batches: read.map(({ bytes }) => bytes),
      sizeBytes: this.#batches.bytesBetween(first, first + read.length),
      abortedTransactions: isolation === 'read_committed' ? this.#aborted.overlapping(from, nextOffset) : null,
    };
  }

  /**
   * How many bytes a read without limits would give.
   * @throws BrokerError `OFFSET_OUT_OF_RANGE`
   */
  readableBytes(from: number, isolation: IsolationLevel): number {
    return this.#batches.bytesBetween(...this.#readable(from, isolation));
  }

  /**
   * Calls the listener, at once and in turn, after whatever may change the answer of a read: an append, a marker, a
   * truncation, a deletion. It must not throw.
   * @returns what ends it; may be called again
   */
  onReadable(listener: () => void): () => void {
    return this.#listeners.add(listener);
  }

  /** The first record of this time or later. To the record, unless its batch cannot be unfolded here: then to the batch. */
  async offsetForTimestamp(timestamp: number): Promise<FoundRecord | undefined> {
    let from = this.#logStartOffset;
    for (;;) {
      const batch = this.#batches.reaching(timestamp, from);
      if (batch === undefined) return undefined;
      const found = await recordAtTime(batch.bytes, timestamp, from);
      if (found !== undefined) return found;
      from = batch.lastOffset + 1;
    }
  }

  /**
   * The first record of the highest timestamp (ListOffsets -3, KIP-734), even if it lies below the start in the batch that
   * the log starts in, as Kafka does not look at that. Undefined if the log is empty.
   */
  async maxTimestampOffset(): Promise<FoundRecord | undefined> {
    const batch = this.#batches.latest();
    return batch && recordAtTime(batch.bytes, batch.maxTimestamp, batch.baseOffset);
  }

  /** A leader takes over, though it may never append anything. Appends say so by themselves. */
  beginEpoch(leaderEpoch: number): void {
    this.#epochs.begin(leaderEpoch, this.#logEndOffset);
  }

  /** Where a leader's time ended; epoch and offset are -1 if the log does not know (OffsetForLeaderEpoch). */
  endOffsetForEpoch(epoch: number): EpochEnd {
    return this.#epochs.endOf(epoch, this);
  }

  /**
   * Where the log parted from what a reader has read up to `fetchOffset`, the last of it under `lastFetchedEpoch`; undefined
   * if it did not (KIP-595).
   * @throws BrokerError `OFFSET_OUT_OF_RANGE`
   */
  divergence(lastFetchedEpoch: number, fetchOffset: number): { epoch: number; endOffset: number } | undefined {
    const { leaderEpoch, endOffset } = this.endOffsetForEpoch(lastFetchedEpoch);
    if (endOffset < 0 || fetchOffset < this.#logStartOffset) {
      throw new BrokerError('OFFSET_OUT_OF_RANGE', `epoch ${lastFetchedEpoch} up to ${fetchOffset} is not in the log`);
    }
    return leaderEpoch < lastFetchedEpoch || endOffset < fetchOffset ? { epoch: leaderEpoch, endOffset } : undefined;
  }

  /**
   * Moves the start of the log forward, as DeleteRecords asks.
   * @param offset -1 for the high watermark
   * @returns where the log starts now
   * @throws BrokerError `OFFSET_OUT_OF_RANGE` beyond the high watermark
   */
  deleteRecordsBefore(offset: number): number {
    const start = offset === -1 ? this.highWatermark : offset;
    if (start < 0 || start > this.highWatermark) {
      throw new BrokerError('OFFSET_OUT_OF_RANGE', `cannot delete up to ${offset} of ${this.highWatermark}`);
    }
    if (start > this.#logStartOffset) {
      this.#startAt(start);
      this.#listeners.notify();
    }
    return this.#logStartOffset;
  }

  /**
   * Cuts the end off, as an unclean election does. The batch that holds the offset goes as a whole, as in Kafka. An offset
   * below the start empties the log, which then starts there.
   * @throws BrokerError `OFFSET_OUT_OF_RANGE` below 0
   */
  truncateTo(offset: number): void {
    if (offset < 0) throw new BrokerError('OFFSET_OUT_OF_RANGE', `no log can end at ${offset}`);
    if (offset >= this.#logEndOffset) return;
    if (offset < this.#logStartOffset) this.#restartAt(offset);
    else this.#endAt(offset);
    this.#listeners.notify();
  }

  /**
   * Makes the log start here: everything below is gone, and beyond the end all is and the log goes on from there.
   * @throws BrokerError `OFFSET_OUT_OF_RANGE` below the start: what is gone does not come back
   */
  setLogStart(offset: number): void {
    if (offset < this.#logStartOffset) {
      throw new BrokerError('OFFSET_OUT_OF_RANGE', `the log starts at ${this.#logStartOffset}, after ${offset}`);
    }
    if (offset > this.#logEndOffset) this.#restartAt(offset);
    else this.#startAt(offset);
    this.#listeners.notify();
  }

  /**
   * Makes the CRC of the batch that holds the offset wrong. The records stay as they are, for those who do not look at it.
   * @throws BrokerError `OFFSET_OUT_OF_RANGE` if there is none
   */
  corruptBatch(offset: number): void {
    const batch = this.#batches.at(this.#batches.indexOf(offset));
    if (batch === undefined || offset < batch.baseOffset) {
      throw new BrokerError('OFFSET_OUT_OF_RANGE', `no batch holds offset ${offset}`);
    }
    breakCrc(batch.bytes);
  }

  /**
   * All records, those of open and aborted transactions too, markers left out.
   * @throws ProtocolError (rejects) `UNSUPPORTED_COMPRESSION`, `CORRUPT_BATCH`, `MALFORMED`
   */
  async records(): Promise<LogRecord[]> {
    const records = await decodeRecords(this.#batches, { aborted: this.#aborted, open: this.#producers.open() });
    return records.filter(({ offset }) => offset >= this.#logStartOffset);
  }

  /** What is known of idempotent producers. */
  producers(): ProducerDescription[] {
    return this.#producers.describe();
  }

  /** The batch that this one is a copy of; undefined if it may be appended. */
  #admit(
    sequenced: SequencedBatch,
    { isTransactional }: RecordBatch,
    { verifyTransaction }: AppendOptions,
  ): SequencedBatch | undefined {
    const { producerId, producerEpoch } = sequenced;
    const opens = isTransactional && !this.#producers.isInTransaction(producerId, producerEpoch);
    if (opens) verifyTransaction?.(producerId, producerEpoch);
    const original = this.#producers.original(sequenced);
    if (original === undefined) this.#producers.check(sequenced, isTransactional);
    return original;
  }

  #store(bytes: Buffer, leaderEpoch: number): void {
    this.#epochs.begin(leaderEpoch, this.#logEndOffset);
    writeBatchPlace(bytes, this.#logEndOffset, leaderEpoch);
    const { lastOffset } = this.#batches.push(ownMemory(bytes));
    this.#logEndOffset = lastOffset + 1;
  }

  /** Whole batches go from the start while what is left is enough; the last one stays, whatever its size. */
  #applyRetention({ retentionBytes, deletes = true }: LogConfig): void {
    if (!deletes || retentionBytes < 0) return;
    const drop = this.#batches.countBeyond(retentionBytes);
    const first = this.#batches.at(drop);
    if (drop > 0 && first !== undefined) this.#startAt(first.baseOffset);
  }

  #startAt(offset: number): void {
    this.#logStartOffset = offset;
    this.#batches.dropFirst(this.#batches.indexOf(offset));
    this.#epochs.dropBefore(offset);
    this.#aborted.dropBefore(offset);
  }

  #endAt(offset: number): void {
    const storedFrom = this.#batches.at(0)?.baseOffset ?? this.#logEndOffset;
    this.#batches.truncate(this.#batches.indexOf(offset));
    this.#epochs.truncateTo(offset);
    this.#aborted.truncateTo(offset);
    this.#logEndOffset = offset;
    this.#producers.reload(this.#batches, storedFrom);
  }

  #restartAt(offset: number): void {
    this.#batches.truncate(0);
    this.#epochs.truncateTo(0);
    this.#aborted.truncateTo(0);
    this.#producers.clear();
    this.#logStartOffset = offset;
    this.#logEndOffset = offset;
  }

  #endFor(isolation: IsolationLevel): number {
    return isolation === 'read_committed' ? this.lastStableOffset : this.highWatermark;
  }

  /** The positions of the batches to be read: from the first to before the last. */
  #readable(from: number, isolation: IsolationLevel): [from: number, to: number] {
    this.#requireInRange(from);
    const first = this.#batches.indexOf(from);
    const end = this.#endFor(isolation);
    // The batch of a start that lies within it begins below the end, even if nothing of it is stable.
    return [first, from < end ? this.#batches.countBelow(end) : first];
  }

  #requireInRange(offset: number): void {
    if (offset >= this.#logStartOffset && offset <= this.#logEndOffset) return;
    const message = `offset ${offset} is not within ${this.#logStartOffset} to ${this.#logEndOffset}`;
    throw new BrokerError('OFFSET_OUT_OF_RANGE', message);
  }
}

const duplicateOf = ({ baseOffset, maxTimestamp }: SequencedBatch): Appended => ({
  baseOffset,
  logAppendTimeMs: maxTimestamp,
  duplicate: true,
});
