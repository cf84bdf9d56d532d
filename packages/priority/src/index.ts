export {
  InvalidDistributionError,
  LevelFailedError,
  PolicyFailedError,
  PriorityOutOfRangeError,
  QuotaCapacityError,
  UnequalPartitionsError,
} from './errors.js';
export type { LevelDefinition, LevelDefinitions, PriorityOrName } from './levels.js';
export type { UnequalPartitions } from './template/partition-counts.js';
export { PriorityKafkaTemplate, type PriorityRecord } from './template/priority-kafka-template.js';
export type { PriorityKafkaTemplateOptions } from './template/priority-template-options.js';
export { PRIORITY_HEADER } from './template/routed-record.js';
export {
  createPriorityTopics,
  type PriorityTopic,
  type PriorityTopicsOptions,
  type TopicAdmin,
} from './topics/create-priority-topics.js';
export type { LevelPlace } from './naming/level-place.js';
export { partitionBuckets, PlacedNaming, placesByResolver, type PriorityResolver } from './naming/placed-naming.js';
export { SuffixNaming, type PriorityNaming } from './naming/priority-naming.js';
export { PriorityRegistry, type PriorityRegistryOptions, type TopicLevel } from './naming/priority-registry.js';
export { ExponentialQuotaDistributor } from './quota/exponential-quota-distributor.js';
export { FixedQuotaDistributor } from './quota/fixed-quota-distributor.js';
export { LargestRemainderQuotaDistributor } from './quota/largest-remainder-quota-distributor.js';
export { validateDistribution, type QuotaDistributor } from './quota/quota-distributor.js';
export { CapacityBurst, type LevelBurst } from './flipkart/capacity-burst.js';
export { flipkartRound, flipkartState, type FlipkartRound, type FlipkartState } from './flipkart/flipkart-round.js';
export { PollHistoryWindow, type PollHistoryWindowOptions } from './flipkart/poll-history-window.js';
export {
  highestReadyLevel,
  isLevelReady,
  type DispatchPolicy,
  type DispatchPolicyFactory,
  type PolicyShape,
} from './policy/dispatch-policy.js';
export { drrPolicy } from './policy/drr.js';
export { flipkartBurst, type FlipkartBurstOptions } from './policy/flipkart-burst.js';
export { strictPolicy, strictWithFloorPolicy, type StrictOptions } from './policy/strict.js';
export { weightedPolicy } from './policy/weighted.js';
export type { LevelExplanation, LevelWait, LevelWaitCode } from './container/level-explanation.js';
export type { PolicyChange, PolicyUpdate } from './container/live-policy.js';
export type {
  PolicyName,
  PriorityBatchListener,
  PriorityBatchListenerFunction,
  PriorityBatchListenerObject,
  PriorityBuffer,
  PriorityContainerProperties,
  PriorityListener,
  PriorityListenerFunction,
  PriorityListenerObject,
} from './container/priority-container-properties.js';
export type { PriorityContainerState } from './container/priority-container-state.js';
export type { LevelName, PriorityEvents } from './container/priority-events.js';
export type { PriorityLevel } from './container/priority-level.js';
export { PriorityListenerContainer } from './container/priority-listener-container.js';
export type { LatencyHistogram } from './container/latency-sample.js';
export type {
  DispatchExplanation,
  LevelMetrics,
  LevelSnapshot,
  PolicySnapshot,
  PriorityHealth,
  PriorityMetrics,
  PrioritySnapshot,
} from './container/priority-metrics.js';
