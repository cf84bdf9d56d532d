import { api, type RequestOf, type ResponseOf } from '../api.js';
import {
  array,
  boolean,
  int16,
  int32,
  int8,
  nullableArray,
  nullableString,
  since,
  string,
  struct,
  uuid,
  ZERO_UUID,
} from '../wire.js';

/**
 * CreateTopics, key 19, v2-v7. v4 takes -1 for the broker's own number of partitions and replicas (KIP-464); v5 answers
 * what was made; v7 the topic's id.
 */
export const createTopicsApi = api({
  key: 19,
  name: 'CreateTopics',
  versions: [2, 7],
  flexibleFrom: 5,
  request: struct({
    topics: array(
      struct({
        name: string,
        /** -1: the broker's own, or as many as `assignments` has. */
        numPartitions: int32,
        /** -1: the broker's own, or as `assignments` say. */
        replicationFactor: int16,
        /** Empty: the broker decides which brokers have which partition. */
        assignments: array(struct({ partitionIndex: int32, brokerIds: array(int32) })),
        configs: array(struct({ name: string, value: nullableString })),
      }),
    ),
    timeoutMs: int32,
    /** Only say whether it would work. */
    validateOnly: boolean,
  }),
  response: struct({
    throttleTimeMs: int32,
    topics: array(
      struct(
        {
          name: string,
          topicId: since(7, uuid, ZERO_UUID),
          errorCode: int16,
          errorMessage: nullableString,
          /** -1 after an error. */
          numPartitions: since(5, int32, -1),
          replicationFactor: since(5, int16, -1),
          /** Null where the asker may not see them. */
          configs: since(
            5,
            nullableArray(
              struct({
                name: string,
                value: nullableString,
                readOnly: boolean,
                /** As in DescribeConfigs. */
                configSource: int8,
                isSensitive: boolean,
              }),
            ),
            null,
          ),
        },
        {
          /** Why `configs` are null. */
          topicConfigErrorCode: { tag: 0, field: int16 },
        },
      ),
    ),
  }),
});

export type CreateTopicsRequest = RequestOf<typeof createTopicsApi>;
export type CreateTopicsResponse = ResponseOf<typeof createTopicsApi>;
