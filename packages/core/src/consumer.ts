import type { CloseOptions, PartitionInfo } from './producer.js';
import type { ConsumerRecords } from './records.js';
import type { TopicPartition, TopicPartitionOffset, TopicPartitionOffsets } from './topic-partition.js';

/**
 * Told when partitions come and go. Calls do not overlap, but for one: while `onPartitionsRevoked` takes its time, all may be
 * found to be lost, and `onPartitionsLost` is called at once. Each is awaited; one that rejects is fatal for the consumer:
 * `poll` rejects with its error.
 */
export interface ConsumerRebalanceListener {
  /** Awaited before the partitions are given up. Commits of them still work here; `poll` no longer returns them. */
  onPartitionsRevoked(partitions: readonly TopicPartition[]): Promise<void>;
  /**
   * Awaited before the first record of them; `seek` works. Positions are known, but for partitions whose offsets nobody could
   * tell so far, as they have no leader: those are looked for further on, and the first `poll` that knows one tells it, if
   * need be without records. An empty assignment is told too.
   */
  onPartitionsAssigned(partitions: readonly TopicPartition[]): Promise<void>;
  /** They are gone already (evicted, fenced): too late to commit. May be called while `onPartitionsRevoked` is at work. */
  onPartitionsLost(partitions: readonly TopicPartition[]): Promise<void>;
}

/** Who this consumer is in its group; -1 and '' outside a generation. */
export interface ConsumerGroupMetadata {
  readonly groupId: string;
  readonly generationId: number;
  readonly memberId: string;
  readonly groupInstanceId?: string;
}

/** How far behind the end of a partition the position is; what the last fetch told, so undefined before the first. */
export interface PartitionLag extends TopicPartition {
  readonly position: number;
  readonly endOffset: number | undefined;
  readonly lag: number | undefined;
}

/**
 * Reads records. Owned by one caller: a container's poll loop and its committer. Group membership, heartbeats and fetching
 * go on in the background whether or not `poll` is outstanding; heartbeats stop only when `poll` was not called for
 * `maxPollIntervalMs`.
 */
