import { api, type RequestOf, type ResponseOf } from '../api.js';
import { array, int16, int32, int64, nullableBytes, nullableString, since, string, struct } from '../wire.js';

/**
 * Produce, key 0, v3-v12. v5 adds logStartOffset to the answer; v8 the records at fault. v13 names topics by id and is
 * not spoken. With `acks` 0 the broker does not answer.
 */
export const produceApi = api({
  key: 0,
  name: 'Produce',
  versions: [3, 12],
  flexibleFrom: 9,
  request: struct({
    transactionalId: nullableString,
    /** -1 all in-sync replicas, 1 the leader, 0 no answer. */
    acks: int16,
    timeoutMs: int32,
    topicData: array(
      struct({
        name: string,
        partitionData: array(
          struct({
            index: int32,
            /** One record batch. */
            records: nullableBytes,
          }),
        ),
      }),
    ),
  }),
  response: struct({
    responses: array(
      struct({
        name: string,
        partitionResponses: array(
          struct({
            index: int32,
            errorCode: int16,
            /** Offset of the batch's first record; -1 if unknown. */
            baseOffset: int64,
            /** -1 unless the topic's timestamps are the broker's. */
            logAppendTimeMs: int64,
            logStartOffset: since(5, int64, -1),
            /** The records that made the broker refuse the whole batch. */
            recordErrors: since(8, array(struct({ batchIndex: int32, batchIndexErrorMessage: nullableString })), []),
            errorMessage: since(8, nullableString, null),
          }),
        ),
      }),
    ),
    throttleTimeMs: int32,
  }),
});

export type ProduceRequest = RequestOf<typeof produceApi>;
export type ProduceResponse = ResponseOf<typeof produceApi>;
