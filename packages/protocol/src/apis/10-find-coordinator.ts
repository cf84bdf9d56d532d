import { api, type RequestOf, type ResponseOf } from '../api.js';
import { int16, int32, int8, nullableString, since, string, struct } from '../wire.js';

/** FindCoordinator, key 10, v0-v3. v1 adds the key type. From v4 on it asks for several keys, which is not spoken. */
export const findCoordinatorApi = api({
  key: 10,
  name: 'FindCoordinator',
  versions: [0, 3],
  flexibleFrom: 3,
  request: struct({
    /** A group id or a transactional id. */
    key: string,
    /** 0 group, 1 transaction. */
    keyType: since(1, int8, 0),
  }),
  response: struct({
    throttleTimeMs: since(1, int32, 0),
    errorCode: int16,
    errorMessage: since(1, nullableString, null),
    nodeId: int32,
    host: string,
    port: int32,
  }),
});

export type FindCoordinatorRequest = RequestOf<typeof findCoordinatorApi>;
export type FindCoordinatorResponse = ResponseOf<typeof findCoordinatorApi>;
