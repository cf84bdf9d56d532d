import { api, type RequestOf, type ResponseOf } from '../api.js';
import { array, int16, int32, since, string, struct } from '../wire.js';

/** ListGroups, key 16, v0-v5: the groups that the asked broker coordinates. v4 filters by state; v5 by type (KIP-848). */
export const listGroupsApi = api({
  key: 16,
  name: 'ListGroups',
  versions: [0, 5],
  flexibleFrom: 3,
  request: struct({
    /** Empty: any. Case does not matter. */
    statesFilter: since(4, array(string), []),
    /** Empty: any. `'classic'`, `'consumer'`. */
    typesFilter: since(5, array(string), []),
  }),
  response: struct({
    throttleTimeMs: since(1, int32, 0),
    errorCode: int16,
    groups: array(
      struct({
        groupId: string,
        protocolType: string,
        groupState: since(4, string, ''),
        groupType: since(5, string, ''),
      }),
    ),
  }),
});

export type ListGroupsRequest = RequestOf<typeof listGroupsApi>;
export type ListGroupsResponse = ResponseOf<typeof listGroupsApi>;
