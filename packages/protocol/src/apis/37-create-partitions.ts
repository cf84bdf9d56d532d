import { api, type RequestOf, type ResponseOf } from '../api.js';
import { array, boolean, int16, int32, nullableArray, nullableString, string, struct } from '../wire.js';

/** CreatePartitions, key 37, v0-v3. */
export const createPartitionsApi = api({
  key: 37,
  name: 'CreatePartitions',
  versions: [0, 3],
  flexibleFrom: 2,
  request: struct({
    topics: array(
      struct({
        name: string,
        /** How many there shall be in all. */
        count: int32,
        /** The brokers of each new partition; null: the broker decides. */
        assignments: nullableArray(struct({ brokerIds: array(int32) })),
      }),
    ),
    timeoutMs: int32,
    /** Only say whether it would work. */
    validateOnly: boolean,
  }),
  response: struct({
    throttleTimeMs: int32,
    results: array(struct({ name: string, errorCode: int16, errorMessage: nullableString })),
  }),
});

export type CreatePartitionsRequest = RequestOf<typeof createPartitionsApi>;
export type CreatePartitionsResponse = ResponseOf<typeof createPartitionsApi>;
