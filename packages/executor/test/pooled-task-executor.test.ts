import assert from 'node:assert/strict';
import type { KafkaConfigError } from '@hearken/core';
import { codeOf, isKafkaError } from '@hearken/core';
import type { TaskRejectedError } from '@hearken/executor';
import { PooledTaskExecutor, type RejectionPolicy } from '@hearken/executor';
import { exerciseTaskExecutor, manualTasks, type ManualTask } from '@hearken/testing';

/** One slot, one place in the queue, both taken. */
function setup(rejection: RejectionPolicy, queueCapacity = 1) {
  const executor = new PooledTaskExecutor({ concurrency: 1, queueCapacity, rejection });
  const [running, waiting] = manualTasks(2) as [ManualTask, ManualTask];
  const results = [executor.execute(running.run), executor.execute(waiting.run)];
  const end = async (): Promise<void> => {
    running.resolve();
    waiting.resolve();
    await Promise.allSettled(results);
    await executor.drain();
  };
  return { executor, running, waiting, results, end };
}

const resize = (executor: PooledTaskExecutor, slots: number): void => void (executor.concurrency = slots);

describe('PooledTaskExecutor', () => {
  describe('without a bound', () => {
    exerciseTaskExecutor((concurrency) => new PooledTaskExecutor({ concurrency }), { resize });
  });
  describe('with a queue', () => {
    exerciseTaskExecutor((concurrency) => new PooledTaskExecutor({ concurrency, queueCapacity: 100 }), { resize });
  });
  describe('without a queue', () => {
    const make = (concurrency: number) => new PooledTaskExecutor({ concurrency, queueCapacity: 0 });
    exerciseTaskExecutor(make, { startsInOrder: false, resize });
  });

  it("rejects what finds no place, with 'abort', as worth another try", async () => {
    const { executor, end } = setup('abort');
    await assert.rejects(
      executor.execute(() => 'extra'),
      (error: TaskRejectedError) => {
        assert.ok(isKafkaError(error));
        assert.deepEqual([error.name, error.code, error.retriable], ['TaskRejectedError', 'TASK_REJECTED', true]);
        return true;
      },
    );
    await end();
  });

  it("rejects what finds no place, with 'discard', for good", async () => {
    const { executor, end } = setup('discard');
    await assert.rejects(
      executor.execute(() => 'extra'),
      { code: 'TASK_REJECTED', retriable: false },
    );
    await end();
  });

  it("pushes out the oldest, with 'discard-oldest', and runs the new one in its turn", async () => {
    const { executor, results, waiting, end } = setup('discard-oldest');
    const extra = executor.execute(() => 'extra');
    await assert.rejects(results[1]!, { code: 'TASK_REJECTED', retriable: false });
    assert.equal(waiting.started.fired, false);
    await end();
    assert.equal(await extra, 'extra');
  });

  it("runs what finds no place at once, with 'caller-runs', above the limit", async () => {
    const { executor, waiting, end } = setup('caller-runs');
    const [extra] = manualTasks(1) as [ManualTask];
    const result = executor.execute(extra.run);
    assert.equal(extra.started.fired, true);
    assert.equal(executor.available, 0);
    extra.resolve();
    await result;
    assert.equal(waiting.started.fired, false, 'the slot above the limit is not given on');
    await end();
    assert.equal(executor.available, 1);
  });

  it('aborts and drains what the caller ran as well', async () => {
    const { executor, end } = setup('caller-runs');
    const [extra] = manualTasks(1) as [ManualTask];
    const result = executor.execute(extra.run);
    executor.cancel(new Error('cancelled'));
    assert.equal((await extra.started.wait()).aborted, true);
    extra.resolve();
    await result;
    await end();
  });

  it('has places in the queue again when waiting tasks start or are cancelled', async () => {
    const { executor, running, waiting, end } = setup('abort');
    running.resolve();
    await waiting.started.wait();
    const next = executor.execute(() => 'next').catch(codeOf);
    executor.cancel(new Error('cancelled'));
    const other = executor.execute(() => 'other');
    assert.equal(await next, undefined);
    await end();
    assert.equal(await other, 'other');
  });

  it('changes its number of slots at run time', async () => {
    const { executor, waiting, end } = setup('abort');
    executor.concurrency = 2;
    assert.equal(waiting.started.fired, true);
    assert.equal(executor.concurrency, 2);
    await end();
    assert.equal(executor.available, 2);
  });

  it('names every problem of its options at once', () => {
    const options = { concurrency: 0, queueCapacity: -1, rejection: 'drop' as RejectionPolicy };
    assert.throws(
      () => new PooledTaskExecutor(options),
      (error: KafkaConfigError) => {
        assert.deepEqual(error.problems.map(({ path }) => path).sort(), ['concurrency', 'queueCapacity', 'rejection']);
        return true;
      },
    );
  });

  it("refuses 'discard-oldest' without a queue: there would be no oldest", () => {
    const options = { concurrency: 1, queueCapacity: 0, rejection: 'discard-oldest' } as const;
    assert.throws(() => new PooledTaskExecutor(options), /queueCapacity: must be at least 1/);
  });
});
