import { deleteGroupsApi, type DeleteGroupsRequest, type DeleteGroupsResponse } from '@hearken/protocol';
import { errorCodeOf } from '../groups/error-code-of.js';
import type { GroupCluster } from './group-handler.js';
import type { Handler } from './handler.js';
import { requireCoordinator } from './require-coordinator.js';

export const deleteGroupsHandler = (cluster: GroupCluster): Handler<DeleteGroupsRequest, DeleteGroupsResponse> => ({
  api: deleteGroupsApi,
  handle({ groupsNames }, context) {
    const results = [...new Set(groupsNames)].map((groupId) => ({
      groupId,
      errorCode: errorCodeOf(() => {
        requireCoordinator(cluster, 'group', groupId, context.nodeId);
        cluster.groups.delete(groupId);
      }),
    }));
    return { throttleTimeMs: 0, results };
  },
  refuse: ({ groupsNames }, errorCode) => ({
    throttleTimeMs: 0,
    results: groupsNames.map((groupId) => ({ groupId, errorCode })),
  }),
});
