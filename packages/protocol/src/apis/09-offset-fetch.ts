import { api, type RequestOf, type ResponseOf } from '../api.js';
import { array, boolean, int16, int32, int64, nullableArray, nullableString, since, string, struct } from '../wire.js';

/**
 * OffsetFetch, key 9, v1-v7. v2 allows null topics, which ask for all; v5 adds leader epochs; v7 requireStable. From v8
 * on it asks for several groups at once, which is not spoken.
 */
export const offsetFetchApi = api({
  key: 9,
  name: 'OffsetFetch',
  versions: [1, 7],
  flexibleFrom: 6,
  request: struct({
    groupId: string,
    topics: nullableArray(struct({ name: string, partitionIndexes: array(int32) })),
    /** Answer UNSTABLE_OFFSET_COMMIT while a transaction's offsets are pending. */
    requireStable: since(7, boolean, false),
  }),
  response: struct({
    throttleTimeMs: since(3, int32, 0),
    topics: array(
      struct({
        name: string,
        partitions: array(
          struct({
            partitionIndex: int32,
            /** -1: nothing committed. */
            committedOffset: int64,
            committedLeaderEpoch: since(5, int32, -1),
            metadata: nullableString,
            errorCode: int16,
          }),
        ),
      }),
    ),
    errorCode: since(2, int16, 0),
  }),
});

export type OffsetFetchRequest = RequestOf<typeof offsetFetchApi>;
export type OffsetFetchResponse = ResponseOf<typeof offsetFetchApi>;
