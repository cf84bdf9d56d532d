import type { Consumer, ConsumerRebalanceListener, Logger, PartitionRecords, TopicPartition } from '@hearken/core';
import { positionIn } from '../position-in.js';
import type { OpenRanges } from './open-ranges.js';

export interface RangeReaderInit {
  readonly consumer: Consumer;
  /** The shed topic. */
  readonly topic: string;
  readonly ranges: OpenRanges;
  readonly pollTimeoutMs: number;
  readonly logger: Logger;
  readonly onAssigned: () => void;
  /** There may be something to do. */
  readonly onRead: () => void;
  /** These partitions of the shed topic go to another instance when this has ended. */
  readonly onGone: (homes: ReadonlySet<number>) => Promise<void>;
}

/**
 * Follows the shed topic. Of its partitions each has one instance that replays what is recorded in it: the group's membership
 * is the lock. Nothing is committed, as whoever gets a partition has to know all that is in it.
 */
export class RangeReader {
  readonly #init: RangeReaderInit;
  /**
   * Where partitions ended when they were assigned: until that is read, what stands there may be deleted further on. Of one
   * that nobody leads it is not known, and looked up when reading begins.
   */
  readonly #unread = new Map<number, { end: number | undefined }>();
  #isStopping = false;

  constructor(init: RangeReaderInit) {
    this.#init = init;
  }

  /** Whether `ranges` holds what is, and not what once was. */
  get hasReadAll(): boolean {
    return this.#unread.size === 0;
  }

  /** Reads until stopped. Rejects with the consumer's fatal error. */
  async run(): Promise<void> {
    const { consumer, topic, pollTimeoutMs, onRead } = this.#init;
    await consumer.subscribe([topic], this.#listener());
    while (!this.#isStopping) {
      const records = await consumer.poll(pollTimeoutMs);
      for (const record of records) this.#take(record);
      for (const batch of records.partitions) await this.#readTo(batch);
      onRead();
    }
  }

  stop(): void {
    this.#isStopping = true;
    this.#init.consumer.wakeup();
  }

  #take(record: Parameters<OpenRanges['read']>[0] & { readonly offset: number }): void {
    if (this.#init.ranges.read(record)) return;
    const { topic, logger } = this.#init;
    const { partition, offset } = record;
    logger.warn({ topic, partition, offset }, 'a record of the shed topic is no range: it is ignored');
  }

  /** Of a log that was cut off, or is another by now, the end that was known may never be reached: better a range twice. */
  async #readTo({ topic, partition, nextOffset, reset }: PartitionRecords): Promise<void> {
    const unread = this.#unread.get(partition);
    if (unread === undefined) return;
    if (unread.end === undefined) {
      const [last] = await this.#init.consumer.endOffsets([{ topic, partition }]);
      if (this.#unread.get(partition) !== unread) return; // it went meanwhile, and may be here again
      unread.end = last?.offset ?? 0;
    }
    if (nextOffset >= unread.end || reset !== undefined) this.#unread.delete(partition);
  }

  #listener(): ConsumerRebalanceListener {
    return {
      onPartitionsAssigned: (partitions) => this.#assigned(partitions),
      onPartitionsRevoked: (partitions) => this.#gone(partitions),
      onPartitionsLost: (partitions) => this.#gone(partitions),
    };
  }

  async #assigned(partitions: readonly TopicPartition[]): Promise<void> {
    const { consumer, onAssigned } = this.#init;
    const begun = partitions.filter((at) => positionIn(consumer, at) !== undefined);
    for (const at of partitions) if (!begun.includes(at)) this.#unread.set(at.partition, { end: undefined });
    await consumer.seekToBeginning(begun);
    const ends = begun.length > 0 ? await consumer.endOffsets(begun) : [];
    for (const { offset, ...at } of ends)
      if (offset > consumer.position(at)) this.#unread.set(at.partition, { end: offset });
    onAssigned();
  }

  async #gone(partitions: readonly TopicPartition[]): Promise<void> {
    const homes = new Set(partitions.map(({ partition }) => partition));
    for (const home of homes) this.#unread.delete(home);
    this.#init.ranges.drop(homes);
    await this.#init.onGone(homes);
  }
}
