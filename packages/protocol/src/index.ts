export { negotiate, type Api, type RequestOf, type ResponseOf, type VersionRange } from './api.js';
export { fetchApi, type FetchRequest, type FetchResponse } from './apis/01-fetch.js';
export { produceApi, type ProduceRequest, type ProduceResponse } from './apis/00-produce.js';
export { listOffsetsApi, type ListOffsetsRequest, type ListOffsetsResponse } from './apis/02-list-offsets.js';
export { metadataApi, type MetadataRequest, type MetadataResponse } from './apis/03-metadata.js';
export { offsetCommitApi, type OffsetCommitRequest, type OffsetCommitResponse } from './apis/08-offset-commit.js';
export { offsetFetchApi, type OffsetFetchRequest, type OffsetFetchResponse } from './apis/09-offset-fetch.js';
export {
  findCoordinatorApi,
  type FindCoordinatorRequest,
  type FindCoordinatorResponse,
} from './apis/10-find-coordinator.js';
export { joinGroupApi, type JoinGroupRequest, type JoinGroupResponse } from './apis/11-join-group.js';
export { heartbeatApi, type HeartbeatRequest, type HeartbeatResponse } from './apis/12-heartbeat.js';
export { leaveGroupApi, type LeaveGroupRequest, type LeaveGroupResponse } from './apis/13-leave-group.js';
export { syncGroupApi, type SyncGroupRequest, type SyncGroupResponse } from './apis/14-sync-group.js';
export { apiVersionsApi, type ApiVersionsRequest, type ApiVersionsResponse } from './apis/18-api-versions.js';
export {
  initProducerIdApi,
  type InitProducerIdRequest,
  type InitProducerIdResponse,
} from './apis/22-init-producer-id.js';
export type { CompressionCodec, CompressionType } from './compression/codec.js';
export { registerCompression, requireCompression } from './compression/compression.js';
export {
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
  type Assignment,
  type Subscription,
  type TopicPartitions,
} from './consumer-protocol.js';
export { errorCodes, errorName, isRetriableError, type ErrorName } from './error-codes.js';
export { ProtocolError, type ProtocolErrorCode } from './errors.js';
export {
  decodeRequest,
  decodeResponse,
  encodeRequest,
  encodeResponse,
  readCorrelationId,
  readRequestKind,
  type RequestHeader,
} from './frames.js';
export { Reader } from './reader.js';
export { encodeRecordBatch, writeProducerState, type RecordBatchOptions } from './records/batch-encoder.js';
export { crc32c } from './records/crc32c.js';
export { BATCH_OVERHEAD } from './records/layout.js';
export { RecordBatch, type ReadBatchesOptions } from './records/record-batch.js';
export { controlRecordType, readHeaders, RecordCursor } from './records/record-cursor.js';
export { estimateRecordSize, type BatchRecord } from './records/record-writer.js';
export { ZERO_UUID } from './wire.js';
export { Writer } from './writer.js';
