import { api, type RequestOf, type ResponseOf } from '../api.js';
import { array, bytes, int16, int32, nullableString, since, string, struct } from '../wire.js';

/** SyncGroup, key 14, v0-v5. v3 adds the group instance id; v5 the protocol, to be checked by both sides. */
export const syncGroupApi = api({
  key: 14,
  name: 'SyncGroup',
  versions: [0, 5],
  flexibleFrom: 4,
  request: struct({
    groupId: string,
    generationId: int32,
    memberId: string,
    groupInstanceId: since(3, nullableString, null),
    protocolType: since(5, nullableString, null),
    protocolName: since(5, nullableString, null),
    /** From the leader, an encoded assignment for each member; empty from the others. */
    assignments: array(struct({ memberId: string, assignment: bytes })),
  }),
  response: struct({
    throttleTimeMs: since(1, int32, 0),
    errorCode: int16,
    protocolType: since(5, nullableString, null),
    protocolName: since(5, nullableString, null),
    assignment: bytes,
  }),
});

export type SyncGroupRequest = RequestOf<typeof syncGroupApi>;
export type SyncGroupResponse = ResponseOf<typeof syncGroupApi>;
