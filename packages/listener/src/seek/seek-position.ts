import type { Consumer, TopicPartition, TopicPartitionOffset, TopicPartitionOffsets } from '@hearken/core';
import { topicPartitionKey } from '@hearken/core/internal';

/**
 * A place in a partition that has to be looked up: its oldest record, the end of the log, or the first record whose
 * timestamp, in milliseconds since 1970, is at least this (the end where there is none).
 */
export type SeekPosition = 'beginning' | 'end' | { readonly timestamp: number };

export type OffsetSource = Pick<Consumer, 'beginningOffsets' | 'endOffsets' | 'offsetsForTimes'>;

/** Where that is now, for each partition. */
export function lookUp(
  consumer: OffsetSource,
  to: SeekPosition,
  partitions: readonly TopicPartition[],
): Promise<TopicPartitionOffsets> {
  if (partitions.length === 0) return Promise.resolve([]);
  if (to === 'beginning') return consumer.beginningOffsets(partitions);
  if (to === 'end') return consumer.endOffsets(partitions);
  return lookUpTime(consumer, to.timestamp, partitions);
}

/** The ends first: a record that comes while we ask for times is found by its time or lies past the end that we know. */
async function lookUpTime(
  consumer: OffsetSource,
  timestamp: number,
  partitions: readonly TopicPartition[],
): Promise<TopicPartitionOffsets> {
  const ends = await consumer.endOffsets(partitions);
  const times = await consumer.offsetsForTimes(
    partitions.map(({ topic, partition }) => ({ topic, partition, timestamp })),
  );
  const byTime = new Map(times.map((found) => [topicPartitionKey(found), found.offset]));
  return ends.map((end): TopicPartitionOffset => ({
    topic: end.topic,
    partition: end.partition,
    offset: byTime.get(topicPartitionKey(end)) ?? end.offset,
  }));
}
