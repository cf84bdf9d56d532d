import { api, type RequestOf, type ResponseOf } from '../api.js';
import { array, int16, int32, int64, since, string, struct } from '../wire.js';

/** OffsetForLeaderEpoch, key 23, v2-v4: where a leader epoch ends (KIP-320). v3 adds the replica. */
export const offsetForLeaderEpochApi = api({
  key: 23,
  name: 'OffsetForLeaderEpoch',
  versions: [2, 4],
  flexibleFrom: 4,
  request: struct({
    /** -1 for a consumer, -2 where it is not told. */
    replicaId: since(3, int32, -2),
    topics: array(
      struct({
        topic: string,
        partitions: array(
          struct({
            partition: int32,
            /** -1: do not check. */
            currentLeaderEpoch: int32,
            /** The epoch asked about. */
            leaderEpoch: int32,
          }),
        ),
      }),
    ),
  }),
  response: struct({
    throttleTimeMs: int32,
    topics: array(
      struct({
        topic: string,
        partitions: array(
          struct({
            errorCode: int16,
            partition: int32,
            /** The greatest epoch that is not above the one asked about; -1 if there is none. */
            leaderEpoch: int32,
            /** The offset after the last record of that epoch; -1 if there is none. */
            endOffset: int64,
          }),
        ),
      }),
    ),
  }),
});

export type OffsetForLeaderEpochRequest = RequestOf<typeof offsetForLeaderEpochApi>;
export type OffsetForLeaderEpochResponse = ResponseOf<typeof offsetForLeaderEpochApi>;
