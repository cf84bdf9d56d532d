import { txnOffsetCommitApi, type TxnOffsetCommitRequest, type TxnOffsetCommitResponse } from '@hearken/protocol';
import { BrokerError } from '../broker-error.js';
import type { Cluster } from '../cluster/cluster.js';
import type { Handler } from './handler.js';
import { requireCoordinator } from './require-coordinator.js';

/** Asked of the group's coordinator, not the transaction's. */
export const txnOffsetCommitHandler = (cluster: Cluster): Handler<TxnOffsetCommitRequest, TxnOffsetCommitResponse> => ({
  api: txnOffsetCommitApi,

  handle(request, { version, nodeId }) {
    const { groupId } = request;
    try {
      requireCoordinator(cluster, 'group', groupId, nodeId);
      return cluster.groups.commitTransactional(request, () =>
        cluster.transactions.verify(request, { groupId }, { abortable: version >= 4 }),
      );
    } catch (error) {
      if (error instanceof BrokerError) return answer(request, error.errorCode);
      throw error;
    }
  },

  refuse: answer,
});

function answer({ topics }: TxnOffsetCommitRequest, errorCode: number): TxnOffsetCommitResponse {
  return {
    throttleTimeMs: 0,
    topics: topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })),
    })),
  };
}
