import { addOffsetsToTxnApi, type AddOffsetsToTxnRequest, type AddOffsetsToTxnResponse } from '@hearken/protocol';
import type { Cluster } from '../cluster/cluster.js';
import { fencingErrorCodeOf } from './fencing-error-code.js';
import type { Handler } from './handler.js';
import { requireCoordinator } from './require-coordinator.js';

export const addOffsetsToTxnHandler = (cluster: Cluster): Handler<AddOffsetsToTxnRequest, AddOffsetsToTxnResponse> => ({
  api: addOffsetsToTxnApi,

  handle(request, { version, nodeId }) {
    const errorCode = fencingErrorCodeOf(version, 2, () => {
      requireCoordinator(cluster, 'transaction', request.transactionalId, nodeId);
      cluster.transactions.addOffsets(request, request.groupId);
    });
    return { throttleTimeMs: 0, errorCode };
  },

  refuse: (_request, errorCode) => ({ throttleTimeMs: 0, errorCode }),
});
