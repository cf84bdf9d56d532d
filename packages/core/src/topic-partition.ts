/** One partition of one topic. */
export interface TopicPartition {
  readonly topic: string;
  /** From 0. */
  readonly partition: number;
}

/** A position in a partition: the offset of the *next* record to read, as Kafka commits it. */
export interface TopicPartitionOffset extends TopicPartition {
  readonly offset: number;
  /** Epoch of the leader that wrote the record before `offset`, if known (KIP-320). */
  readonly leaderEpoch?: number;
  /** Free text kept with a committed offset; the broker allows 4 096 characters by default. */
  readonly metadata?: string;
}

export type TopicPartitionOffsets = readonly TopicPartitionOffset[];

/** A string that is equal for equal partitions. Topic names cannot hold a colon, so the form is unambiguous. */
export const topicPartitionKey = ({ topic, partition }: TopicPartition): string => `${topic}:${partition}`;

/** "orders-3", as Kafka's own tools print it. For messages only: topic names may hold dashes. */
export const describePartition = ({ topic, partition }: TopicPartition): string => `${topic}-${partition}`;

/** "orders-3, orders-4", for messages. */
export const describePartitions = (partitions: Iterable<TopicPartition>): string =>
  Array.from(partitions, describePartition).join(', ') || 'none';
