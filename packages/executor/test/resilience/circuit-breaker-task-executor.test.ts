import assert from 'node:assert/strict';
import { KafkaConfigError, KafkaError, NOT_CALLED } from '@hearken/core';
import {
  AsyncTaskExecutor,
  CircuitBreakerTaskExecutor,
  PooledTaskExecutor,
  type CircuitBreakerTaskExecutorOptions,
} from '@hearken/executor';
import { eventLoopTurn, ManualClock, ManualTask, manualTasks, RecordingLogger } from '@hearken/testing';

const OPTIONS = { slidingWindowSize: 4, waitDurationInOpenStateMs: 1_000 };

function setup(options: CircuitBreakerTaskExecutorOptions = {}, pool = new AsyncTaskExecutor({ concurrency: 5 })) {
  const [clock, logger] = [new ManualClock(), new RecordingLogger()];
  const executor = new CircuitBreakerTaskExecutor(pool, { ...OPTIONS, ...options }, { clock, logger });
  const states: string[] = [];
  executor.on('state:changed', ({ previous, next }) => states.push(`${previous} ${next}`));
  const fail = (error: unknown = new Error('down')): Promise<unknown> =>
    executor.execute(() => Promise.reject(error as Error)).catch((caught: unknown) => caught);
  const open = async (): Promise<void> => {
    for (let i = 0; i < 4; i++) await fail();
  };
  return { clock, logger, pool, executor, states, fail, open };
}

