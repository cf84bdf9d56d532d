import {
  AdaptiveTaskExecutor,
  AsyncTaskExecutor,
  BulkheadTaskExecutor,
  CircuitBreakerTaskExecutor,
  PooledTaskExecutor,
  RateLimitedTaskExecutor,
  silentLogger,
  SyncTaskExecutor,
  TimeoutTaskExecutor,
  type TaskExecutor,
} from 'hearken';

/** What runs the listeners: kinds that refuse nothing, so that no record fails for its executor. */
export const EXECUTORS = [
  'default',
  'pooled',
  'sync',
  'circuit-breaker',
  'bulkhead',
  'rate-limited',
  'timeout',
  'adaptive',
] as const;
export type ExecutorKind = (typeof EXECUTORS)[number];

const inSlots = (concurrency: number): TaskExecutor => new AsyncTaskExecutor({ concurrency });

const MADE: Readonly<Record<Exclude<ExecutorKind, 'default'>, (concurrency: number) => TaskExecutor>> = {
  pooled: (concurrency) => new PooledTaskExecutor({ concurrency }),
  sync: () => new SyncTaskExecutor(),
  // Opens now and then, for a moment: one of the last twenty failed.
  'circuit-breaker': (concurrency) =>
    new CircuitBreakerTaskExecutor(
      inSlots(concurrency),
      { failureRateThreshold: 5, slidingWindowSize: 20, waitDurationInOpenStateMs: 50 },
      { logger: silentLogger },
    ),
  bulkhead: (concurrency) =>
    BulkheadTaskExecutor.divide(inSlots(concurrency), { listener: { guaranteed: 1 }, nobody: { guaranteed: 0 } })
      .listener,
  // More than is sent in the long run, and less than what a partition has that was just assigned.
  'rate-limited': (concurrency) =>
    new RateLimitedTaskExecutor(inSlots(concurrency), { limitForPeriod: 3_000, burst: 100 }),
  // Longer than a process is frozen.
  timeout: (concurrency) => new TimeoutTaskExecutor(inSlots(concurrency), { timeoutMs: 60_000 }),
  adaptive: (concurrency) => new AdaptiveTaskExecutor(inSlots(concurrency), {}, { logger: silentLogger }),
};

/** The properties that give a container so many slots of an executor of this kind. */
export const executorOf = (
  kind: ExecutorKind,
  concurrency: number,
): { readonly concurrency: number } | { readonly taskExecutor: TaskExecutor } =>
  kind === 'default' ? { concurrency } : { taskExecutor: MADE[kind](concurrency) };
