import { api, type RequestOf, type ResponseOf } from '../api.js';
import {
  array,
  bytesOf,
  int16,
  int32,
  int64,
  int8,
  nullableArray,
  nullableBytes,
  since,
  string,
  struct,
  until,
  uuid,
  ZERO_UUID,
  type Wire,
} from '../wire.js';

/** Topics go by name up to v12, by id from v13 on; the other one is then empty. */
const topic = until(12, string, '');
const topicId = since(13, uuid, ZERO_UUID);

const fetchWith = <Records>(records: Wire<Records>) =>
  api({
    key: 1,
    name: 'Fetch',
    versions: [4, 13],
    flexibleFrom: 12,
    request: struct({
      /** -1 for a consumer. */
      replicaId: int32,
      maxWaitMs: int32,
      minBytes: int32,
      maxBytes: int32,
      /** 0 read uncommitted, 1 read committed. */
      isolationLevel: int8,
      /** 0 with epoch -1: no session. */
      sessionId: since(7, int32, 0),
      sessionEpoch: since(7, int32, -1),
      topics: array(
        struct({
          topic,
          topicId,
          partitions: array(
            struct({
              partition: int32,
              /** -1: do not check. */
              currentLeaderEpoch: since(9, int32, -1),
              fetchOffset: int64,
              /** Epoch of the record before `fetchOffset`; -1: the broker does not look for truncation (KIP-595). */
              lastFetchedEpoch: since(12, int32, -1),
              /** -1 for a consumer. */
              logStartOffset: since(5, int64, -1),
              partitionMaxBytes: int32,
            }),
          ),
        }),
      ),
      forgottenTopicsData: since(7, array(struct({ topic, topicId, partitions: array(int32) })), []),
      /** Empty: no rack. */
      rackId: since(11, string, ''),
    }),
    response: struct({
      throttleTimeMs: int32,
      errorCode: since(7, int16, 0),
      sessionId: since(7, int32, 0),
      responses: array(
        struct({
          topic,
          topicId,
          partitions: array(
            struct(
              {
                partitionIndex: int32,
                errorCode: int16,
                highWatermark: int64,
                lastStableOffset: int64,
                logStartOffset: since(5, int64, -1),
                /** Null when read uncommitted: aborted ranges begin at `firstOffset` and end at the producer's marker. */
                abortedTransactions: nullableArray(struct({ producerId: int64, firstOffset: int64 })),
                /** -1: keep to the leader. */
                preferredReadReplica: since(11, int32, -1),
                /** Record batches, the last of which may be cut off. */
                records,
              },
              {
                /** The log is not the one `lastFetchedEpoch` was read from: where that epoch, or the one before it, ends in it. */
                divergingEpoch: { tag: 0, field: struct({ epoch: int32, endOffset: int64 }) },
              },
            ),
          ),
        }),
      ),
    }),
  });

/**
 * Fetch, key 1, v4-v13. v5 adds logStartOffset; v7 fetch sessions; v9 the leader epoch; v11 the rack and the replica to
 * prefer; v12 is the first flexible version; v13 names topics by id.
 */
export const fetchApi = fetchWith(nullableBytes);

/** {@link fetchApi} for who answers: batches that lie apart need not be joined. */
export const fetchServingApi = fetchWith(bytesOf);

export type FetchRequest = RequestOf<typeof fetchApi>;
export type FetchResponse = ResponseOf<typeof fetchApi>;
export type FetchServingResponse = ResponseOf<typeof fetchServingApi>;
