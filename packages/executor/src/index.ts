export { AsyncTaskExecutor, type AsyncTaskExecutorOptions } from './async-task-executor.js';
export { TaskRejectedError } from './errors.js';
export { PooledTaskExecutor, type PooledTaskExecutorOptions, type RejectionPolicy } from './pooled-task-executor.js';
export { SyncTaskExecutor } from './sync-task-executor.js';
