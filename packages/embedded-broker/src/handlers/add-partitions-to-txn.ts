import type { TopicPartition } from '@hearken/core';
import {
  addPartitionsToTxnApi,
  errorCodes,
  type AddPartitionsToTxnRequest,
  type AddPartitionsToTxnResponse,
} from '@hearken/protocol';
import type { Cluster } from '../cluster/cluster.js';
import { fencingErrorCodeOf } from './fencing-error-code.js';
import type { Handler } from './handler.js';
import { requireCoordinator } from './require-coordinator.js';

const { OPERATION_NOT_ATTEMPTED, UNKNOWN_TOPIC_OR_PARTITION } = errorCodes;

/** All partitions or none: one that does not exist keeps the others from being added. */
export const addPartitionsToTxnHandler = (
  cluster: Cluster,
): Handler<AddPartitionsToTxnRequest, AddPartitionsToTxnResponse> => ({
  api: addPartitionsToTxnApi,

  handle(request, { version, nodeId }) {
    const partitions = partitionsOf(request);
    const isKnown = ({ topic, partition }: TopicPartition): boolean =>
      cluster.partition(topic, partition) !== undefined;
    if (!partitions.every(isKnown)) {
      return answer(request, (one) => (isKnown(one) ? OPERATION_NOT_ATTEMPTED : UNKNOWN_TOPIC_OR_PARTITION));
    }
    const transactionalId = request.v3AndBelowTransactionalId;
    const errorCode = fencingErrorCodeOf(version, 2, () => {
      requireCoordinator(cluster, 'transaction', transactionalId, nodeId);
      const { v3AndBelowProducerId: producerId, v3AndBelowProducerEpoch: producerEpoch } = request;
      cluster.transactions.addPartitions({ transactionalId, producerId, producerEpoch }, partitions);
    });
    return answer(request, () => errorCode);
  },

  refuse: (request, errorCode) => answer(request, () => errorCode),
});

const partitionsOf = ({ v3AndBelowTopics }: AddPartitionsToTxnRequest): TopicPartition[] =>
  v3AndBelowTopics.flatMap(({ name, partitions }) => partitions.map((partition) => ({ topic: name, partition })));

const answer = (
  { v3AndBelowTopics }: AddPartitionsToTxnRequest,
  errorCodeOf: (partition: TopicPartition) => number,
): AddPartitionsToTxnResponse => ({
  throttleTimeMs: 0,
  resultsByTopicV3AndBelow: v3AndBelowTopics.map(({ name, partitions }) => ({
    name,
    resultsByPartition: partitions.map((partition) => ({
      partitionIndex: partition,
      partitionErrorCode: errorCodeOf({ topic: name, partition }),
    })),
  })),
});