describe('CircuitBreakerTaskExecutor', () => {
  it('has no slots while it is open, one when it tries again, and all of them when that went well', async () => {
    const { clock, executor, states, open } = setup();
    await open();
    assert.deepEqual(
      [executor.state, executor.concurrency, executor.available, executor.isPaused],
      ['open', 0, 0, true],
    );
    clock.advance(999);
    assert.equal(executor.state, 'open');
    clock.advance(1);
    const now = [executor.state, executor.concurrency, executor.available, executor.isPaused];
    assert.deepEqual(now, ['half-open', 1, 1, false]);
    assert.equal(await executor.execute(() => 'works'), 'works');
    assert.deepEqual([executor.state, executor.concurrency, executor.available], ['closed', 5, 5]);
    assert.deepEqual(states, ['closed open', 'open half-open', 'half-open closed']);
    assert.equal(clock.pendingTimers, 0);
  });

  for (const slidingWindowType of ['count-based', 'time-based'] as const) {
    it(`does not count what called nothing, in a ${slidingWindowType} window`, async () => {
      const { executor, fail } = setup({ slidingWindowType, slidingWindowSize: 4, minimumNumberOfCalls: 2 });
      for (let i = 0; i < 10; i++) assert.equal(await executor.execute(() => NOT_CALLED), NOT_CALLED);
      assert.deepEqual(executor.rates, { failureRate: 0, slowCallRate: 0, numberOfCalls: 0 });
      await fail();
      for (let i = 0; i < 10; i++) await executor.execute(() => Promise.resolve(NOT_CALLED));
      assert.deepEqual(executor.rates, { failureRate: 100, slowCallRate: 0, numberOfCalls: 1 });
      await fail();
      assert.equal(executor.state, 'open');
    });
  }

  it('tries another one when a trial called nothing, and is told of its slot', async () => {
    const { clock, executor, open } = setup();
    await open();
    clock.advance(1_000);
    const told: number[] = [];
    executor.onAvailable(() => told.push(executor.available));
    await executor.execute(() => NOT_CALLED);
    assert.deepEqual([executor.state, executor.available, told], ['half-open', 1, [1]]);
    await executor.execute(() => 'works');
    assert.equal(executor.state, 'closed');
  });

  it('opens again when the trial fails, for as long as before', async () => {
    const { clock, executor, states, open, fail } = setup();
    await open();
    clock.advance(1_000);
    await fail();
    assert.deepEqual([executor.state, executor.concurrency, clock.nextDueInMs], ['open', 0, 1_000]);
    clock.advance(1_000);
    assert.deepEqual(states, ['closed open', 'open half-open', 'half-open open', 'open half-open']);
  });

  it('tells whoever waits for slots when it tries again, and when it closes', async () => {
    const { clock, executor, open } = setup();
    const told: number[] = [];
    await open();
    executor.onAvailable(() => told.push(executor.available));
    clock.advance(1_000);
    assert.deepEqual(told, [1]);
    await executor.execute(() => 1);
    assert.equal(told.at(-1), 5);
  });

  it('keeps tasks that were given while it was open until it tries again, and lets one through', async () => {
    const { clock, executor, open } = setup();
    await open();
    const [trial, next] = manualTasks(2) as [ManualTask, ManualTask];
    const results = [executor.execute(trial.run), executor.execute(next.run)];
    assert.equal(trial.started.fired, false);
    clock.advance(1_000);
    assert.deepEqual([trial.started.fired, next.started.fired], [true, false]);
    trial.resolve();
    await next.started.wait();
    next.resolve();
    await Promise.all(results);
  });

  it('lets what runs go on when it opens; how that ends is nothing to a later trial', async () => {
    const { clock, executor, open } = setup();
    const old = new ManualTask();
    const result = executor.execute(old.run);
    await open();
    clock.advance(1_000);
    old.reject(new Error('late'));
    await assert.rejects(result, /late/);
    assert.deepEqual([executor.state, executor.available], ['half-open', 1]);
  });

  it('opens for slow calls as for failed ones', async () => {
    const { clock, executor } = setup({ slowCallDurationThresholdMs: 50, slowCallRateThreshold: 50 });
    const slow = async (ms: number): Promise<void> => {
      const task = new ManualTask();
      const result = executor.execute(task.run);
      clock.advance(ms);
      task.resolve();
      await result;
    };
    for (const ms of [50, 49, 49]) await slow(ms);
    assert.equal(executor.state, 'closed');
    assert.deepEqual(executor.rates, { failureRate: 0, slowCallRate: 100 / 3, numberOfCalls: 3 });
    await slow(50);
    assert.equal(executor.state, 'open');
  });

  it('does not count what is no failure of the sink: a record that is at fault, a partition that went', async () => {
    const { clock, executor, fail } = setup();
    for (let i = 0; i < 10; i++) await fail(new KafkaError('skipped', { code: 'SKIP_RECORD' }));
    assert.equal(executor.rates.numberOfCalls, 0);
    await fail(new KafkaError('timed out', { code: 'TASK_TIMED_OUT', retriable: true }));
    assert.equal(executor.rates.numberOfCalls, 1);
    for (let i = 0; i < 3; i++) await fail();
    clock.advance(1_000);
    await fail(new KafkaError('revoked', { code: 'PARTITION_REVOKED' }));
    assert.deepEqual([executor.state, executor.available], ['half-open', 1], 'another trial may begin in its place');
  });

  it('asks who knows better what a failure is, and takes one that cannot say for a failure', async () => {
    const isFailure = (error: unknown): boolean => (error as { status: number }).status >= 500;
    const { executor, fail, logger } = setup({ isFailure });
    await fail({ status: 404 });
    assert.equal(executor.rates.numberOfCalls, 0);
    await fail({ status: 503 });
    await fail(null);
    assert.equal(executor.rates.failureRate, 100);
    assert.match(logger.entries.items.find(({ level }) => level === 'error')?.message ?? '', /isFailure/);
  });

  it('takes what it is asked about for a failure where the answer is a promise', async () => {
    const isFailure = (() => Promise.reject(new Error('late'))) as unknown as () => boolean;
    const { executor, fail, logger } = setup({ isFailure });
    await fail({ status: 404 });
    await new Promise(setImmediate);
    assert.equal(executor.rates.numberOfCalls, 1);
    assert.match(logger.entries.items.find(({ level }) => level === 'error')?.message ?? '', /isFailure/);
  });

  it('does not count what the executor behind never ran', async () => {
    // Says that it has room and rejects: nothing is known of the sink.
    class Refusing extends PooledTaskExecutor {
      override get available(): number {
        return 1;
      }
    }
    const pool = new Refusing({ concurrency: 1, queueCapacity: 0 });
    const executor = new CircuitBreakerTaskExecutor(pool, OPTIONS);
    const stuck = new ManualTask();
    const running = executor.execute(stuck.run);
    for (let i = 0; i < 10; i++)
      await assert.rejects(
        executor.execute(() => 1),
        { code: 'TASK_REJECTED' },
      );
    assert.deepEqual([executor.state, executor.rates.numberOfCalls], ['closed', 0]);
    stuck.resolve();
    await running;
  });

  it('keeps no slot of a task that the executor behind gave up before it ended', async () => {
    class Hasty extends AsyncTaskExecutor {
      override execute<T>(task: (signal: AbortSignal) => T | Promise<T>): Promise<T> {
        super.execute(task).catch(() => undefined);
        return Promise.reject(new Error('given up'));
      }
    }
    const executor = new CircuitBreakerTaskExecutor(new Hasty({ concurrency: 1 }), OPTIONS);
    const task = new ManualTask();
    await assert.rejects(executor.execute(task.run), /given up/);
    task.resolve();
    await eventLoopTurn();
    assert.equal(executor.available, 1);
  });

  it('closes by hand, and forgets', async () => {
    const { clock, executor, states, open, fail } = setup();
    await fail();
    executor.reset();
    assert.equal(executor.rates.numberOfCalls, 0);
    await open();
    let told = 0;
    executor.onAvailable(() => told++);
    executor.reset();
    assert.deepEqual([executor.state, executor.available, told, clock.pendingTimers], ['closed', 5, 1, 0]);
    assert.deepEqual(states, ['closed open', 'open closed']);
  });

  it('is not steered by who observes it, and ends an observation', async () => {
    const { executor, logger, states, open } = setup();
    const end = executor.on('state:changed', () => assert.fail('it was ended'));
    end();
    executor.on('state:changed', () => {
      throw new Error('thrown by an observer');
    });
    executor.on('state:changed', () => Promise.reject(new Error('rejected by an observer')));
    await open();
    await eventLoopTurn();
    assert.deepEqual([executor.state, states.length], ['open', 1]);
    assert.equal(logger.entries.items.filter(({ level }) => level === 'error').length, 2);
    assert.throws(() => executor.on('opened' as 'state:changed', () => undefined), KafkaConfigError);
  });

  it('has the defaults of resilience4j, but for one trial', async () => {
    const clock = new ManualClock();
    const executor = new CircuitBreakerTaskExecutor(new AsyncTaskExecutor({ concurrency: 5 }), {}, { clock });
    const call = (fails: boolean): Promise<unknown> =>
      executor.execute(() => (fails ? Promise.reject(new Error('down')) : 1)).catch(() => 0);
    for (let i = 0; i < 99; i++) await call(i % 2 === 0);
    assert.deepEqual([executor.state, executor.rates.numberOfCalls], ['closed', 99]);
    await call(false);
    assert.deepEqual([executor.state, clock.nextDueInMs], ['open', 60_000]);
    clock.advance(60_000);
    assert.equal(executor.concurrency, 1);
  });

  it('has a window of an hour at most, as each of its seconds is counted, and one of calls may be longer', () => {
    const pool = new AsyncTaskExecutor({ concurrency: 1 });
    const make = (slidingWindowType: 'time-based' | 'count-based', slidingWindowSize: number) =>
      new CircuitBreakerTaskExecutor(pool, { slidingWindowType, slidingWindowSize });
    make('time-based', 3_600);
    make('count-based', 3_601);
    assert.throws(
      () => make('time-based', 3_601),
      ({ problems }: KafkaConfigError) =>
        problems.length === 1 &&
        problems[0]?.path === 'slidingWindowSize' &&
        problems[0].message.startsWith('must be at most 3600 where it is seconds, got 3601'),
    );
  });

  it('names every problem of its options at once', () => {
    const wrong = {
      failureRateThreshold: 101,
      slowCallRateThreshold: 0,
      slidingWindowSize: 5,
      minimumNumberOfCalls: 6,
      waitDurationInOpenStateMs: -1,
      permittedNumberOfCallsInHalfOpenState: 0,
      isFailure: 'yes' as never,
    };
    const pool = new AsyncTaskExecutor({ concurrency: 1 });
    assert.throws(
      () => new CircuitBreakerTaskExecutor(pool, wrong),
      (error: KafkaConfigError) => {
        const paths = Object.keys(wrong).filter((name) => name !== 'slidingWindowSize');
        assert.deepEqual(error.problems.map(({ path }) => path).sort(), paths.sort());
        return true;
      },
    );
  });
});
