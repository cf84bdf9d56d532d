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
  /** The log that it is a range of is there no more: nobody goes back into it. */
  #isGone = false;
  /** Whoever reads by it paused the range. */
  #isPaused = false;
  /** Where the next record is expected. */
  #position: number;
  /** What there is to tell before anything else. */
  #first: PartitionRecords | undefined;

  constructor(init: RangeConsumerInit) {
    this.#init = init;
    this.#consumer = init.consumer;
    this.#position = init.range.done;
  }

  async poll(timeoutMs: number, maxRecords?: number): Promise<ConsumerRecords> {
    const first = this.#first;
    this.#first = undefined;
    if (first !== undefined) return new ConsumerRecords([first]);
    const records = await this.#consumer.poll(timeoutMs, maxRecords);
    if (this.#isRead) return ConsumerRecords.EMPTY;
    if (this.#isOfAnotherTopic) return new ConsumerRecords([this.#giveUp()]);
    return new ConsumerRecords(records.partitions.map((batch) => this.#withinRange(batch)));
  }

  /** Of a topic that was made anew no record is handed out. Brokers may not have told its id by now: `poll` looks again. */
  async assign(partitions: readonly TopicPartition[]): Promise<void> {
    await this.#consumer.assign(partitions);
    if (this.#isOfAnotherTopic) this.#first = this.#giveUp();
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
    this.#isPaused = false;
    if (!this.#isRead) this.#consumer.resume(partitions);
  }

  subscribe(): Promise<void> {
    return Promise.reject(new TypeError('a range is read without a group'));
  }

  wakeup(): void {
    this.#consumer.wakeup();
  }

  pause(partitions: readonly TopicPartition[]): void {
    this.#isPaused = true;
    this.#consumer.pause(partitions);
  }

  paused(): readonly TopicPartition[] {
    return this.#consumer.paused();
  }

  assignment(): readonly TopicPartition[] {
    return this.#consumer.assignment();
  }

  /** A listener may go back into the range although all of it was polled. */
  seek(partition: TopicPartition, offset: number): void {
    this.#consumer.seek(partition, offset);
    this.#position = offset;
    if (!this.#isRead || this.#isGone || offset >= this.#init.range.to) return;
    this.#isRead = false;
    if (!this.#isPaused) this.#consumer.resume([partition]);
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

  /**
   * Offsets that are not there any more are a gap for whoever reads by it, as after compaction, and no reset: a reset would let go
   * of the records that were polled before, and those are to be processed.
   */
  #withinRange({ reset, ...batch }: PartitionRecords): PartitionRecords {
    const { to } = this.#init.range;
    const isGone = reset !== undefined && this.#goesOnAt(reset) === to;
    if (isGone) this.#isGone = true;
    const nextOffset = isGone ? to : Math.min(batch.nextOffset, to);
    this.#position = nextOffset;
    if (nextOffset === to) this.#read();
    if (!isGone && nextOffset === batch.nextOffset) return batch;
    return { ...batch, records: isGone ? [] : batch.records.filter(({ offset }) => offset < to), nextOffset };
  }

  /** Retention deletes the beginning of a range, and in time all of it. Any other reset, and one back, says that the log is another. */
  #goesOnAt({ reason, from, to: resetTo }: PositionReset): number {
    const { to } = this.#init.range;
    const isShortened = reason === 'out-of-range' && resetTo >= from && resetTo < to;
    const at = isShortened ? resetTo : to;
    this.#missing(from, at);
    return at;
  }

  /** Whether what is read is another topic of that name: it was deleted and made anew. */
  get #isOfAnotherTopic(): boolean {
    const { range } = this.#init;
    const topicId = this.#consumer.topicId?.(range);
    return range.topicId !== undefined && topicId !== undefined && range.topicId !== topicId;
  }

  #giveUp(): PartitionRecords {
    const { topic, partition, to } = this.#init.range;
    this.#isGone = true;
    this.#missing(this.#position, to);
    this.#read();
    return { topic, partition, records: [], nextOffset: to };
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
