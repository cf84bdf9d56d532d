import { api, type RequestOf, type ResponseOf } from '../api.js';
import {
  array,
  between,
  boolean,
  int16,
  int32,
  NOT_ASKED,
  nullableArray,
  nullableString,
  since,
  string,
  struct,
  uuid,
  ZERO_UUID,
} from '../wire.js';

/**
 * Metadata, key 3, v0-v12. v4 lets the asker forbid auto-creation; v7 adds leader epochs; v10 topic ids; v12 allows
 * asking by id with a null name. Null topics ask for all (v0 has no null: there an empty list does).
 */
export const metadataApi = api({
  key: 3,
  name: 'Metadata',
  versions: [0, 12],
  flexibleFrom: 9,
  request: struct({
    topics: nullableArray(struct({ topicId: since(10, uuid, ZERO_UUID), name: nullableString })),
    allowAutoTopicCreation: since(4, boolean, true),
    includeClusterAuthorizedOperations: between(8, 10, boolean, false),
    includeTopicAuthorizedOperations: since(8, boolean, false),
  }),
  response: struct({
    throttleTimeMs: since(3, int32, 0),
    brokers: array(struct({ nodeId: int32, host: string, port: int32, rack: since(1, nullableString, null) })),
    clusterId: since(2, nullableString, null),
    /** -1 if unknown. */
    controllerId: since(1, int32, -1),
    topics: array(
      struct({
        errorCode: int16,
        name: nullableString,
        topicId: since(10, uuid, ZERO_UUID),
        isInternal: since(1, boolean, false),
        partitions: array(
          struct({
            errorCode: int16,
            partitionIndex: int32,
            /** -1: no leader now. */
            leaderId: int32,
            leaderEpoch: since(7, int32, -1),
            replicaNodes: array(int32),
            isrNodes: array(int32),
            offlineReplicas: since(5, array(int32), []),
          }),
        ),
        topicAuthorizedOperations: since(8, int32, NOT_ASKED),
      }),
    ),
    clusterAuthorizedOperations: between(8, 10, int32, NOT_ASKED),
  }),
});

export type MetadataRequest = RequestOf<typeof metadataApi>;
export type MetadataResponse = ResponseOf<typeof metadataApi>;
