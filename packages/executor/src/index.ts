export { AsyncTaskExecutor, type AsyncTaskExecutorOptions } from './async-task-executor.js';
export { TaskRejectedError } from './errors.js';
export { PooledTaskExecutor, type PooledTaskExecutorOptions, type RejectionPolicy } from './pooled-task-executor.js';
export { SyncTaskExecutor } from './sync-task-executor.js';
export type { WorkerListener, WorkerListenerContext } from './worker/worker-listener.js';
export { WorkerThreadError, type WorkerThreadErrorCode } from './worker/worker-thread-error.js';
export {
  workerThreadListener,
  type WorkerThreadListener,
  type WorkerThreadMetrics,
} from './worker/worker-thread-listener.js';
export type { WorkerThreadOptions } from './worker/worker-thread-options.js';