export interface Consumer {
  /** Joins the group for these topics. Resolves at once; assignments are told to the listener. */
  subscribe(topics: readonly string[] | RegExp, listener?: ConsumerRebalanceListener): Promise<void>;
  /**
   * Reads these partitions without group membership. Resolves when their positions are known, or a second after what the group
   * committed is: one that nobody leads gets its position later, told by `poll`. Replaces the last assignment.
   */
  assign(partitions: readonly TopicPartition[]): Promise<void>;
  /**
   * The next records, at most `maxRecords`; empty after `timeoutMs`, on `wakeup` and when what was outstanding is revoked.
   * One call at a time. `maxRecords` 0 returns at once: it only says that the caller is alive.
   * Rejects with the fatal error, once there is one, for ever.
   */
  poll(timeoutMs: number, maxRecords?: number): Promise<ConsumerRecords>;
  /** Makes the outstanding `poll`, or else the next one, return empty. */
  wakeup(): void;
  /** `poll` returns no records of these until `resume`; what is buffered is kept. Partitions not assigned are ignored. */
  pause(partitions: readonly TopicPartition[]): void;
  resume(partitions: readonly TopicPartition[]): void;
  paused(): readonly TopicPartition[];
  assignment(): readonly TopicPartition[];
  /** The next `poll` goes on here. @throws IllegalStateError for a partition that is not assigned */
  seek(partition: TopicPartition, offset: number): void;
  seekToBeginning(partitions: readonly TopicPartition[]): Promise<void>;
  seekToEnd(partitions: readonly TopicPartition[]): Promise<void>;
  /**
   * Offset of the next record `poll` will return; while that means nothing any more, and another is looked for, the old one.
   * @throws IllegalStateError for a partition that is not assigned, `NO_POSITION` while it is looked for where to begin
   */
  position(partition: TopicPartition): number;
  /**
   * Resolves when every offset is written, never before; rejects with {@link CommitFailedError}. Retriable errors are
   * retried within the request time-out; a commit of a lost or older generation is refused. Of calls that overlap in time the
   * later one's offset of a partition stays: with it written, the earlier one has nothing left to write, and resolves.
   */
  commit(offsets: TopicPartitionOffsets): Promise<void>;
  /** What the group committed; partitions without are left out. */
  committed(partitions: readonly TopicPartition[]): Promise<TopicPartitionOffsets>;
  /** Per partition the first offset whose timestamp is at least this; partitions without one are left out. */
  offsetsForTimes(
    times: readonly (TopicPartition & { readonly timestamp: number })[],
  ): Promise<readonly (TopicPartitionOffset & { readonly timestamp: number })[]>;
  beginningOffsets(partitions: readonly TopicPartition[]): Promise<TopicPartitionOffsets>;
  /** The last stable offset under `read_committed`, else the high watermark. */
  endOffsets(partitions: readonly TopicPartition[]): Promise<TopicPartitionOffsets>;
  lag(): readonly PartitionLag[];
  groupMetadata(): ConsumerGroupMetadata;
  /**
   * Id of the topic that an assigned partition is read of: one that is deleted and made anew, or another cluster's of that
   * name, has another. Undefined if brokers do not tell.
   */
  topicId?(partition: TopicPartition): string | undefined;
  /**
   * What brokers know of a topic; waits for no leader, and to ask does not make the topic. Rejects with the broker's
   * `UNKNOWN_TOPIC_OR_PARTITION` where there is none. @default not there: whether a topic exists is asked of its partition 0
   */
  partitionsFor?(topic: string): Promise<readonly PartitionInfo[]>;
  /**
   * What is set for a topic, by Kafka's names: what holds, also where it is the broker's default. Rejects with the broker's
   * `TOPIC_AUTHORIZATION_FAILED` where it may not be seen (`DescribeConfigs`). @default not there: nobody can tell
   */
  topicConfig?(topic: string): Promise<Readonly<Record<string, string>>>;
  /** What joining the group failed with last, while it is tried again: for whoever waits for it in vain. */
  readonly lastRetriedError?: unknown;
  /** Leaves the group and lets go. The rebalance listener is told of what was assigned. Idempotent, bounded. */
  close(options?: CloseOptions): Promise<void>;
}

/** What a container may set for its own consumer. */
export interface ConsumerOverrides {
  readonly groupId?: string;
  /** Appended to the client id. */
  readonly clientIdSuffix?: string;
  readonly maxPollRecords?: number;
  /**
   * How partitions should move if the factory's user has not said it: `'cooperative'` for an owner that keeps over a
   * rebalance what it is not told to give up (KIP-429). @default what the factory takes for the safest
   */
  readonly rebalanceProtocol?: 'eager' | 'cooperative';
  /** Where to read where nothing is committed, or what was to be read is gone. @default what the factory's user said */
  readonly autoOffsetReset?: 'earliest' | 'latest' | 'none';
  /**
   * By topic, the partitions that the group shares out: no member gets any other of that topic. One that does not exist is
   * shared out once it does. All members have to say the same: who says something else is refused, and must not be taken in.
   * Only for a factory that `takesGroupPartitions`. @default all partitions of all topics
   */
  readonly groupPartitions?: ReadonlyMap<string, readonly number[]>;
}

export interface ConsumerFactory {
  /** The group of consumers made without an override. */
  readonly groupId: string | undefined;
  readonly maxPollIntervalMs: number;
  /** How many fetched bytes a consumer keeps for `poll`, so about the most that a poll brings; undefined if nobody knows. */
  readonly fetchMaxBytes?: number;
  /** Whether its consumers heed `groupPartitions`. One that does not would read what is not its group's. @default false */
  readonly takesGroupPartitions?: boolean;
  /** Does not connect: a wrong address rejects the first call that needs a broker. */
  createConsumer(overrides?: ConsumerOverrides): Consumer;
}
