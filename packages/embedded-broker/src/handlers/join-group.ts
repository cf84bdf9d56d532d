import { joinGroupApi, type JoinGroupRequest, type JoinGroupResponse } from '@hearken/protocol';
import { refusedJoin } from '../groups/group-answers.js';
import { groupHandler } from './group-handler.js';

export const joinGroupHandler = groupHandler({
  api: joinGroupApi,
  serve: async (groups, request, context) => forVersion(context.version, await groups.join(request, context)),
  refuse: (request: JoinGroupRequest, errorCode, { version }) =>
    forVersion(version, refusedJoin(request.memberId, errorCode)),
});

/** Before version 7 the name of the protocol cannot be null. */
const forVersion = (version: number, response: JoinGroupResponse): JoinGroupResponse =>
  version < 7 && response.protocolName === null ? { ...response, protocolName: '' } : response;
