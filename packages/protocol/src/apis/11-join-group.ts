import { api, type RequestOf, type ResponseOf } from '../api.js';
import { array, boolean, bytes, int16, int32, nullableString, since, string, struct } from '../wire.js';

/**
 * JoinGroup, key 11, v0-v9. v1 adds the rebalance time-out; v4 answers a new member with MEMBER_ID_REQUIRED; v5 adds the
 * group instance id; v7 the protocol type; v8 a reason; v9 skipAssignment (a static leader that comes back).
 */
export const joinGroupApi = api({
  key: 11,
  name: 'JoinGroup',
  versions: [0, 9],
  flexibleFrom: 6,
  request: struct({
    groupId: string,
    sessionTimeoutMs: int32,
    rebalanceTimeoutMs: since(1, int32, -1),
    /** Empty for a new member. */
    memberId: string,
    groupInstanceId: since(5, nullableString, null),
    /** `'consumer'`. */
    protocolType: string,
    /** Assignors by preference, with an encoded subscription each. */
    protocols: array(struct({ name: string, metadata: bytes })),
    reason: since(8, nullableString, null),
  }),
  response: struct({
    throttleTimeMs: since(2, int32, 0),
    errorCode: int16,
    generationId: int32,
    protocolType: since(7, nullableString, null),
    protocolName: nullableString,
    /** Member id of the leader. */
    leader: string,
    skipAssignment: since(9, boolean, false),
    memberId: string,
    /** Everyone, for the leader; empty for the others. */
    members: array(struct({ memberId: string, groupInstanceId: since(5, nullableString, null), metadata: bytes })),
  }),
});

export type JoinGroupRequest = RequestOf<typeof joinGroupApi>;
export type JoinGroupResponse = ResponseOf<typeof joinGroupApi>;
