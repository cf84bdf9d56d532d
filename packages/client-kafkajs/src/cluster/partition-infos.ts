import type { PartitionInfo } from '@hearken/core';
import type { TopicMetadata } from './metadata.js';

/** As the public API shows partitions. */
export function toPartitionInfos(topic: string, metadata: TopicMetadata): PartitionInfo[] {
  return metadata.partitions.map(({ partition, leader, replicas, isr }) => ({
    topic,
    partition,
    leader: leader < 0 ? undefined : leader,
    replicas,
    inSyncReplicas: isr,
  }));
}
