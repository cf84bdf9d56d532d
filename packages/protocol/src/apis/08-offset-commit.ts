import { api, type RequestOf, type ResponseOf } from '../api.js';
import { array, between, int16, int32, int64, nullableString, since, string, struct } from '../wire.js';

/** OffsetCommit, key 8, v2-v9. v6 adds leader epochs; v7 the group instance id; v9 is for KIP-848 members too. */
export const offsetCommitApi = api({
  key: 8,
  name: 'OffsetCommit',
  versions: [2, 9],
  flexibleFrom: 8,
  request: struct({
    groupId: string,
    /** -1, with an empty member id, from outside the group. */
    generationIdOrMemberEpoch: int32,
    memberId: string,
    groupInstanceId: since(7, nullableString, null),
    /** -1: the broker's own. */
    retentionTimeMs: between(2, 4, int64, -1),
    topics: array(
      struct({
        name: string,
        partitions: array(
          struct({
            partitionIndex: int32,
            committedOffset: int64,
            /** -1 if unknown. */
            committedLeaderEpoch: since(6, int32, -1),
            committedMetadata: nullableString,
          }),
        ),
      }),
    ),
  }),
  response: struct({
    throttleTimeMs: since(3, int32, 0),
    topics: array(struct({ name: string, partitions: array(struct({ partitionIndex: int32, errorCode: int16 })) })),
  }),
});

export type OffsetCommitRequest = RequestOf<typeof offsetCommitApi>;
export type OffsetCommitResponse = ResponseOf<typeof offsetCommitApi>;
