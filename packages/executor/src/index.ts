export type { AdaptiveTaskExecutorOptions } from './adaptive/adaptive-options.js';
export { AdaptiveTaskExecutor } from './adaptive/adaptive-task-executor.js';
export type { LimitChange } from './adaptive/gradient-limit.js';
export { AsyncTaskExecutor, type AsyncTaskExecutorOptions } from './async-task-executor.js';
export { BulkheadTaskExecutor, type BulkheadShare } from './bulkhead/bulkhead-task-executor.js';
export type { CallRates, CircuitBreakerChange, CircuitBreakerState } from './circuit-breaker/circuit-breaker.js';
export type {
  CircuitBreakerTaskExecutorOptions,
  SlidingWindowType,
} from './circuit-breaker/circuit-breaker-options.js';
export { CircuitBreakerTaskExecutor } from './circuit-breaker/circuit-breaker-task-executor.js';
export { TaskRejectedError, TaskTimeoutError } from './errors.js';
export { PooledTaskExecutor, type PooledTaskExecutorOptions, type RejectionPolicy } from './pooled-task-executor.js';
export {
  RateLimitedTaskExecutor,
  type RateLimitedTaskExecutorOptions,
} from './rate-limit/rate-limited-task-executor.js';
export { SyncTaskExecutor } from './sync-task-executor.js';
export { TimeoutTaskExecutor, type TimeoutTaskExecutorOptions } from './timeout-task-executor.js';
export type { WorkerListener, WorkerListenerContext } from './worker/worker-listener.js';
export { WorkerThreadError, type WorkerThreadErrorCode } from './worker/worker-thread-error.js';
export {
  workerThreadListener,
  type WorkerThreadListener,
  type WorkerThreadMetrics,
} from './worker/worker-thread-listener.js';
export type { WorkerThreadOptions } from './worker/worker-thread-options.js';
