import { leaveGroupApi, type LeaveGroupRequest } from '@hearken/protocol';
import { groupHandler } from './group-handler.js';

export const leaveGroupHandler = groupHandler({
  api: leaveGroupApi,
  serve: (groups, request, { version }) => groups.leave(request, { version }),
  refuse: ({ members }: LeaveGroupRequest, errorCode) => ({
    throttleTimeMs: 0,
    errorCode,
    members: members.map(({ memberId, groupInstanceId }) => ({ memberId, groupInstanceId, errorCode })),
  }),
});
