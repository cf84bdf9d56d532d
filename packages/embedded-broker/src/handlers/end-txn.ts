import { endTxnApi, type EndTxnRequest, type EndTxnResponse } from '@hearken/protocol';
import type { Cluster } from '../cluster/cluster.js';
import { fencingErrorCodeOf } from './fencing-error-code.js';
import type { Handler } from './handler.js';
import { requireCoordinator } from './require-coordinator.js';

export const endTxnHandler = (cluster: Cluster): Handler<EndTxnRequest, EndTxnResponse> => ({
  api: endTxnApi,

  handle(request, { version, nodeId }) {
    const errorCode = fencingErrorCodeOf(version, 2, () => {
      requireCoordinator(cluster, 'transaction', request.transactionalId, nodeId);
      cluster.transactions.end(request, request.committed);
    });
    return { throttleTimeMs: 0, errorCode };
  },

  refuse: (_request, errorCode) => ({ throttleTimeMs: 0, errorCode }),
});
