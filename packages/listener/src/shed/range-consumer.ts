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
import type { ShedLedger } from './shed-ledger.js';
import type { RecordedRange } from './shed-range.js';

export interface RangeConsumerInit {
  readonly consumer: Consumer;
  readonly range: RecordedRange;
  readonly ledger: Pick<ShedLedger, 'write' | 'delete'>;
  /** So many offsets of the range are not there any more. */
  readonly onMissing: (offsets: number) => void;
  /** All of it has ended, and that is written. */
  readonly onEnded: () => void;
}

/**
 * A consumer for which a partition ends where a range does, and what is committed is the range's progress: so a container
 * that reads by it replays the range, and all it knows of commits holds for that.
 */
// Long because it is an interface whole; most of it is the consumer's that it reads by.
export class RangeConsumer implements Consumer {
  readonly #init: RangeConsumerInit;
  readonly #consumer: Consumer;
  /** Nothing of the range is left to be polled. */
  #isRead = false;
  /** What there is to tell before anything else. */
  #first: PartitionRecords | undefined;

  constructor(init: RangeConsumerInit) {
    this.#init = init;
    this.#consumer = init.consumer;
  }

  async poll(timeoutMs: number, maxRecords?: number): Promise<ConsumerRecords> {
    const first = this.#first;
    this.#first = undefined;
    if (first !== undefined) return new ConsumerRecords([first]);
    const records = await this.#consumer.poll(timeoutMs, maxRecords);
    if (this.#isRead) return ConsumerRecords.EMPTY;
    return new ConsumerRecords(records.partitions.map((batch) => this.#withinRange(batch)));
  }

  async assign(partitions: readonly TopicPartition[]): Promise<void> {
    const { range } = this.#init;
    await this.#consumer.assign(partitions);
    const topicId = this.#consumer.topicId?.(range);
    if (range.topicId === undefined || topicId === undefined || range.topicId === topicId) return;
    this.#missing(range.done, range.to); // the topic was made anew
    this.#first = { topic: range.topic, partition: range.partition, records: [], nextOffset: range.to };
    this.#read();
  }

  /** The range's progress, and its end. */
  async commit(offsets: TopicPartitionOffsets): Promise<void> {
    const { range, ledger } = this.#init;
    for (const { offset } of offsets) {
      if (offset < range.to) await ledger.write([{ ...range, done: offset }]);
      else await this.#end();
    }
  }

  committed(): Promise<TopicPartitionOffsets> {
    const { topic, partition, done } = this.#init.range;
    return Promise.resolve([{ topic, partition, offset: done }]);
  }

  lag(): readonly PartitionLag[] {
    const { to } = this.#init.range;
    return this.#consumer.lag().map((at) => ({ ...at, endOffset: to, lag: Math.max(0, to - at.position) }));
  }

  resume(partitions: readonly TopicPartition[]): void {
    if (!this.#isRead) this.#consumer.resume(partitions);
  }

  subscribe(): Promise<void> {
    return Promise.reject(new TypeError('a range is read without a group'));
  }

  wakeup(): void {
    this.#consumer.wakeup();
  }

  pause(partitions: readonly TopicPartition[]): void {
    this.#consumer.pause(partitions);
  }

  paused(): readonly TopicPartition[] {
    return this.#consumer.paused();
  }

  assignment(): readonly TopicPartition[] {
    return this.#consumer.assignment();
  }

  seek(partition: TopicPartition, offset: number): void {
    this.#consumer.seek(partition, offset);
  }

  seekToBeginning(partitions: readonly TopicPartition[]): Promise<void> {
    return this.#consumer.seekToBeginning(partitions);
  }

  seekToEnd(partitions: readonly TopicPartition[]): Promise<void> {
    return this.#consumer.seekToEnd(partitions);
  }

  position(partition: TopicPartition): number {
    return this.#consumer.position(partition);
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

  close(options?: CloseOptions): Promise<void> {
    return this.#consumer.close(options);
  }

  #withinRange(batch: PartitionRecords): PartitionRecords {
    const { to } = this.#init.range;
    const reset = batch.reset && this.#resetWithin(batch.reset);
    if (reset === undefined && batch.nextOffset < to) return batch;
    const records = reset?.to === to ? [] : batch.records.filter(({ offset }) => offset < to);
    const nextOffset = reset?.to === to ? to : Math.min(batch.nextOffset, to);
    if (nextOffset === to) this.#read();
    return { ...batch, records, nextOffset, ...(reset !== undefined && { reset }) };
  }

  /** Retention deletes the beginning of a range, and in time all of it. Any other reset, and one back, says that the log is another. */
  #resetWithin(reset: PositionReset): PositionReset {
    const { to } = this.#init.range;
    const isShortened = reset.reason === 'out-of-range' && reset.to >= reset.from && reset.to < to;
    const goesOnAt = isShortened ? reset.to : to;
    this.#missing(reset.from, goesOnAt);
    return { ...reset, to: goesOnAt };
  }

  #missing(from: number, to: number): void {
    if (to > from) this.#init.onMissing(to - from);
  }

  /** What is fetched from now on is none of ours. */
  #read(): void {
    this.#isRead = true;
    this.#consumer.pause([this.#init.range]);
  }

  async #end(): Promise<void> {
    await this.#init.ledger.delete(this.#init.range);
    this.#init.onEnded();
  }
}
