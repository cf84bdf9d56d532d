import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { eventLoopTurn, ManualTask, manualTasks } from '@hearken/testing';
import { LinkedSignals } from '../../dist/linked-signals.js';

describe('LinkedSignals', () => {
  it('follow the signal that tasks were given, and let go of it with the last of them', async () => {
    const [signals, given, tasks] = [new LinkedSignals(), new AbortController(), manualTasks(3)];
    const results = tasks.map((task) => Promise.resolve(signals.run(task.run, given.signal)));
    const received = await Promise.all(tasks.map(({ started }) => started.wait()));
    assert.equal(new Set(received).size, 1, 'they share one');
    assert.equal(getEventListeners(given.signal, 'abort').length, 1);
    for (const task of tasks) task.resolve();
    await Promise.all(results);
    assert.equal(getEventListeners(given.signal, 'abort').length, 0);
    given.abort(new Error('too late'));
    assert.equal(received[0]?.aborted, false);
  });

  it('abort with what they follow, with the reason', async () => {
    for (const how of ['before', 'while'] as const) {
      const [signals, given, task] = [new LinkedSignals(), new AbortController(), new ManualTask()];
      const reason = new Error('given up');
      if (how === 'before') given.abort(reason);
      const result = signals.run(task.run, given.signal);
      const signal = await task.started.wait();
      given.abort(reason);
      assert.equal(signal.reason, reason);
      task.resolve();
      await result;
    }
  });

  it('abort for their own executor, and not for others that follow the same one', async () => {
    const [mine, theirs, given] = [new LinkedSignals(), new LinkedSignals(), new AbortController()];
    const [own, other, later] = manualTasks(3) as [ManualTask, ManualTask, ManualTask];
    const results: unknown[] = [mine.run(own.run, given.signal), theirs.run(other.run, given.signal)];
    mine.abort(new Error('cancelled'));
    results.push(mine.run(later.run, given.signal));
    const aborted = await Promise.all([own, other, later].map(async (task) => (await task.started.wait()).aborted));
    assert.deepEqual(aborted, [true, false, false]);
    own.resolve(); // must not let go of what the later one follows
    await results[0];
    given.abort(new Error('given up'));
    assert.equal((await later.started.wait()).aborted, true);
    for (const task of [other, later]) task.resolve();
    await Promise.all(results);
    assert.equal(getEventListeners(given.signal, 'abort').length, 0);
  });

  it('pass a signal on that one task has to itself, and abort it', async () => {
    const [inside, outside, pool] = [new LinkedSignals(), new LinkedSignals(), new AbortController()];
    const [alone, beside] = manualTasks(2) as [ManualTask, ManualTask];
    const start = (task: ManualTask): unknown =>
      inside.runAlone((signal) => outside.run(task.run, signal), pool.signal, new AbortController());
    const results = [start(alone), start(beside)];
    const [signal, other] = [await alone.started.wait(), await beside.started.wait()];
    assert.notEqual(signal, other);
    assert.equal(getEventListeners(signal, 'abort').length, 0, 'nobody has to listen to it');
    beside.resolve();
    await eventLoopTurn();
    outside.abort(new Error('cancelled'));
    assert.deepEqual([signal.aborted, other.aborted, pool.signal.aborted], [true, false, false]);
    alone.resolve();
    await Promise.all(results);
    assert.equal(getEventListeners(pool.signal, 'abort').length, 0);
  });
});
