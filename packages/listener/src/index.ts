export { MessageListenerContainer } from './message-listener-container.js';
export type {
  AckMode,
  AssignedPartition,
  BatchContainerProperties,
  CommonContainerProperties,
  ContainerDependencies,
  ContainerProperties,
  RecordContainerProperties,
} from './container-properties.js';
export type {
  Acknowledgment,
  ListenerContainer,
  ListenerContext,
  MessageListener,
  MessageListenerFunction,
  MessageListenerObject,
} from './message-listener.js';
export type { RecordFilter } from './invoke/record-filter.js';
export type { Next } from './middleware/compose.js';
export { deduplicate, type Deduplicate, type DeduplicateOptions } from './middleware/deduplicate.js';
export { InMemoryIdStore, type IdStore, type InMemoryIdStoreOptions } from './middleware/id-store.js';
export type { BatchMiddleware, RecordMiddleware } from './middleware/middleware.js';
export type {
  BatchAcknowledgment,
  BatchFailure,
  BatchListener,
  BatchListenerContext,
  BatchListenerFunction,
  BatchListenerObject,
  BatchProperties,
  BatchResult,
  BatchReturn,
} from './batch-listener.js';
export type { KeySelector, NullKey } from './dispatch/lane-keys.js';
export type { Ordering } from './dispatch/lanes.js';
export type { PauseOwner } from './pause/pause-owner.js';
export type { PartitionTarget } from './pause/target-set.js';
export type { RebalanceListener } from './rebalance-listener.js';
export { CompensationListenerContainer, type CompensationMetrics } from './shed/compensation-listener-container.js';
export type { CompensationEventListener, CompensationEvents } from './shed/compensation-events.js';
export type { CompensationProperties } from './shed/compensation-properties.js';
export type { ShedTemplate } from './shed/shed-ledger.js';
export type { ShedProperties } from './shed/shed-properties.js';
export type { ShedRange } from './shed/shed-range.js';
export type { ShedOptions } from './shed/shedding.js';
export type { PartitionBlock } from './watch/head-of-line.js';
export type { SeekTarget } from './seek/seeks.js';
export {
  ExponentialBackOff,
  FixedBackOff,
  type BackOff,
  type ExponentialBackOffOptions,
  type FixedBackOffOptions,
} from './failure/back-off.js';
export { type ErrorMatcher } from './failure/classification.js';
export { DeadLetter, NonRetriable, RetryAfter, SkipRecord } from './failure/control-flow.js';
export {
  DeadLetterPublishingRecoverer,
  type DeadLetterDestination,
  type DeadLetterPublishingRecovererOptions,
  type DeadLetterTemplate,
} from './failure/dead-letter-publishing-recoverer.js';
export type { ParkedKeySnapshot } from './parking/parking.js';
export type { ParkingProperties } from './parking/parking-properties.js';
export { DefaultErrorHandler, type DefaultErrorHandlerOptions } from './failure/default-error-handler.js';
export type {
  ErrorHandler,
  FailureDecision,
  Recoverer,
  RecovererFunction,
  RecovererObject,
  RecordFailure,
  RecoveryContext,
} from './failure/error-handler.js';
export type { ContainerState, StopOptions, StopReport } from './container-state.js';
export type { ContainerEventListener, ContainerEvents } from './container-events.js';
export type { ContainerMetrics } from './container-metrics.js';
export type { Binding, ThroughputBounds } from './explain/bounds.js';
export type {
  ContainerExplanation,
  HotKey,
  LaneCounts,
  PartitionExplanation,
} from './explain/container-explanation.js';
export type { ContainerHealth, HealthReason, HealthReasonCode } from './watch/container-health.js';
export type { ContainerStall, PartitionStall } from './watch/progress-watch.js';
export type { StallReason } from './watch/stall.js';
export type { OnFatal } from './restart-policy.js';
export type { ContainerSnapshot, PartitionSnapshot, RunningListener, WaitingRecord } from './container-snapshot.js';
export {
  BatchListenerFailedError,
  CommitTimeoutError,
  ContainerStopError,
  InvalidBatchResultError,
  InvalidFilterResultError,
  KeySelectorError,
  ListenerAbortedError,
  ListenerFailedError,
  ListenerTimeoutError,
  MissingTopicsError,
  NoReplyTopicError,
  RangeStalledError,
  RebalanceListenerError,
  RecoveryFailedError,
  ReplyFailedError,
  ReplyTimeoutError,
  ShedRefusedError,
  StartTimeoutError,
} from './errors.js';
export { ReplyingKafkaTemplate, type RequestOptions } from './reply/replying-kafka-template.js';
export type { RepliesOptions, ReplyingKafkaTemplateOptions } from './reply/replying-template-options.js';
export { failureReplyTo, replyTo } from './reply/reply-to.js';
export { KafkaHeaders } from './reply/kafka-headers.js';
