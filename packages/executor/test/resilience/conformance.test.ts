import type { TaskExecutor } from '@hearken/core';
import {
  AdaptiveTaskExecutor,
  AsyncTaskExecutor,
  BulkheadTaskExecutor,
  CircuitBreakerTaskExecutor,
  PooledTaskExecutor,
  RateLimitedTaskExecutor,
  TimeoutTaskExecutor,
} from '@hearken/executor';
import { exerciseTaskExecutor, FakeTaskExecutor } from '@hearken/testing';

/** Never out of tokens: what a limiter without them promises is tested with a clock. */
const RATE = { limitForPeriod: 1_000_000 };
/** Tasks of the suite fail, and must not shut the gate. */
const BREAKER = { isFailure: () => false };
const TIMEOUT = { timeoutMs: 60_000 };

const wrappers: Readonly<Record<string, (executor: TaskExecutor) => TaskExecutor>> = {
  RateLimitedTaskExecutor: (executor) => new RateLimitedTaskExecutor(executor, RATE),
  CircuitBreakerTaskExecutor: (executor) => new CircuitBreakerTaskExecutor(executor, BREAKER),
  AdaptiveTaskExecutor: (executor) => new AdaptiveTaskExecutor(executor),
  TimeoutTaskExecutor: (executor) => new TimeoutTaskExecutor(executor, TIMEOUT),
  'BulkheadTaskExecutor, all of it guaranteed': (executor) =>
    BulkheadTaskExecutor.divide(executor, { all: { guaranteed: executor.concurrency } }).all,
  'BulkheadTaskExecutor, all of it lent': (executor) =>
    BulkheadTaskExecutor.divide(executor, { all: { guaranteed: 0 }, other: { guaranteed: 0 } }).all,
};

const pools: Readonly<Record<string, (slots: number) => TaskExecutor>> = {
  'an AsyncTaskExecutor': (concurrency) => new AsyncTaskExecutor({ concurrency }),
  'a PooledTaskExecutor without a queue': (concurrency) => new PooledTaskExecutor({ concurrency, queueCapacity: 0 }),
  "somebody's own": (concurrency) => new FakeTaskExecutor({ concurrency }),
};

const stacked = (pool: TaskExecutor): TaskExecutor => {
  const timed = new TimeoutTaskExecutor(pool, TIMEOUT);
  const adaptive = new AdaptiveTaskExecutor(timed);
  const guarded = new CircuitBreakerTaskExecutor(adaptive, BREAKER);
  const { mine } = BulkheadTaskExecutor.divide(guarded, { mine: { guaranteed: guarded.concurrency } });
  return new RateLimitedTaskExecutor(mine, RATE);
};

describe('executors around executors', () => {
  for (const [name, wrap] of Object.entries(wrappers)) {
    describe(name, () => {
      exerciseTaskExecutor((concurrency) => wrap(new AsyncTaskExecutor({ concurrency })), { concurrencies: [2] });
    });
  }

  for (const [name, make] of Object.entries(pools)) {
    describe(`time-out in adaptive limit in breaker in bulkhead in rate limit, around ${name}`, () => {
      exerciseTaskExecutor((slots) => stacked(make(slots)), { concurrencies: [3] });
    });
  }

  describe('a share beside another', () => {
    const make = (slots: number): TaskExecutor => {
      const pool = new AsyncTaskExecutor({ concurrency: slots + 2 });
      const shares = { mine: { guaranteed: slots, maxConcurrentCalls: slots }, theirs: { guaranteed: 2 } };
      return BulkheadTaskExecutor.divide(pool, shares).mine;
    };
    exerciseTaskExecutor(make, { concurrencies: [1] });
  });
});
