import { api, type RequestOf, type ResponseOf } from '../api.js';
import { array, int16, int32, int64, string, struct } from '../wire.js';

/** DeleteRecords, key 21, v0-v2: partitions forget what lies before an offset. To be asked of their leader. */
export const deleteRecordsApi = api({
  key: 21,
  name: 'DeleteRecords',
  versions: [0, 2],
  flexibleFrom: 2,
  request: struct({
    topics: array(
      struct({
        name: string,
        partitions: array(
          struct({
            partitionIndex: int32,
            /** -1: the high watermark. */
            offset: int64,
          }),
        ),
      }),
    ),
    timeoutMs: int32,
  }),
  response: struct({
    throttleTimeMs: int32,
    topics: array(
      struct({
        name: string,
        partitions: array(
          struct({
            partitionIndex: int32,
            /** Where the log begins now; -1 after an error. */
            lowWatermark: int64,
            errorCode: int16,
          }),
        ),
      }),
    ),
  }),
});

export type DeleteRecordsRequest = RequestOf<typeof deleteRecordsApi>;
export type DeleteRecordsResponse = ResponseOf<typeof deleteRecordsApi>;
