import type { Consumer, Logger, TopicPartition, TopicPartitionOffset } from '@hearken/core';
import { describePartitions, topicPartitionKey } from '@hearken/core/internal';

/** What the group committed, by partition; undefined where that is nothing or cannot be read. */
export async function readCommitted(
  consumer: Pick<Consumer, 'committed'>,
  partitions: readonly TopicPartition[],
  logger: Logger,
): Promise<(partition: TopicPartition) => TopicPartitionOffset | undefined> {
  const found = new Map<string, TopicPartitionOffset>();
  try {
    for (const at of await consumer.committed(partitions)) found.set(topicPartitionKey(at), at);
  } catch (error) {
    // Not knowing costs one commit of what is written already.
    logger.warn({ partitions: describePartitions(partitions), error }, 'committed offsets could not be read');
  }
  return (partition) => found.get(topicPartitionKey(partition));
}
