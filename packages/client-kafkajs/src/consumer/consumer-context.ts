import type { Clock, Logger, TopicPartition } from '@hearken/core';
import type { Cluster } from '../cluster/cluster.js';
import type { Metadata, PartitionMetadata } from '../cluster/metadata.js';
import type { ResolvedConsumerOptions } from './consumer-options.js';

/** What a consumer needs of its cluster. Its own: no connection is shared with another consumer or a producer. */
export interface ConsumerCluster extends Pick<
  Cluster,
  'send' | 'askAny' | 'coordinator' | 'forgetCoordinator' | 'close'
> {
  readonly metadata: Pick<Metadata, 'topic' | 'revision' | 'refresh' | 'ensure' | 'allTopics'>;
}

/** What all parts of one consumer share. */
export interface ConsumerContext {
  readonly cluster: ConsumerCluster;
  readonly options: ResolvedConsumerOptions;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The error of the last attempt that is made again. Gone once the group is joined. */
  readonly retried: { error: unknown };
  /** Aborts when the consumer lets go of its connections: nothing is retried or waited for after that. */
  readonly closed: AbortSignal;
}

/** What is known of the partition and its leader; undefined while there is none. */
export function leaderOf(
  cluster: ConsumerCluster,
  { topic, partition }: TopicPartition,
): PartitionMetadata | undefined {
  const metadata = cluster.metadata.topic(topic)?.partitions[partition];
  return metadata === undefined || metadata.leader < 0 ? undefined : metadata;
}
