import {
  ConsumerRecords,
  type CloseOptions,
  type Consumer,
  type ConsumerGroupMetadata,
  type PartitionLag,
  type PartitionRecords,
  type PositionReset,
  type TopicPartition,
  type TopicPartitionOffset,
  type TopicPartitionOffsets,
} from '@hearken/core';
import type { Gaps } from './gaps.js';
import type { ShedLedger } from './shed-ledger.js';
import type { RecordedRange } from './shed-range.js';

export interface RangeConsumerInit {
  readonly consumer: Consumer;
  readonly range: RecordedRange;
  readonly ledger: Pick<ShedLedger, 'write' | 'delete'>;
  /** Told of the offsets of the range that are not there any more. */
  readonly gaps: Gaps;
  /** It is written that all below has ended; with the end of the range, or more, it is forgotten. */
  readonly onWritten: (offset: number) => void;
}

/**
 * A consumer for which a partition ends where a range does, and what is committed is the range's progress: so a container
 * that reads by it replays the range, and all it knows of commits holds for that.
 *
 * Offsets that are not there any more are a gap, as after compaction, also where the consumer that it reads by was reset: to
 * a container a reset says that what it was given before means nothing any more, and those records are to be processed.
 */
// Long because it is an interface whole; most of it is the consumer's that it reads by.
export class RangeConsumer implements Consumer {
  readonly #init: RangeConsumerInit;
  readonly #consumer: Consumer;
  /** Of the next record that `poll` hands out. */
  #position: number;
  /** The log that it is a range of is not there any more: all that is left of it is a gap, wherever it is sought. */
  #isGone = false;
  /** By whoever reads by it. */
  #isPaused = false;

  constructor(init: RangeConsumerInit) {
    this.#init = init;
    this.#consumer = init.consumer;
    this.#position = init.range.done;
  }

