import assert from 'node:assert/strict';
import { KafkaConfigError } from '@hearken/core';
import { AsyncTaskExecutor } from '@hearken/executor';
import { exerciseTaskExecutor, manualTasks } from '@hearken/testing';

describe('AsyncTaskExecutor', () => {
  exerciseTaskExecutor((concurrency) => new AsyncTaskExecutor({ concurrency }), {
    concurrencies: [1, 3, 100],
    resize: (executor, slots) => void (executor.concurrency = slots),
  });

  it('is asked for runs of records', () => {
    assert.equal(new AsyncTaskExecutor({ concurrency: 1 }).unit, 'run');
  });

  it('starts synchronously while a slot is free', () => {
    const executor = new AsyncTaskExecutor({ concurrency: 2 });
    const started: string[] = [];
    void executor.execute(() => started.push('task'));
    started.push('caller');
    assert.deepEqual(started, ['task', 'caller']);
  });

  it('lets every running task listen to the signal, without a warning', async () => {
    const warnings: Error[] = [];
    const warned = (warning: Error): void => void warnings.push(warning);
    process.on('warning', warned);
    const executor = new AsyncTaskExecutor({ concurrency: 20 });
    const untilCancelled = (signal: AbortSignal): Promise<void> =>
      new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
    for (const round of ['first', 'of a new signal']) {
      const running = Array.from({ length: 20 }, () => executor.execute(untilCancelled));
      executor.cancel(new Error(round));
      await Promise.all(running);
    }
    process.off('warning', warned);
    assert.deepEqual(warnings, []);
  });

  it('starts waiting tasks and tells, when it is given more slots', async () => {
    const executor = new AsyncTaskExecutor({ concurrency: 1 });
    const tasks = manualTasks(3);
    const results = tasks.map((task) => executor.execute(task.run));
    const told: number[] = [];
    executor.onAvailable(() => told.push(executor.available));
    executor.concurrency = 5;
    assert.ok(tasks.every(({ started }) => started.fired));
    assert.deepEqual(told, [2]);
    for (const task of tasks) task.resolve();
    await Promise.all(results);
  });

  it('lets running tasks end when slots are taken away, and starts none above the new limit', async () => {
    const executor = new AsyncTaskExecutor({ concurrency: 3 });
    const tasks = manualTasks(4);
    const results = tasks.map((task) => executor.execute(task.run));
    executor.concurrency = 1;
    assert.equal(executor.available, 0);
    tasks[0]!.resolve();
    tasks[1]!.resolve();
    await Promise.all(results.slice(0, 2));
    assert.equal(tasks[3]!.started.fired, false);
    tasks[2]!.resolve();
    await tasks[3]!.started.wait();
    tasks[3]!.resolve();
    await Promise.all(results);
    assert.equal(executor.available, 1);
  });

  it('starts nothing while it has no slot at all', async () => {
    const executor = new AsyncTaskExecutor({ concurrency: 1 });
    executor.concurrency = 0;
    const result = executor.execute(() => 'ran');
    assert.equal(executor.available, 0);
    executor.concurrency = 1;
    assert.equal(await result, 'ran');
  });

  it('refuses a number of slots that is none', () => {
    const executor = new AsyncTaskExecutor({ concurrency: 1 });
    for (const concurrency of [-1, 1.5, NaN, Infinity, '2' as unknown as number]) {
      assert.throws(() => (executor.concurrency = concurrency), KafkaConfigError);
      assert.throws(() => new AsyncTaskExecutor({ concurrency }), KafkaConfigError);
    }
    assert.throws(() => new AsyncTaskExecutor({ concurrency: 0 }), KafkaConfigError);
    assert.equal(executor.concurrency, 1);
  });

  it('names every problem of its options and the nearest valid name', () => {
    const options = { concurency: 3 } as unknown as { concurrency: number };
    assert.throws(
      () => new AsyncTaskExecutor(options),
      (error: KafkaConfigError) => {
        assert.match(error.message, /concurency: is not an option; did you mean 'concurrency'\?/);
        assert.match(error.message, /concurrency: is required/);
        return true;
      },
    );
  });

  it('shows a waker that throws, and breaks nothing for the task that freed the slot', async () => {
    const executor = new AsyncTaskExecutor({ concurrency: 1 });
    const broken = new Error('the waker threw');
    const uncaught = takeUncaughtException();
    const stop = executor.onAvailable(() => {
      throw broken;
    });
    assert.equal(await executor.execute(() => Promise.resolve('fine')), 'fine');
    stop();
    assert.equal(await uncaught, broken);
    assert.equal(executor.available, 1);
  });
});

/** The next uncaught exception, kept from mocha. */
function takeUncaughtException(): Promise<unknown> {
  const others = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  return new Promise((resolve) => {
    process.once('uncaughtException', (error) => {
      for (const listener of others) process.on('uncaughtException', listener);
      resolve(error);
    });
  });
}
