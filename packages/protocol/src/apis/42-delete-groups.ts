import { api, type RequestOf, type ResponseOf } from '../api.js';
import { array, int16, int32, string, struct } from '../wire.js';

/** DeleteGroups, key 42, v0-v2. */
export const deleteGroupsApi = api({
  key: 42,
  name: 'DeleteGroups',
  versions: [0, 2],
  flexibleFrom: 2,
  request: struct({ groupsNames: array(string) }),
  response: struct({ throttleTimeMs: int32, results: array(struct({ groupId: string, errorCode: int16 })) }),
});

export type DeleteGroupsRequest = RequestOf<typeof deleteGroupsApi>;
export type DeleteGroupsResponse = ResponseOf<typeof deleteGroupsApi>;
