import {
  errorCodes,
  offsetForLeaderEpochApi,
  type OffsetForLeaderEpochRequest,
  type OffsetForLeaderEpochResponse,
} from '@hearken/protocol';
import { BrokerError } from '../broker-error.js';
import type { Cluster } from '../cluster/cluster.js';
import type { Handler } from './handler.js';
import { ledPartition } from './led-partition.js';

type AskedPartition = OffsetForLeaderEpochRequest['topics'][number]['partitions'][number];
type PartitionAnswer = OffsetForLeaderEpochResponse['topics'][number]['partitions'][number];

export const offsetForLeaderEpochHandler = (
  cluster: Cluster,
): Handler<OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse> => ({
  api: offsetForLeaderEpochApi,
  handle: (request, { nodeId }) => answer(request, (topic, asked) => lookUp(cluster, nodeId, topic, asked)),
  refuse: (request, errorCode) => answer(request, (_topic, { partition }) => refused(partition, errorCode)),
});

const answer = (
  { topics }: OffsetForLeaderEpochRequest,
  answerOne: (topic: string, asked: AskedPartition) => PartitionAnswer,
): OffsetForLeaderEpochResponse => ({
  throttleTimeMs: 0,
  topics: topics.map(({ topic, partitions }) => ({
    topic,
    partitions: partitions.map((asked) => answerOne(topic, asked)),
  })),
});

function lookUp(cluster: Cluster, nodeId: number, topic: string, asked: AskedPartition): PartitionAnswer {
  const { partition, currentLeaderEpoch, leaderEpoch } = asked;
  try {
    const { log } = ledPartition(cluster, nodeId, { topic, partition, leaderEpoch: currentLeaderEpoch });
    return { errorCode: errorCodes.NONE, partition, ...log.endOffsetForEpoch(leaderEpoch) };
  } catch (error) {
    if (error instanceof BrokerError) return refused(partition, error.errorCode);
    throw error;
  }
}

const refused = (partition: number, errorCode: number): PartitionAnswer => ({
  errorCode,
  partition,
  leaderEpoch: -1,
  endOffset: -1,
});
