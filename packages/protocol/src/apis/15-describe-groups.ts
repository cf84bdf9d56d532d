import { api, type RequestOf, type ResponseOf } from '../api.js';
import { array, boolean, bytes, int16, int32, nullableString, since, string, struct, NOT_ASKED } from '../wire.js';

/**
 * DescribeGroups, key 15, v0-v6. v3 adds the authorised operations; v4 the group instance id; v6 a message, and says
 * GROUP_ID_NOT_FOUND where the others call an unknown group dead.
 */
export const describeGroupsApi = api({
  key: 15,
  name: 'DescribeGroups',
  versions: [0, 6],
  flexibleFrom: 5,
  request: struct({ groups: array(string), includeAuthorizedOperations: since(3, boolean, false) }),
  response: struct({
    throttleTimeMs: since(1, int32, 0),
    groups: array(
      struct({
        errorCode: int16,
        errorMessage: since(6, nullableString, null),
        groupId: string,
        /** `'Empty'`, `'PreparingRebalance'`, `'CompletingRebalance'`, `'Stable'`, `'Dead'`; empty after an error. */
        groupState: string,
        /** `'consumer'`; empty where no member ever joined. */
        protocolType: string,
        /** The assignor chosen; empty unless the group is stable. */
        protocolData: string,
        members: array(
          struct({
            memberId: string,
            groupInstanceId: since(4, nullableString, null),
            clientId: string,
            clientHost: string,
            /** The encoded subscription, and what the leader assigned; both empty unless the group is stable. */
            memberMetadata: bytes,
            memberAssignment: bytes,
          }),
        ),
        authorizedOperations: since(3, int32, NOT_ASKED),
      }),
    ),
  }),
});

export type DescribeGroupsRequest = RequestOf<typeof describeGroupsApi>;
export type DescribeGroupsResponse = ResponseOf<typeof describeGroupsApi>;
