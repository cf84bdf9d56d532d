import { api, type RequestOf, type ResponseOf } from '../api.js';
import { array, int16, int32, nullableString, since, string, struct, until } from '../wire.js';

/** LeaveGroup, key 13, v0-v5. Up to v2 one `memberId` leaves, from v3 on all `members`; v5 adds a reason. */
export const leaveGroupApi = api({
  key: 13,
  name: 'LeaveGroup',
  versions: [0, 5],
  flexibleFrom: 4,
  request: struct({
    groupId: string,
    memberId: until(2, string, ''),
    members: since(
      3,
      array(struct({ memberId: string, groupInstanceId: nullableString, reason: since(5, nullableString, null) })),
      [],
    ),
  }),
  response: struct({
    throttleTimeMs: since(1, int32, 0),
    errorCode: int16,
    members: since(3, array(struct({ memberId: string, groupInstanceId: nullableString, errorCode: int16 })), []),
  }),
});

export type LeaveGroupRequest = RequestOf<typeof leaveGroupApi>;
export type LeaveGroupResponse = ResponseOf<typeof leaveGroupApi>;
