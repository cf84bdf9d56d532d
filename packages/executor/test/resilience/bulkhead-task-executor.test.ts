import assert from 'node:assert/strict';
import { type KafkaConfigError } from '@hearken/core';
import { AsyncTaskExecutor, BulkheadTaskExecutor } from '@hearken/executor';
import type { ManualTask } from '@hearken/testing';
import { eventLoopTurn, manualTasks } from '@hearken/testing';

/** Ten slots: four and two are kept, four are lent. */
function setup() {
  const pool = new AsyncTaskExecutor({ concurrency: 10 });
  const { slow, quick } = BulkheadTaskExecutor.divide(pool, { slow: { guaranteed: 4 }, quick: { guaranteed: 2 } });
  return { pool, slow, quick };
}

describe('BulkheadTaskExecutor', () => {
  it('keeps slots for a share that uses none of them, and lends the rest', async () => {
    const { pool, slow, quick } = setup();
    assert.deepEqual([slow.concurrency, quick.concurrency], [8, 6]);
    const stuck = manualTasks(20);
    const results = stuck.map((task) => slow.execute(task.run));
    assert.deepEqual(stuck.filter(({ started }) => started.fired).length, 8);
    assert.deepEqual([slow.available, quick.available, pool.available], [0, 2, 2]);
    assert.equal(await quick.execute(() => 'at once'), 'at once');
    for (const task of stuck) task.resolve();
    await Promise.all(results);
    assert.deepEqual([slow.available, quick.available], [8, 6]);
  });

  it('does not give a slot that came free to one that borrows, where it is kept for whose it was', async () => {
    const { slow, quick } = setup();
    const own = manualTasks(2);
    const results = own.map((task) => quick.execute(task.run));
    const borrowed = manualTasks(20);
    const others = borrowed.map((task) => slow.execute(task.run));
    const running = (): number => borrowed.filter(({ started }) => started.fired).length;
    assert.equal(running(), 8);
    own[0]?.resolve();
    await results[0];
    await eventLoopTurn();
    assert.deepEqual([running(), quick.available], [8, 1]);
    for (const task of [...own, ...borrowed]) task.resolve();
    await Promise.all([...results, ...others]);
    assert.equal(running(), 20);
  });

  it('has no more than it may have', async () => {
    const pool = new AsyncTaskExecutor({ concurrency: 10 });
    const shares = { narrow: { guaranteed: 1, maxConcurrentCalls: 3 }, wide: { guaranteed: 0 } };
    const { narrow, wide } = BulkheadTaskExecutor.divide(pool, shares);
    assert.deepEqual([narrow.concurrency, narrow.available, wide.concurrency, wide.available], [3, 3, 9, 9]);
    const tasks = manualTasks(5);
    const results = tasks.map((task) => narrow.execute(task.run));
    assert.equal(tasks.filter(({ started }) => started.fired).length, 3);
    for (const task of tasks) task.resolve();
    await Promise.all(results);
  });

  it('cancels and drains its own tasks, and none of the others’', async () => {
    const { slow, quick } = setup();
    const [mine, theirs] = manualTasks(2) as [ManualTask, ManualTask];
    const results = [slow.execute(mine.run), quick.execute(theirs.run)];
    const signals = [await mine.started.wait(), await theirs.started.wait()];
    slow.cancel(new Error('cancelled'));
    assert.deepEqual(
      signals.map(({ aborted }) => aborted),
      [true, false],
    );
    mine.resolve();
    await slow.drain();
    assert.equal(quick.available, 5);
    theirs.resolve();
    await Promise.all(results);
  });

  it('goes with a pool that changes its size', () => {
    const { pool, slow, quick } = setup();
    pool.concurrency = 0;
    assert.deepEqual([slow.concurrency, slow.available, quick.available], [0, 0, 0]);
    let told = 0;
    quick.onAvailable(() => told++);
    pool.concurrency = 6;
    assert.deepEqual([slow.available, quick.available, told], [4, 2, 1]);
  });

  it('asks a pool for what it is asked itself', () => {
    const { slow } = setup();
    assert.equal(slow.unit, 'run');
    assert.equal(slow.isPaused, false);
  });

  it('names every problem of its shares at once', () => {
    const pool = new AsyncTaskExecutor({ concurrency: 4 });
    const problemsOf = (shares: object): string[] => {
      try {
        BulkheadTaskExecutor.divide(pool, shares as never);
        return [];
      } catch (error) {
        return (error as KafkaConfigError).problems.map(({ path }) => path);
      }
    };
    assert.deepEqual(problemsOf({ a: { guaranteed: 3 }, b: { guaranteed: 2 } }), ['guaranteed']);
    const wrong = { a: {}, b: { guaranteed: 2, maxConcurrentCalls: 1 }, c: { guaranteed: 1, most: 2 } };
    assert.deepEqual(problemsOf(wrong), ['a.guaranteed', 'b.maxConcurrentCalls', 'c.most']);
    assert.deepEqual(problemsOf({ a: { guaranteed: 2 }, b: { guaranteed: 2 } }), []);
  });
});
