export { MessageListenerContainer } from './message-listener-container.js';
export type { AckMode, AssignedPartition, ContainerDependencies, ContainerProperties } from './container-properties.js';
export type {
  Acknowledgment,
  ListenerContainer,
  ListenerContext,
  MessageListener,
  MessageListenerFunction,
  MessageListenerObject,
} from './message-listener.js';
export type { Ordering } from './dispatch/lanes.js';
export {
  ExponentialBackOff,
  FixedBackOff,
  type BackOff,
  type ExponentialBackOffOptions,
  type FixedBackOffOptions,
} from './invoke/back-off.js';
export type { ContainerState, StopOptions, StopReport } from './container-state.js';
export type { ContainerEventListener, ContainerEvents } from './container-events.js';
export type { ContainerHealth, ContainerMetrics, ContainerSnapshot, PartitionSnapshot } from './container-metrics.js';
export { ContainerStopError, ListenerAbortedError, ListenerFailedError, StartTimeoutError } from './errors.js';
