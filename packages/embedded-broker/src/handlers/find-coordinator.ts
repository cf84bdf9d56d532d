import {
  errorCodes,
  errorName,
  findCoordinatorApi,
  type FindCoordinatorRequest,
  type FindCoordinatorResponse,
} from '@hearken/protocol';
import type { Cluster } from '../cluster/cluster.js';
import type { CoordinatorType } from '../cluster/coordinators.js';
import { LISTEN_HOST } from '../net/listener.js';
import type { Handler } from './handler.js';

/** By the number that requests have for it. */
const TYPES: readonly CoordinatorType[] = ['group', 'transaction'];

export const findCoordinatorHandler = (cluster: Cluster): Handler<FindCoordinatorRequest, FindCoordinatorResponse> => ({
  api: findCoordinatorApi,
  handle(request, context) {
    const type = TYPES[request.keyType];
    if (type === undefined) return this.refuse(request, errorCodes.INVALID_REQUEST, context);
    const node = cluster.brokers.get(cluster.coordinatorOf(type, request.key));
    if (node === undefined) return this.refuse(request, errorCodes.COORDINATOR_NOT_AVAILABLE, context);
    const { nodeId, port } = node;
    return { throttleTimeMs: 0, errorCode: errorCodes.NONE, errorMessage: 'NONE', nodeId, host: LISTEN_HOST, port };
  },
  refuse: (_request, errorCode) => ({
    throttleTimeMs: 0,
    errorCode,
    errorMessage: errorName(errorCode),
    nodeId: -1,
    host: '',
    port: -1,
  }),
});
