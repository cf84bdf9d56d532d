import { alterConfigsApi, type AlterConfigsRequest, type AlterConfigsResponse } from '@hearken/protocol';
import type { Cluster } from '../cluster/cluster.js';
import { alterOperations } from '../config/alter-operation.js';
import { alter, refuseAlter } from './alter-configs-answer.js';
import type { Handler } from './handler.js';

/** What is not named is no longer set: it is all put on nothing. */
export const alterConfigsHandler = (cluster: Cluster): Handler<AlterConfigsRequest, AlterConfigsResponse> => ({
  api: alterConfigsApi,
  handle: (request, { nodeId }) =>
    alter(cluster, nodeId, {
      ...request,
      operationsOf: ({ configs }) => configs.map((config) => ({ ...config, configOperation: alterOperations.set })),
      baseOf: () => ({ overrides: {}, describe: () => [] }),
    }),
  refuse: ({ resources }, errorCode) => refuseAlter(resources, errorCode),
});
