import assert from 'node:assert/strict';
import { eventLoopTurn, exerciseTaskExecutor, FakeTaskExecutor, manualTasks } from '@hearken/testing';

describe('FakeTaskExecutor', () => {
  exerciseTaskExecutor((concurrency) => new FakeTaskExecutor({ concurrency }), {
    resize: (executor, slots) => void (executor.concurrency = slots),
  });

  it('holds tasks, each in a slot, until the test starts them', async () => {
    const executor = new FakeTaskExecutor({ concurrency: 3 });
    executor.hold();
    const results = [1, 2].map((value) => executor.execute(() => value));
    await eventLoopTurn();
    assert.deepEqual([executor.waiting, executor.running, executor.available], [2, 0, 1]);
    executor.start(1);
    assert.equal(await results[0], 1);
    assert.equal(executor.waiting, 1);
    executor.release();
    assert.equal(await results[1], 2);
    assert.deepEqual([executor.running, executor.available, executor.given.count], [0, 3, 2]);
  });

  it('starts what waits when its concurrency grows, and nothing at 0', async () => {
    const executor = new FakeTaskExecutor({ concurrency: 0 });
    const tasks = manualTasks(2);
    let woken = 0;
    executor.onAvailable(() => woken++);
    const results = tasks.map(({ run }) => executor.execute(run));
    assert.deepEqual([executor.running, executor.available, woken], [0, 0, 0]);
    executor.concurrency = 3;
    await Promise.all(tasks.map(({ started }) => started.wait()));
    assert.deepEqual([executor.running, executor.available, woken], [2, 1, 1]);
    for (const task of tasks) task.resolve();
    await Promise.all(results);
  });

  it('refuses tasks, which do not run then', async () => {
    const executor = new FakeTaskExecutor();
    const full = new Error('full');
    executor.refuseTasks(full);
    let ran = false;
    await assert.rejects(
      executor.execute(() => (ran = true)),
      full,
    );
    assert.equal(ran, false);
    assert.equal(await executor.execute(() => 'next'), 'next');
  });
});
