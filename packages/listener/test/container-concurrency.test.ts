import assert from 'node:assert/strict';
import { KafkaConfigError } from '@hearken/core';
import { AsyncTaskExecutor } from '@hearken/executor';
import { eventLoopTurn } from '@hearken/testing';
import { defaultBufferRecords } from '../dist/dispatch/intake.js';
import { addsUp, distinct, setup, started, stopNow, until } from './setup.js';

describe('MessageListenerContainer: concurrency', () => {
  it('may be raised while it runs, and holds at once', async () => {
    const bundle = await started({ concurrency: 2, ordering: 'none' });
    const { container, listener, give } = bundle;
    give(0, ...distinct(10));
    await listener.calls.received(2);
    await eventLoopTurn();
    assert.equal(listener.calls.count, 2);
    container.concurrency = 5;
    assert.equal(container.concurrency, 5);
    assert.equal(listener.calls.count, 5, 'in the same turn');
    for (const { end } of listener.calls.items) end();
    await listener.calls.received(10);
    for (const { end } of listener.calls.items) end();
    await until(() => container.metrics().processed === 10);
    await container.stop();
    assert.ok(addsUp(bundle));
  });

  it('may be lowered: what runs ends, and no more start than are to run', async () => {
    const bundle = await started({ concurrency: 4, ordering: 'none' });
    const { container, listener, give } = bundle;
    give(0, ...distinct(10));
    const running = await listener.calls.received(4);
    const signals = running.map(({ context }) => context.signal);
    container.concurrency = 1;
    await eventLoopTurn(); // a slot may go on with another record in the turn in which it was taken
    for (const ended of [1, 2, 3]) {
      running[ended]?.end();
      await until(() => container.metrics().processed === ended);
      await eventLoopTurn();
      assert.equal(listener.calls.count, 4);
    }
    running[0]?.end();
    await listener.calls.received(5);
    await eventLoopTurn();
    assert.deepEqual([listener.calls.count, container.metrics().running], [5, 1]);
    assert.ok(signals.every(({ aborted }) => !aborted));
    await stopNow(bundle);
  });

  it('may be set before the start', async () => {
    const bundle = setup({ concurrency: 1, ordering: 'none' });
    bundle.container.concurrency = 3;
    await bundle.container.start();
    bundle.give(0, ...distinct(5));
    await bundle.listener.calls.received(3);
    await stopNow(bundle);
  });

  it('brings its buffer with it, where that was left to it', async () => {
    for (const [bufferRecords, held] of [
      [undefined, defaultBufferRecords(1_000, 1)],
      [1_000, 1_000],
    ] as const) {
      const given = bufferRecords === undefined ? {} : { bufferRecords };
      const bundle = await started({ concurrency: 1, ordering: 'none', ...given });
      const { container, listener, give } = bundle;
      container.concurrency = 1_000;
      give(0, ...distinct(9_000));
      await listener.calls.received(1_000);
      let queued = -1;
      while (queued !== (queued = container.metrics().queued)) await eventLoopTurn();
      assert.ok(queued > held / 2 && queued <= held + 1_000, `${queued} wait`);
      await stopNow(bundle);
    }
  });

  it('is refused in words where it is no such number, or the executor is somebody’s', async () => {
    const { container } = setup({ concurrency: 2 });
    for (const wrong of [0, -1, 1.5, NaN, Infinity, '3', undefined])
      assert.throws(() => (container.concurrency = wrong as number), KafkaConfigError);
    assert.equal(container.concurrency, 2);
    const taskExecutor = new AsyncTaskExecutor({ concurrency: 7 });
    const other = setup({ taskExecutor }).container;
    assert.equal(other.concurrency, 7);
    assert.throws(() => (other.concurrency = 3), { code: 'TASK_EXECUTOR_GIVEN', message: /change it there/ });
    taskExecutor.concurrency = 0;
    assert.equal(other.concurrency, 0);
    await Promise.all([container.stop(), other.stop()]);
  });
});
