import { api, type RequestOf, type ResponseOf } from '../api.js';
import { array, boolean, int16, int32, int8, nullableString, string, struct } from '../wire.js';

/** AlterConfigs, key 33, v0-v2: what is not named goes back to its default. IncrementalAlterConfigs leaves it alone. */
export const alterConfigsApi = api({
  key: 33,
  name: 'AlterConfigs',
  versions: [0, 2],
  flexibleFrom: 2,
  request: struct({
    resources: array(
      struct({
        /** As in DescribeConfigs. */
        resourceType: int8,
        resourceName: string,
        configs: array(struct({ name: string, value: nullableString })),
      }),
    ),
    validateOnly: boolean,
  }),
  response: struct({
    throttleTimeMs: int32,
    responses: array(
      struct({ errorCode: int16, errorMessage: nullableString, resourceType: int8, resourceName: string }),
    ),
  }),
});

export type AlterConfigsRequest = RequestOf<typeof alterConfigsApi>;
export type AlterConfigsResponse = ResponseOf<typeof alterConfigsApi>;
