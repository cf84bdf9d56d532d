import { listGroupsApi, type ListGroupsRequest, type ListGroupsResponse } from '@hearken/protocol';
import type { GroupCluster } from './group-handler.js';
import type { Handler } from './handler.js';

/** All groups here are of the classic protocol. */
const GROUP_TYPE = 'classic';

export const listGroupsHandler = (cluster: GroupCluster): Handler<ListGroupsRequest, ListGroupsResponse> => ({
  api: listGroupsApi,
  handle({ statesFilter, typesFilter }, { nodeId }) {
    const groups = cluster.groups
      .list()
      .filter(({ groupId }) => cluster.coordinatorOf('group', groupId) === nodeId)
      .filter(({ state }) => admits(statesFilter, state) && admits(typesFilter, GROUP_TYPE))
      .map(({ groupId, protocolType, state }) => ({
        groupId,
        protocolType,
        groupState: state,
        groupType: GROUP_TYPE,
      }));
    return { throttleTimeMs: 0, errorCode: 0, groups };
  },
  refuse: (_request, errorCode) => ({ throttleTimeMs: 0, errorCode, groups: [] }),
});

const admits = (filter: readonly string[], value: string): boolean =>
  filter.length === 0 || filter.some((wanted) => wanted.trim().toLowerCase() === value.toLowerCase());
