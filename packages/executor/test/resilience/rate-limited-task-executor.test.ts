import assert from 'node:assert/strict';
import { NOT_CALLED, type Clock, type KafkaConfigError, type TaskExecutor } from '@hearken/core';
import { AsyncTaskExecutor, RateLimitedTaskExecutor, type RateLimitedTaskExecutorOptions } from '@hearken/executor';
import { eventLoopTurn, ManualClock, ManualTask } from '@hearken/testing';

function setup(options: RateLimitedTaskExecutorOptions, concurrency = 100) {
  const clock = new ManualClock();
  const pool = new AsyncTaskExecutor({ concurrency });
  const executor = new RateLimitedTaskExecutor(pool, options, { clock });
  const startedAt: number[] = [];
  const start = (): Promise<unknown> => executor.execute(() => startedAt.push(clock.monotonic()));
  return { clock, pool, executor, startedAt, start };
}

describe('RateLimitedTaskExecutor', () => {
  it('starts a burst, and then one for each token, in the order they came', async () => {
    const { clock, executor, startedAt, start } = setup({ limitForPeriod: 10, burst: 3 });
    const ends = Promise.all(Array.from({ length: 6 }, start));
    assert.deepEqual([executor.concurrency, executor.available], [100, 0]);
    for (let i = 0; i < 3; i++) {
      await eventLoopTurn();
      clock.advance(100);
    }
    assert.deepEqual(await ends, [1, 2, 3, 4, 5, 6]);
    assert.deepEqual(startedAt, [0, 0, 0, 100, 200, 300]);
  });

  it('tells whoever found no token when there is one, and keeps no timer after that', async () => {
    const { clock, executor, start } = setup({ limitForPeriod: 2 });
    const told: number[] = [];
    executor.onAvailable(() => told.push(clock.monotonic()));
    await Promise.all([start(), start()]);
    told.length = 0;
    assert.equal(clock.pendingTimers, 1);
    clock.advance(500);
    assert.deepEqual([told, executor.available], [[500], 1]);
    clock.advance(10_000);
    assert.deepEqual([told, executor.available, clock.pendingTimers], [[500], 2, 0]);
  });

  it('gets the token back of a task whose listener was not called, if that is known at once', async () => {
    const { clock, executor, startedAt, start } = setup({ limitForPeriod: 10, burst: 1 });
    for (let i = 0; i < 5; i++) {
      await executor.execute(() => NOT_CALLED);
      assert.deepEqual([executor.available, clock.pendingTimers], [1, 0]);
    }
    await start();
    const waiting = [executor.execute(() => NOT_CALLED), start()];
    clock.advance(100);
    await Promise.all(waiting);
    assert.deepEqual([startedAt, executor.available], [[0, 100], 0]);
    clock.advance(100);
    await executor.execute(() => Promise.resolve(NOT_CALLED));
    assert.equal(executor.available, 0);
  });

  it('gets none back of a task that the executor behind starts later: it may have been full by then', async () => {
    const clock = new ManualClock();
    const [pool, late] = [new AsyncTaskExecutor({ concurrency: 9 }), [] as (() => void)[]];
    const behind = new Proxy<TaskExecutor>(pool, {
      get(_, name) {
        if (name === 'execute')
          return (task: Parameters<TaskExecutor['execute']>[0]) =>
            new Promise((resolve) => late.push(() => resolve(pool.execute(task))));
        const value: unknown = Reflect.get(pool, name);
        return typeof value === 'function' ? (value.bind(pool) as unknown) : value;
      },
    });
    const executor = new RateLimitedTaskExecutor(behind, { limitForPeriod: 10, burst: 1 }, { clock });
    const ends = [executor.execute(() => NOT_CALLED)];
    clock.advance(100);
    ends.push(executor.execute(() => NOT_CALLED));
    clock.advance(50);
    for (const start of late) start();
    await Promise.all(ends);
    assert.equal(executor.available, 0);
  });

  it('has no timer while there are tokens', async () => {
    const { clock, start } = setup({ limitForPeriod: 5 });
    await start();
    assert.equal(clock.pendingTimers, 0);
  });

  it('waits again when its timer was early, as Node lets them be', async () => {
    const real = new ManualClock();
    let behind = 0;
    const clock: Clock = {
      now: () => real.now(),
      monotonic: () => real.monotonic() - behind,
      setTimer: (callback, delayMs) => real.setTimer(callback, delayMs),
    };
    const executor = new RateLimitedTaskExecutor(
      new AsyncTaskExecutor({ concurrency: 1 }),
      { limitForPeriod: 1 },
      { clock },
    );
    await executor.execute(() => 1);
    const second = executor.execute(() => 2);
    behind = 0.4;
    real.advance(1_000);
    assert.equal(real.pendingTimers, 1);
    real.advance(1);
    assert.equal(await second, 2);
  });

  it('keeps the process running for a task that waits for a token, and not for who only wants to know', async () => {
    const kept: (boolean | undefined)[] = [];
    const manual = new ManualClock();
    const clock: Clock = {
      now: () => manual.now(),
      monotonic: () => manual.monotonic(),
      setTimer: (callback, delayMs, options) => {
        kept.push(options?.keepAlive);
        return manual.setTimer(callback, delayMs);
      },
    };
    const executor = new RateLimitedTaskExecutor(
      new AsyncTaskExecutor({ concurrency: 1 }),
      { limitForPeriod: 1 },
      { clock },
    );
    executor.onAvailable(() => undefined);
    await executor.execute(() => 1);
    assert.deepEqual(kept, [false]);
    const second = executor.execute(() => 2);
    assert.deepEqual([kept, manual.pendingTimers], [[false, true], 1]);
    manual.advance(1_000);
    await second;
  });

  it('takes a token when a task starts, not while it waits for a slot: what waited does not start as one burst', async () => {
    const { clock, executor, startedAt, start } = setup({ limitForPeriod: 10, burst: 2 }, 1);
    const stuck = new ManualTask();
    const results = [executor.execute(stuck.run), ...Array.from({ length: 4 }, start)];
    clock.advance(10_000);
    stuck.resolve();
    await eventLoopTurn();
    assert.deepEqual(startedAt, [10_000, 10_000]);
    for (let i = 0; i < 2; i++) {
      clock.advance(100);
      await eventLoopTurn();
    }
    await Promise.all(results);
    assert.deepEqual(startedAt, [10_000, 10_000, 10_100, 10_200]);
  });

  it('has a burst of a period’s tokens, and periods of a second, unless it is told otherwise', async () => {
    const { clock, executor, start } = setup({ limitForPeriod: 4 });
    assert.equal(executor.available, 4);
    await Promise.all(Array.from({ length: 4 }, start));
    clock.advance(250);
    assert.equal(executor.available, 1);
  });

  it('names every problem of its options at once', () => {
    const wrong = { limitForPeriod: 0, limitRefreshPeriodMs: -1, burst: 1.5, limit: 1 };
    assert.throws(
      () => new RateLimitedTaskExecutor(new AsyncTaskExecutor({ concurrency: 1 }), wrong),
      (error: KafkaConfigError) => {
        const paths = error.problems.map(({ path }) => path).sort();
        assert.deepEqual(paths, ['burst', 'limit', 'limitForPeriod', 'limitRefreshPeriodMs']);
        return true;
      },
    );
  });
});
