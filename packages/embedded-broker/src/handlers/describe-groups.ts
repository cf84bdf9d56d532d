import {
  describeGroupsApi,
  errorCodes,
  type DescribeGroupsRequest,
  type DescribeGroupsResponse,
} from '@hearken/protocol';
import { errorCodeOf } from '../groups/error-code-of.js';
import type { GroupDescription } from '../groups/group-description.js';
import { ALL_GROUP_OPERATIONS, NOT_ASKED } from './authorized-operations.js';
import type { GroupCluster } from './group-handler.js';
import type { Handler } from './handler.js';
import { requireCoordinator } from './require-coordinator.js';

type DescribedGroup = DescribeGroupsResponse['groups'][number];

export const describeGroupsHandler = (
  cluster: GroupCluster,
): Handler<DescribeGroupsRequest, DescribeGroupsResponse> => ({
  api: describeGroupsApi,
  handle({ groups, includeAuthorizedOperations }, context) {
    const describe = (groupId: string): DescribedGroup => {
      const errorCode = errorCodeOf(() => requireCoordinator(cluster, 'group', groupId, context.nodeId));
      if (errorCode !== 0) return undescribed(groupId, errorCode);
      const found = cluster.groups.describe(groupId);
      if (found === undefined) return unknown(groupId, context.version);
      return described(found, includeAuthorizedOperations ? ALL_GROUP_OPERATIONS : NOT_ASKED);
    };
    return { throttleTimeMs: 0, groups: groups.map(describe) };
  },
  refuse: ({ groups }, errorCode) => ({
    throttleTimeMs: 0,
    groups: groups.map((groupId) => undescribed(groupId, errorCode)),
  }),
});

const described = (group: GroupDescription, authorizedOperations: number): DescribedGroup => ({
  errorCode: 0,
  errorMessage: null,
  groupId: group.groupId,
  groupState: group.state,
  protocolType: group.protocolType,
  protocolData: group.protocolName,
  members: group.members.map(({ metadata: memberMetadata, assignment: memberAssignment, ...member }) => ({
    ...member,
    memberMetadata,
    memberAssignment,
  })),
  authorizedOperations,
});

const undescribed = (groupId: string, errorCode: number): DescribedGroup => ({
  errorCode,
  errorMessage: null,
  groupId,
  groupState: '',
  protocolType: '',
  protocolData: '',
  members: [],
  authorizedOperations: NOT_ASKED,
});

/** Version 6 says that it does not know the group (KIP-1043); the others had no word for it but dead. */
const unknown = (groupId: string, version: number): DescribedGroup => ({
  ...undescribed(groupId, version < 6 ? 0 : errorCodes.GROUP_ID_NOT_FOUND),
  errorMessage: version < 6 ? null : `Group ${groupId} not found.`,
  groupState: 'Dead',
});
