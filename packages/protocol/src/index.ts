export { negotiate, type Api, type RequestOf, type ResponseOf, type VersionRange } from './api.js';
export { produceApi, type ProduceRequest, type ProduceResponse } from './apis/00-produce.js';
export {
  fetchApi,
  fetchServingApi,
  type FetchRequest,
  type FetchResponse,
  type FetchServingResponse,
} from './apis/01-fetch.js';
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
export {
  describeGroupsApi,
  type DescribeGroupsRequest,
  type DescribeGroupsResponse,
} from './apis/15-describe-groups.js';
export { listGroupsApi, type ListGroupsRequest, type ListGroupsResponse } from './apis/16-list-groups.js';
export { apiVersionsApi, type ApiVersionsRequest, type ApiVersionsResponse } from './apis/18-api-versions.js';
export { createTopicsApi, type CreateTopicsRequest, type CreateTopicsResponse } from './apis/19-create-topics.js';
export { deleteTopicsApi, type DeleteTopicsRequest, type DeleteTopicsResponse } from './apis/20-delete-topics.js';
export { deleteRecordsApi, type DeleteRecordsRequest, type DeleteRecordsResponse } from './apis/21-delete-records.js';
export {
  initProducerIdApi,
  type InitProducerIdRequest,
  type InitProducerIdResponse,
} from './apis/22-init-producer-id.js';
export {
  offsetForLeaderEpochApi,
  type OffsetForLeaderEpochRequest,
  type OffsetForLeaderEpochResponse,
} from './apis/23-offset-for-leader-epoch.js';
export {
  addPartitionsToTxnApi,
  type AddPartitionsToTxnRequest,
  type AddPartitionsToTxnResponse,
} from './apis/24-add-partitions-to-txn.js';
export {
  addOffsetsToTxnApi,
  type AddOffsetsToTxnRequest,
  type AddOffsetsToTxnResponse,
} from './apis/25-add-offsets-to-txn.js';
export { endTxnApi, type EndTxnRequest, type EndTxnResponse } from './apis/26-end-txn.js';
export {
  txnOffsetCommitApi,
  type TxnOffsetCommitRequest,
  type TxnOffsetCommitResponse,
} from './apis/28-txn-offset-commit.js';
export { describeAclsApi, type DescribeAclsRequest, type DescribeAclsResponse } from './apis/29-describe-acls.js';
export { createAclsApi, type CreateAclsRequest, type CreateAclsResponse } from './apis/30-create-acls.js';
export { deleteAclsApi, type DeleteAclsRequest, type DeleteAclsResponse } from './apis/31-delete-acls.js';
export {
  describeConfigsApi,
  type DescribeConfigsRequest,
  type DescribeConfigsResponse,
} from './apis/32-describe-configs.js';
export { alterConfigsApi, type AlterConfigsRequest, type AlterConfigsResponse } from './apis/33-alter-configs.js';
export {
  createPartitionsApi,
  type CreatePartitionsRequest,
  type CreatePartitionsResponse,
} from './apis/37-create-partitions.js';
export { deleteGroupsApi, type DeleteGroupsRequest, type DeleteGroupsResponse } from './apis/42-delete-groups.js';
export {
  incrementalAlterConfigsApi,
  type IncrementalAlterConfigsRequest,
  type IncrementalAlterConfigsResponse,
} from './apis/44-incremental-alter-configs.js';
export { offsetDeleteApi, type OffsetDeleteRequest, type OffsetDeleteResponse } from './apis/47-offset-delete.js';
export {
  describeClusterApi,
  type DescribeClusterRequest,
  type DescribeClusterResponse,
} from './apis/60-describe-cluster.js';
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
export { breakCrc, hasValidCrc, writeBatchPlace, writeTimestampType } from './records/batch-stamps.js';
export { crc32c } from './records/crc32c.js';
export { AT as BATCH_AT, BATCH_OVERHEAD } from './records/layout.js';
export { RecordBatch, type BatchesExtent, type ReadBatchesOptions } from './records/record-batch.js';
export { controlRecordType, readHeaders, RecordCursor } from './records/record-cursor.js';
export { estimateRecordSize, type BatchRecord } from './records/record-writer.js';
export { NOT_ASKED, ZERO_UUID } from './wire.js';
export { Writer } from './writer.js';
