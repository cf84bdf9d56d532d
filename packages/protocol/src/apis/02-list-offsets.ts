import { api, type RequestOf, type ResponseOf } from '../api.js';
import { array, int16, int32, int64, int8, since, string, struct } from '../wire.js';

/** ListOffsets, key 2, v1-v7. v2 adds the isolation level; v4 leader epochs; v6 is flexible; v7 knows timestamp -3. */
export const listOffsetsApi = api({
  key: 2,
  name: 'ListOffsets',
  versions: [1, 7],
  flexibleFrom: 6,
  request: struct({
    /** -1 for a consumer. */
    replicaId: int32,
    /** 0 read uncommitted, 1 read committed: then the end is the last stable offset. */
    isolationLevel: since(2, int8, 0),
    topics: array(
      struct({
        name: string,
        partitions: array(
          struct({
            partitionIndex: int32,
            /** -1: do not check. */
            currentLeaderEpoch: since(4, int32, -1),
            /** -2 the beginning, -1 the end, -3 the record of the greatest timestamp, else the first at or after it. */
            timestamp: int64,
          }),
        ),
      }),
    ),
  }),
  response: struct({
    throttleTimeMs: since(2, int32, 0),
    topics: array(
      struct({
        name: string,
        partitions: array(
          struct({
            partitionIndex: int32,
            errorCode: int16,
            /** -1 when the beginning or the end was asked for. */
            timestamp: int64,
            /** -1: there is no such record. */
            offset: int64,
            leaderEpoch: since(4, int32, -1),
          }),
        ),
      }),
    ),
  }),
});

export type ListOffsetsRequest = RequestOf<typeof listOffsetsApi>;
export type ListOffsetsResponse = ResponseOf<typeof listOffsetsApi>;
