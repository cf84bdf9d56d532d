import { api, type RequestOf, type ResponseOf } from '../api.js';
import { array, boolean, int16, int32, int8, nullableString, string, struct } from '../wire.js';

/** IncrementalAlterConfigs, key 44, v0-v1 (KIP-339). */
export const incrementalAlterConfigsApi = api({
  key: 44,
  name: 'IncrementalAlterConfigs',
  versions: [0, 1],
  flexibleFrom: 1,
  request: struct({
    resources: array(
      struct({
        /** As in DescribeConfigs. */
        resourceType: int8,
        resourceName: string,
        configs: array(
          struct({
            name: string,
            /** 0 set, 1 delete, 2 append to a list, 3 subtract from a list. */
            configOperation: int8,
            value: nullableString,
          }),
        ),
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

export type IncrementalAlterConfigsRequest = RequestOf<typeof incrementalAlterConfigsApi>;
export type IncrementalAlterConfigsResponse = ResponseOf<typeof incrementalAlterConfigsApi>;
