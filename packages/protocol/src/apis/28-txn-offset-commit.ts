import { api, type RequestOf, type ResponseOf } from '../api.js';
import { array, int16, int32, int64, nullableString, since, string, struct } from '../wire.js';

/**
 * TxnOffsetCommit, key 28, v0-v4. v2 adds leader epochs; v3 who in the group asks (KIP-447); v4 an error code only. From
 * v5 on it adds the group to the transaction by itself (KIP-890), which is not spoken.
 */
export const txnOffsetCommitApi = api({
  key: 28,
  name: 'TxnOffsetCommit',
  versions: [0, 4],
  flexibleFrom: 3,
  request: struct({
    transactionalId: string,
    groupId: string,
    producerId: int64,
    producerEpoch: int16,
    /** -1, with an empty member id, from outside the group. */
    generationId: since(3, int32, -1),
    memberId: since(3, string, ''),
    groupInstanceId: since(3, nullableString, null),
    topics: array(
      struct({
        name: string,
        partitions: array(
          struct({
            partitionIndex: int32,
            committedOffset: int64,
            /** -1 if unknown. */
            committedLeaderEpoch: since(2, int32, -1),
            committedMetadata: nullableString,
          }),
        ),
      }),
    ),
  }),
  response: struct({
    throttleTimeMs: int32,
    topics: array(struct({ name: string, partitions: array(struct({ partitionIndex: int32, errorCode: int16 })) })),
  }),
});

export type TxnOffsetCommitRequest = RequestOf<typeof txnOffsetCommitApi>;
export type TxnOffsetCommitResponse = ResponseOf<typeof txnOffsetCommitApi>;