  /**
   * Looks whether the topic was made anew before it waits for records and when it has them: brokers may tell its id only with
   * these, and a consumer that was sought takes the topic that it finds for the one that was meant.
   */
  async poll(timeoutMs: number, maxRecords?: number): Promise<ConsumerRecords> {
    const records = this.#isLost() ? ConsumerRecords.EMPTY : await this.#consumer.poll(timeoutMs, maxRecords);
    if (this.#isRead) return ConsumerRecords.EMPTY;
    if (this.#isLost()) return new ConsumerRecords([this.#giveUp()]);
    return new ConsumerRecords(records.partitions.map((batch) => this.#withinRange(batch)));
  }

  assign(partitions: readonly TopicPartition[]): Promise<void> {
    return this.#consumer.assign(partitions);
  }

  /** The range's progress, and its end. */
  async commit(offsets: TopicPartitionOffsets): Promise<void> {
    const { range, ledger, gaps, onWritten } = this.#init;
    for (const { offset } of offsets) {
      const missing = (range.missing ?? 0) + gaps.countBelow(offset);
      if (offset >= range.to) await ledger.delete(range);
      else await ledger.write([{ ...range, done: Math.max(offset, range.from), missing }]);
      onWritten(offset);
    }
  }

  committed(): Promise<TopicPartitionOffsets> {
    const { topic, partition, done } = this.#init.range;
    return Promise.resolve([{ topic, partition, offset: done }]);
  }

  /** Known also while the consumer looks for a position: a range whose records do not come has to show. */
  lag(): readonly PartitionLag[] {
    const { to } = this.#init.range;
    const position = this.#position;
    return this.assignment().map((at) => ({ ...at, position, endOffset: to, lag: Math.max(0, to - position) }));
  }

  pause(): void {
    this.#isPaused = true;
    this.#steer();
  }

  resume(): void {
    this.#isPaused = false;
    this.#steer();
  }

  /** A listener may go back into the range when all of it was polled, but not to what lies before: that is none of it. */
  seek(partition: TopicPartition, offset: number): void {
    this.#position = Math.max(offset, this.#init.range.from);
    this.#init.gaps.sought(this.#position);
    this.#consumer.seek(partition, this.#position);
    this.#steer();
  }

  subscribe(): Promise<void> {
    return Promise.reject(new TypeError('a range is read without a group'));
  }

  wakeup(): void {
    this.#consumer.wakeup();
  }

  paused(): readonly TopicPartition[] {
    return this.#isPaused ? this.assignment() : [];
  }

  assignment(): readonly TopicPartition[] {
    return this.#consumer.assignment();
  }

  seekToBeginning(partitions: readonly TopicPartition[]): Promise<void> {
    return this.#seekAll(partitions, this.#init.range.from);
  }

  seekToEnd(partitions: readonly TopicPartition[]): Promise<void> {
    return this.#seekAll(partitions, this.#init.range.to);
  }

  position(): number {
    return this.#position;
  }

  offsetsForTimes(
    times: readonly (TopicPartition & { readonly timestamp: number })[],
  ): Promise<readonly (TopicPartitionOffset & { readonly timestamp: number })[]> {
    return this.#consumer.offsetsForTimes(times);
  }

  beginningOffsets(partitions: readonly TopicPartition[]): Promise<TopicPartitionOffsets> {
    return this.#consumer.beginningOffsets(partitions);
  }

  endOffsets(partitions: readonly TopicPartition[]): Promise<TopicPartitionOffsets> {
    return this.#consumer.endOffsets(partitions);
  }

  groupMetadata(): ConsumerGroupMetadata {
    return this.#consumer.groupMetadata();
  }

  get lastRetriedError(): unknown {
    return this.#consumer.lastRetriedError;
  }

  close(options?: CloseOptions): Promise<void> {
    return this.#consumer.close(options);
  }

  /** Nothing of the range is left to be polled. */
  get #isRead(): boolean {
    return this.#position >= this.#init.range.to;
  }

  /** Whether what is left of it is a gap that nobody was told of. Told once that the log is another, it stays so. */
  #isLost(): boolean {
    const { range } = this.#init;
    const topicId = this.#consumer.topicId?.(range);
    if (range.topicId !== undefined && topicId !== undefined && range.topicId !== topicId) this.#isGone = true;
    return this.#isGone && !this.#isRead;
  }

  #withinRange({ reset, ...batch }: PartitionRecords): PartitionRecords {
    const { range } = this.#init;
    if (reset !== undefined && !isShortened(reset)) return this.#giveUp();
    const nextOffset = Math.min(batch.nextOffset, range.to);
    if (reset !== undefined) this.#meetGap(Math.min(reset.to, range.to));
    this.#position = nextOffset;
    if (this.#isRead) this.#steer();
    if (nextOffset === batch.nextOffset) return batch;
    return { ...batch, records: batch.records.filter(({ offset }) => offset < nextOffset), nextOffset };
  }

  /** Below where its replay went on all was processed, or is counted as missing: nothing there is missing anew. */
  #meetGap(to: number): void {
    const { range, gaps } = this.#init;
    gaps.meet(Math.max(this.#position, range.done), to);
  }

  #giveUp(): PartitionRecords {
    const { topic, partition, to } = this.#init.range;
    this.#isGone = true;
    this.#meetGap(to);
    this.#position = to;
    this.#steer();
    return { topic, partition, records: [], nextOffset: to };
  }

  /** What is behind the range is not fetched, nor is what stands in its place. */
  #steer(): void {
    const at = [this.#init.range];
    if (this.#isPaused || this.#isGone || this.#isRead) this.#consumer.pause(at);
    else this.#consumer.resume(at);
  }

  #seekAll(partitions: readonly TopicPartition[], offset: number): Promise<void> {
    for (const partition of partitions) this.seek(partition, offset);
    return Promise.resolve();
  }
}

/** Retention deletes the beginning of a log. Any other reset, and one back, says that it is another log. */
const isShortened = ({ reason, from, to }: PositionReset): boolean => reason === 'out-of-range' && to >= from;
