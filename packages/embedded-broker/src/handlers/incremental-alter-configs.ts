import {
  incrementalAlterConfigsApi,
  type IncrementalAlterConfigsRequest,
  type IncrementalAlterConfigsResponse,
} from '@hearken/protocol';
import type { Cluster } from '../cluster/cluster.js';
import { alter, refuseAlter } from './alter-configs-answer.js';
import type { Handler } from './handler.js';

export const incrementalAlterConfigsHandler = (
  cluster: Cluster,
): Handler<IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse> => ({
  api: incrementalAlterConfigsApi,
  handle: (request, { nodeId }) =>
    alter(cluster, nodeId, { ...request, operationsOf: ({ configs }) => configs, baseOf: (target) => target }),
  refuse: ({ resources }, errorCode) => refuseAlter(resources, errorCode),
});
