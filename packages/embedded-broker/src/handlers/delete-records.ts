import { deleteRecordsApi, type DeleteRecordsRequest, type DeleteRecordsResponse } from '@hearken/protocol';
import { BrokerError } from '../broker-error.js';
import type { Cluster } from '../cluster/cluster.js';
import type { Handler } from './handler.js';
import { ledPartition } from './led-partition.js';
import { orRefusal } from './verdict.js';

type AskedPartition = DeleteRecordsRequest['topics'][number]['partitions'][number];
type PartitionAnswer = DeleteRecordsResponse['topics'][number]['partitions'][number];

export const deleteRecordsHandler = (cluster: Cluster): Handler<DeleteRecordsRequest, DeleteRecordsResponse> => ({
  api: deleteRecordsApi,
  handle: (request, { nodeId }) =>
    answer(request, (topic, { partitionIndex, offset }) =>
      orRefusal(
        () => ({
          partitionIndex,
          lowWatermark: deleteBefore(cluster, nodeId, { topic, partitionIndex, offset }),
          errorCode: 0,
        }),
        ({ errorCode }) => refused(partitionIndex, errorCode),
      ),
    ),
  refuse: (request, errorCode) => answer(request, (_topic, { partitionIndex }) => refused(partitionIndex, errorCode)),
});

const answer = (
  { topics }: DeleteRecordsRequest,
  answerOne: (topic: string, partition: AskedPartition) => PartitionAnswer,
): DeleteRecordsResponse => ({
  throttleTimeMs: 0,
  topics: topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map((partition) => answerOne(name, partition)),
  })),
});

/** @returns where the log starts now */
function deleteBefore(
  cluster: Cluster,
  nodeId: number,
  { topic, partitionIndex, offset }: AskedPartition & { readonly topic: string },
): number {
  const { log } = ledPartition(cluster, nodeId, { topic, partition: partitionIndex });
  if (cluster.topic(topic)?.config.deletes === false) throw new BrokerError('POLICY_VIOLATION');
  return log.deleteRecordsBefore(offset);
}

const refused = (partitionIndex: number, errorCode: number): PartitionAnswer => ({
  partitionIndex,
  lowWatermark: -1,
  errorCode,
});
