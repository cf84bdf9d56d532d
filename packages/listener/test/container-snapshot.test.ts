import assert from 'node:assert/strict';
import { AsyncTaskExecutor } from '@hearken/executor';
import { eventLoopTurn } from '@hearken/testing';
import { DefaultErrorHandler, FixedBackOff, type ContainerSnapshot, type RunningListener } from '../dist/index.js';
import { addsUp, distinct, keyed, setup, started, stopNow, tp, until } from './setup.js';

const shown = ({ partition, offset, attempt, runningMs }: RunningListener): string =>
  `${partition}/${offset}#${attempt} ${runningMs}ms`;

describe('MessageListenerContainer: snapshot', () => {
  it('adds up to the gauges of metrics', async () => {
    const bundle = await started({ errorHandler: { decide: () => ({ action: 'retry', delayMs: 1_000 }) } });
    const { container, listener, give } = bundle;
    container.pause([tp(1)]);
    give(0, ...keyed('a', 'b'));
    give(1, ...keyed('c', 'd', 'e'));
    (await listener.call('0/0')).fail(new Error('busy'));
    await until(() => container.metrics().retried === 1);
    const { outstanding, queued, running, retrying, lag, assigned, paused } = container.metrics();
    assert.deepEqual(
      { outstanding, queued, running, retrying, lag, assigned, paused },
      { outstanding: 2, queued: 1, running: 0, retrying: 1, lag: 5, assigned: 2, paused: 1 },
    );
    await container.stop();
  });

  it('is plain data, before, while and after it runs', async () => {
    const bundle = setup();
    const { container, give } = bundle;
    const before = container.snapshot();
    assert.deepEqual(before, {
      state: 'created',
      paused: false,
      group: undefined,
      partitions: [],
      running: [],
      waiting: [],
      parked: [],
    });
    await container.start();
    give(0, ...keyed('a'));
    await bundle.listener.call('0/0');
    const now = container.snapshot();
    assert.deepEqual(now.group, { groupId: 'g', generationId: 0, memberId: 'fake-member' });
    const { partitions, ...rest } = JSON.parse(JSON.stringify(now)) as ContainerSnapshot;
    assert.deepEqual(
      { ...rest, partitions: partitions.slice(0, 1) },
      { ...now, partitions: now.partitions.slice(0, 1) },
    );
    await stopNow(bundle);
    assert.equal(container.snapshot().state, 'stopped');
  });

  it('tells of each partition how far it is, and who holds it', async () => {
    const bundle = await started({ concurrency: 1, ordering: 'key' });
    const { container, listener, give, log, clock } = bundle;
    give(0, ...keyed('a', 'b', 'a', 'c'));
    log.skip('t', 1, 3);
    await listener.call('0/0');
    container.pause([tp(1)]);
    await until(() => container.snapshot().partitions[1]?.position === 3);
    clock.advance(250);
    const [first, second] = container.snapshot().partitions;
    assert.deepEqual(first, {
      ...tp(0),
      epoch: 1,
      position: 4,
      committed: 0,
      endOffset: 4,
      lag: 4,
      outstanding: 4,
      oldestOutstanding: 0,
      oldestAgeMs: 250,
      queued: 3,
      queuedBytes: 3, // their keys: 'b', 'a' and 'c'
      heldBytes: 3,
      running: 1,
      retrying: 0,
      lanes: 3,
      pausedBy: [],
    });
    const { position, lag, oldestOutstanding, pausedBy } = second!;
    assert.deepEqual(
      { position, lag, oldestOutstanding, pausedBy },
      {
        position: 3,
        lag: 0,
        oldestOutstanding: undefined,
        pausedBy: ['user'],
      },
    );
    await stopNow(bundle);
  });

  it('tells which listeners run, and for how long, the oldest first', async () => {
    const { container, listener, give, clock } = await started({ ordering: 'none' });
    give(0, ...keyed('a', 'b'));
    const [a, b] = [await listener.call('0/0'), await listener.call('0/1')];
    await eventLoopTurn();
    clock.advance(300);
    give(1, ...keyed('c'));
    const c = await listener.call('1/0');
    clock.advance(50);
    assert.deepEqual(container.snapshot().running.map(shown), ['0/0#1 350ms', '0/1#1 350ms', '1/0#1 50ms']);
    a.end();
    await until(() => container.metrics().running === 2);
    assert.deepEqual(container.snapshot().running.map(shown), ['0/1#1 350ms', '1/0#1 50ms']);
    c.end();
    b.end();
    await until(() => container.metrics().running === 0);
    assert.deepEqual(container.snapshot().running, []);
    await container.stop();
  });

  it('tells them also of a run that goes on with the next record, and of an executor that sees each record', async () => {
    for (const unit of ['run', 'record'] as const) {
      const taskExecutor = new AsyncTaskExecutor({ concurrency: 2 });
      Object.defineProperty(taskExecutor, 'unit', { value: unit });
      let slow: (() => void) | undefined;
      const { container, give, clock } = await started({
        taskExecutor,
        listener: async ({ offset }) => {
          await Promise.resolve();
          if (offset === 2) await new Promise<void>((resolve) => (slow = resolve));
        },
      });
      give(0, ...distinct(4));
      await until(() => slow !== undefined);
      clock.advance(70);
      assert.deepEqual(container.snapshot().running.map(shown), ['0/2#1 70ms'], unit);
      slow!();
      await until(() => container.metrics().processed === 4);
      assert.deepEqual(container.snapshot().running, []);
      await container.stop();
    }
  });

  it('tells of listeners whose partition is gone, and when they end at last', async () => {
    const bundle = await started();
    const { container, listener, give, factory } = bundle;
    give(0, ...keyed('a'));
    const call = await listener.call('0/0');
    await factory.consumer.rebalance({ lost: [tp(0)] });
    assert.deepEqual(container.snapshot().running, [{ ...tp(0), offset: 0, attempt: 1, runningMs: 0, isLate: true }]);
    call.end();
    await until(() => container.metrics().lateResults === 1);
    assert.deepEqual(container.snapshot().running, []);
    await container.stop();
    assert.ok(addsUp(bundle));
  });

  it('tells of a hundred listeners, and of a hundred records that wait, not of thousands', async () => {
    const errorHandler = new DefaultErrorHandler({ backOff: new FixedBackOff({ intervalMs: 60_000 }) });
    const bundle = await started({ ordering: 'none', concurrency: 150, errorHandler });
    const { container, listener, give } = bundle;
    give(0, ...distinct(150));
    await listener.calls.received(150);
    assert.deepEqual([container.snapshot().running.length, container.metrics().running], [100, 150]);
    for (const call of [...listener.calls.items].reverse()) call.fail(new Error('busy'));
    await until(() => container.metrics().retried === 150);
    assert.equal(container.snapshot().waiting.length, 100);
    await container.stop();
  });

  it('tells which records wait to be tried again, and for how long, the soonest first', async () => {
    const intervals = new Map([
      ['a', 5_000],
      ['b', 1_000],
    ]);
    const bundle = await started({
      ordering: 'key',
      errorHandler: {
        decide: ({ record, attempt }) =>
          attempt > 1 ? { action: 'skip' } : { action: 'retry', delayMs: intervals.get(String(record.key)) ?? 0 },
      },
    });
    const { container, listener, give, clock } = bundle;
    give(0, ...keyed('a', 'b', 'a'));
    for (const at of ['0/0', '0/1']) (await listener.call(at)).fail(new Error('busy'));
    await until(() => container.snapshot().waiting.length === 2);
    clock.advance(400);
    assert.deepEqual(container.snapshot().waiting, [
      { ...tp(0), offset: 1, attempt: 2, dueInMs: 600 },
      { ...tp(0), offset: 0, attempt: 2, dueInMs: 4_600 },
    ]);
    clock.advance(600);
    (await listener.call('0/1', 2)).end();
    await until(() => container.snapshot().waiting.length === 1);
    await container.stop();
    assert.deepEqual(container.snapshot().waiting, []);
  });
});
