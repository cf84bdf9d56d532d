import assert from 'node:assert/strict';
import { AsyncTaskExecutor } from '@hearken/executor';
import { deferred } from '@hearken/core/internal';
import type { ConsumerRecord, TaskExecutor } from '@hearken/core';
import type { ListenerContext } from '@hearken/listener';
import { distinct, setup, tp, until } from '../setup.js';

/** Counts the tasks it is given. */
class CountingExecutor extends AsyncTaskExecutor {
  tasks = 0;

  override execute<T>(task: (signal: AbortSignal) => T | Promise<T>): Promise<T> {
    this.tasks++;
    return super.execute(task);
  }
}

/** So many records of distinct keys, one poll, and a slot for each. */
async function run(count: number, waits: (record: ConsumerRecord) => boolean) {
  const executor = new CountingExecutor({ concurrency: count });
  const hanging = deferred();
  let called = 0;
  let inFirstTurn: number | undefined;
  const listener = (record: ConsumerRecord): Promise<void> | undefined => {
    if (called++ === 0) setImmediate(() => (inFirstTurn = called));
    return waits(record) ? hanging.promise : Promise.resolve();
  };
  const properties = { ordering: 'key', taskExecutor: executor, bufferRecords: count, maxPollRecords: count } as const;
  const bundle = setup({ ...properties, listener }, { partitions: [tp(0)] });
  bundle.give(0, ...distinct(count));
  await bundle.container.start();
  await until(() => called === count && inFirstTurn !== undefined);
  hanging.resolve();
  await until(() => bundle.container.metrics().processed === count);
  await bundle.container.stop();
  return { tasks: executor.tasks, inFirstTurn };
}

describe('runs', () => {
  it('are few where listeners end at once, however many slots are free', async () => {
    const { tasks, inFirstTurn } = await run(1000, () => false);
    assert.ok(tasks < 100, `${tasks} tasks for 1000 records`);
    assert.equal(inFirstTurn, 1000);
  });

  it('fill every slot within a turn of the event loop where listeners wait', async () => {
    const { tasks, inFirstTurn } = await run(1000, () => true);
    assert.equal(tasks, 1000);
    assert.equal(inFirstTurn, 1000);
  });

  it('leave none waiting where some listeners end at once and others wait', async () => {
    const { tasks, inFirstTurn } = await run(1000, ({ offset }) => offset % 3 > 0);
    assert.ok(tasks >= 666);
    assert.equal(inFirstTurn, 1000);
  });

  it('listen to one signal, as many as there are, without a warning', async () => {
    const warnings: Error[] = [];
    const warned = (warning: Error): void => void warnings.push(warning);
    process.on('warning', warned);
    const { signal } = new AbortController(); // one for all, as any executor may have
    const executor = new AsyncTaskExecutor({ concurrency: 20 });
    const taskExecutor: TaskExecutor = {
      concurrency: 20,
      get available() {
        return executor.available;
      },
      execute: (task) => executor.execute(() => task(signal)),
      onAvailable: (wake) => executor.onAvailable(wake),
      drain: () => executor.drain(),
      cancel: (reason) => executor.cancel(reason),
    };
    const hanging = deferred();
    const listened: AbortSignal[] = [];
    const listener = (_: ConsumerRecord, context: ListenerContext): Promise<void> => {
      listened.push(context.signal);
      return hanging.promise;
    };
    const bundle = setup({ ordering: 'key', taskExecutor, listener }, { partitions: [tp(0)] });
    bundle.give(0, ...distinct(20));
    await bundle.container.start();
    await until(() => listened.length === 20);
    hanging.resolve();
    await bundle.container.stop();
    process.off('warning', warned);
    assert.deepEqual(warnings, []);
  });

  it('end when their task is cancelled: what comes after it has a signal that is not aborted', async () => {
    const executor = new AsyncTaskExecutor({ concurrency: 1 });
    const aborted: boolean[] = [];
    const listener = (_: ConsumerRecord, context: ListenerContext): void => {
      aborted.push(context.signal.aborted);
      if (aborted.length === 1) executor.cancel(new Error('enough'));
    };
    const bundle = setup({ ordering: 'key', taskExecutor: executor, listener }, { partitions: [tp(0)] });
    bundle.give(0, ...distinct(3));
    await bundle.container.start();
    await until(() => aborted.length === 3);
    await bundle.container.stop();
    assert.deepEqual(aborted, [false, false, false]);
  });

  it('go on with lanes after a listener that fails', async () => {
    let failures = 0;
    const bundle = setup(
      { listener: ({ offset }) => (offset === 2 && failures++ === 0 ? Promise.reject(new Error('once')) : undefined) },
      { partitions: [tp(0)] },
    );
    bundle.give(0, ...distinct(5));
    await bundle.container.start();
    await until(() => bundle.container.metrics().retried === 1);
    bundle.clock.advance(60_000);
    await until(() => bundle.container.metrics().processed === 5);
    assert.equal(bundle.container.metrics().running, 0);
    await bundle.container.stop();
  });

  it('that an executor comes to late start nothing of a partition that was paused meanwhile', async () => {
    const given: (() => unknown)[] = [];
    const taskExecutor: TaskExecutor = {
      concurrency: 1,
      get available() {
        return given.length === 0 ? 1 : 0;
      },
      execute: (task) =>
        new Promise((resolve) => {
          given.push(() => resolve(task(new AbortController().signal)));
        }),
      onAvailable: () => () => undefined,
      drain: () => Promise.resolve(),
      cancel: () => undefined,
    };
    const started: string[] = [];
    const listener = ({ partition, offset }: ConsumerRecord): void => void started.push(`${partition}/${offset}`);
    const bundle = setup({ taskExecutor, listener });
    const { container, give } = bundle;
    give(0, ...distinct(1));
    await container.start();
    await until(() => given.length === 1);
    container.pause([tp(0)]);
    given.shift()!();
    give(1, ...distinct(1));
    await until(() => given.length === 1);
    given.shift()!();
    await until(() => container.metrics().processed === 1);
    assert.deepEqual(started, ['1/0']);
    container.resume([tp(0)]);
    await until(() => given.length === 1);
    given.shift()!();
    await until(() => container.metrics().processed === 2);
    await container.stop();
  });
});
