import { api, type RequestOf, type ResponseOf } from '../api.js';
import { int16, int32, nullableString, since, string, struct } from '../wire.js';

/** Heartbeat, key 12, v0-v4. v1 adds the throttle time to the answer; v3 the group instance id to the request. */
export const heartbeatApi = api({
  key: 12,
  name: 'Heartbeat',
  versions: [0, 4],
  flexibleFrom: 4,
  request: struct({
    groupId: string,
    generationId: int32,
    memberId: string,
    groupInstanceId: since(3, nullableString, null),
  }),
  response: struct({ throttleTimeMs: since(1, int32, 0), errorCode: int16 }),
});

export type HeartbeatRequest = RequestOf<typeof heartbeatApi>;
export type HeartbeatResponse = ResponseOf<typeof heartbeatApi>;
