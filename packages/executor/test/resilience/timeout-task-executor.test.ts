import assert from 'node:assert/strict';
import { codeOf, isKafkaError, type KafkaConfigError } from '@hearken/core';
import { AsyncTaskExecutor, TimeoutTaskExecutor } from '@hearken/executor';
import { eventLoopTurn, ManualClock, ManualTask, manualTasks } from '@hearken/testing';

function setup(concurrency = 2) {
  const clock = new ManualClock();
  const pool = new AsyncTaskExecutor({ concurrency });
  return { clock, pool, executor: new TimeoutTaskExecutor(pool, { timeoutMs: 100 }, { clock }) };
}

describe('TimeoutTaskExecutor', () => {
  it('aborts what takes too long, and rejects when it ends, whatever it comes to', async () => {
    for (const end of ['resolve', 'reject'] as const) {
      const { clock, pool, executor } = setup();
      const task = new ManualTask();
      let settled = false;
      const result = executor.execute(task.run).finally(() => (settled = true));
      const signal = await task.started.wait();
      clock.advance(99);
      assert.equal(signal.aborted, false);
      clock.advance(1);
      assert.equal(codeOf(signal.reason), 'TASK_TIMED_OUT');
      await eventLoopTurn();
      assert.deepEqual([settled, pool.available, executor.available], [false, 1, 1], 'its slot is taken while it runs');
      if (end === 'resolve') task.resolve();
      else task.reject(new Error('gave up'));
      await assert.rejects(result, (error) => {
        assert.ok(isKafkaError(error));
        assert.deepEqual([error.name, error.code, error.retriable], ['TaskTimeoutError', 'TASK_TIMED_OUT', true]);
        assert.equal(error, signal.reason);
        return true;
      });
      assert.equal(executor.available, 2);
    }
  });

  it('leaves those alone that end in time, and no timer behind', async () => {
    const { clock, executor } = setup();
    const [well, badly] = manualTasks(2) as [ManualTask, ManualTask];
    const results = [executor.execute(well.run), executor.execute(badly.run)];
    assert.equal(clock.pendingTimers, 2);
    clock.advance(99);
    well.resolve();
    badly.reject(new Error('its own'));
    assert.equal(await results[0], undefined);
    await assert.rejects(results[1]!, /its own/);
    assert.equal(clock.pendingTimers, 0);
  });

  it('sets no timer for what ends at once', async () => {
    const { clock, executor } = setup();
    const result = executor.execute(() => clock.pendingTimers);
    assert.equal(clock.pendingTimers, 0);
    assert.equal(await result, 0);
  });

  it('counts from the start, not from when it was given', async () => {
    const { clock, executor } = setup(1);
    const [first, second] = manualTasks(2) as [ManualTask, ManualTask];
    const results = Promise.all([executor.execute(first.run), executor.execute(second.run)]);
    clock.advance(90);
    first.resolve();
    const signal = await second.started.wait();
    clock.advance(90);
    assert.equal(signal.aborted, false);
    second.resolve();
    await results;
  });

  it('hits the one that takes too long, and none beside it', async () => {
    const { clock, executor } = setup();
    const [early, late] = manualTasks(2) as [ManualTask, ManualTask];
    const results = Promise.allSettled([executor.execute(early.run), executor.execute(late.run)]);
    const signals = [await early.started.wait(), await late.started.wait()] as const;
    early.resolve();
    await eventLoopTurn();
    clock.advance(100);
    assert.deepEqual([signals[0].aborted, signals[1].aborted], [false, true]);
    late.resolve();
    assert.deepEqual(
      (await results).map(({ status }) => status),
      ['fulfilled', 'rejected'],
    );
  });

  it('hands on what aborts the task otherwise', async () => {
    const { pool, executor } = setup();
    const task = new ManualTask();
    const result = executor.execute(task.run);
    const signal = await task.started.wait();
    pool.cancel(new Error('the pool was cancelled'));
    assert.match(String(signal.reason), /the pool was cancelled/);
    task.resolve();
    await result;
  });

  it('names every problem of its options at once', () => {
    const make = (options: object) => () => new TimeoutTaskExecutor(setup().pool, options as { timeoutMs: number });
    for (const wrong of [{}, { timeoutMs: 0 }, { timeoutMs: 1.5 }, { timeout: 5 }])
      assert.throws(make(wrong), (error: KafkaConfigError) => error.code === 'INVALID_CONFIG');
  });
});
