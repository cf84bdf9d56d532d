import type { Headers, HeadersInit } from './headers.js';
import type { TopicPartition, TopicPartitionOffset } from './topic-partition.js';

/** Bytes as they stand in the log; null is absent (a key) or a tombstone (a value). */
export type Bytes = Buffer | null;

/** A record read from Kafka. Offsets and timestamps are exact: the client refuses numbers above 2^53. */
export interface ConsumerRecord<K = Bytes, V = Bytes> {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Milliseconds since 1970; -1 if the record has none. */
  readonly timestamp: number;
  /** Who set the timestamp: the producer, or the broker when it appended the record. */
  readonly timestampType: 'create-time' | 'log-append-time';
  readonly key: K;
  readonly value: V;
  /** Parsed on first use: `{ ...record }` leaves them out. */
  readonly headers: Headers;
  /** Epoch of the leader that appended the record, if the broker told (KIP-320). */
  readonly leaderEpoch?: number;
  /** What key, value and headers take; undefined if nobody knows. */
  readonly sizeInBytes?: number;
}

/** A record to send. */
export interface ProducerRecord<K = Bytes, V = Bytes> {
  readonly topic: string;
  /** Chosen by the partitioner if absent. */
  readonly partition?: number;
  /** Milliseconds since 1970. @default now */
  readonly timestamp?: number;
  readonly key?: K;
  readonly value: V;
  readonly headers?: HeadersInit;
}

/** Where a record was written. */
export interface RecordMetadata extends TopicPartition {
  /** -1 if the broker does not tell: `acks: 0`, or a retried batch that it had already. */
  readonly offset: number;
  /** The broker's append time for topics with log append time, else the record's own. */
  readonly timestamp: number;
}

/** Reading goes on elsewhere though nobody sought: its position meant nothing in the log as it is now. */
export interface PositionReset {
  /** The log does not hold the position; an election lost records that were read; the topic was deleted and made anew. */
  readonly reason: 'out-of-range' | 'log-truncated' | 'topic-recreated';
  /** The position that was left. */
  readonly from: number;
  readonly to: number;
}

/** The consecutive records of one partition in one poll. */
export interface PartitionRecords extends TopicPartition {
  readonly records: readonly ConsumerRecord[];
  /**
   * The position after this poll: where the next one goes on. It may lie past the last record's offset + 1, and move
   * with no record at all, because transaction markers and compacted records take offsets too.
   */
  readonly nextOffset: number;
  readonly leaderEpoch?: number;
  /** What happened before the first of these records. */
  readonly reset?: PositionReset;
  /**
   * Records may be views on what they were fetched with, all of which is kept as long as one of them is. The size of the
   * memory that these are the first polled ones of; undefined for none, or if nobody knows.
   */
  readonly memoryBytes?: number;
}

/** What one poll returns. */
export class ConsumerRecords implements Iterable<ConsumerRecord> {
  static readonly EMPTY = new ConsumerRecords([]);
  /** One entry per partition that delivered records or moved its position. */
  readonly partitions: readonly PartitionRecords[];
  readonly count: number;

  constructor(partitions: readonly PartitionRecords[]) {
    this.partitions = partitions;
    let count = 0;
    for (const { records } of partitions) count += records.length;
    this.count = count;
  }

  get isEmpty(): boolean {
    return this.count === 0;
  }

  /** Positions after this poll, of the partitions it touched. */
  get nextOffsets(): readonly TopicPartitionOffset[] {
    return this.partitions.map(({ topic, partition, nextOffset, leaderEpoch }) =>
      leaderEpoch === undefined
        ? { topic, partition, offset: nextOffset }
        : { topic, partition, offset: nextOffset, leaderEpoch },
    );
  }

  *[Symbol.iterator](): IterableIterator<ConsumerRecord> {
    for (const { records } of this.partitions) yield* records;
  }
}
