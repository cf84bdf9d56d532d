import assert from 'node:assert/strict';
import { codeOf, type TaskExecutor } from '@hearken/core';
import { AsyncTaskExecutor } from '@hearken/executor';
import { eventLoopTurn } from '@hearken/testing';
import { addsUp, distinct, keyed, setup, started, tp, until } from './setup.js';

describe('MessageListenerContainer: stop({ immediate })', () => {
  it('tells running listeners at once to give up, and commits what had ended', async () => {
    const bundle = await started({ concurrency: 2 });
    const { container, listener, give, clock, committed } = bundle;
    give(0, ...keyed('a', 'b', 'c'));
    (await listener.call('0/0')).end();
    const running = await listener.call('0/1');
    const { signal } = running.context;
    const stopping = container.stop({ immediate: true });
    await until(() => clock.nextDueInMs === 0);
    clock.advance(0);
    assert.deepEqual(await stopping, {
      drained: false,
      abandoned: 2,
      committed: [
        { ...tp(0), offset: 1 },
        { ...tp(1), offset: 0 },
      ],
    });
    assert.equal(codeOf(signal.reason), 'CONTAINER_STOPPED');
    assert.equal(committed(0), 1);
    running.end();
    await eventLoopTurn();
    assert.equal(container.metrics().lateResults, 1);
    assert.ok(addsUp(bundle));
  });

  it('is drained where nothing runs, whatever waits', async () => {
    const bundle = await started({ concurrency: 1 });
    const { container, listener, give, events } = bundle;
    const retried = events('record:retried');
    give(0, ...keyed('a', 'b'));
    (await listener.call('0/0')).fail(new Error('no'));
    await retried.received(1);
    const report = await container.stop({ immediate: true });
    assert.deepEqual([report.drained, report.abandoned], [true, 2]);
    assert.ok(addsUp(bundle));
  });

  it('does not wait for the listener that asks for it, nor count it', async () => {
    const { container, listener, give, committed } = await started();
    give(0, ...keyed('a'));
    const asking = await listener.call('0/0');
    const report = await asking.context.container.stop({ immediate: true });
    assert.deepEqual([report.drained, report.abandoned], [true, 1]);
    assert.equal(committed(0), 0);
    assert.equal(container.state, 'stopped');
  });

  it('does not wait for a revoke that drains', async () => {
    const bundle = await started({ revokeDrainTimeoutMs: 20_000 });
    const { container, factory, listener, give, clock } = bundle;
    give(0, ...keyed('a'));
    const { signal } = (await listener.call('0/0')).context;
    const revoking = factory.consumer.rebalance({ revoke: [tp(0)], assign: [tp(1)] });
    await until(() => clock.nextDueInMs === 5_000 || clock.pendingTimers >= 2);
    const stopping = container.stop({ immediate: true });
    await until(() => clock.nextDueInMs === 0);
    clock.advance(0);
    await until(() => signal.aborted);
    await until(() => clock.nextDueInMs === 500);
    clock.advance(500); // what is left to the revoke, so that the consumer can leave
    assert.equal((await stopping).drained, false);
    clock.advance(20_000);
    await revoking;
  });

  it('waits, outside of its group, for a listener whose partition went before it had ended, and is not drained', async () => {
    for (const isInTime of [true, false]) {
      const bundle = await started({ revokeDrainTimeoutMs: 2_000, shutdownTimeoutMs: 20_000 });
      const { container, factory, listener, give, clock } = bundle;
      give(0, ...keyed('a'));
      const call = await listener.call('0/0');
      const revoking = factory.consumer.rebalance({ revoke: [tp(0)] });
      await until(() => clock.nextDueInMs === 2_000);
      clock.advance(2_000);
      await revoking;
      assert.ok(call.context.signal.aborted);
      const stopping = container.stop();
      await factory.consumer.closed.wait();
      await until(() => clock.nextDueInMs === 20_000);
      assert.equal(container.state, 'stopping');
      if (isInTime) call.end();
      else clock.advance(20_000);
      const report = await stopping;
      assert.deepEqual([report.drained, report.abandoned], [false, 0]);
      call.end();
      await eventLoopTurn();
      assert.ok(addsUp(bundle));
    }
  });
});

describe('MessageListenerContainer: stop, and stop again', () => {
  it('is cut short by who is in more of a hurry, and by nobody else', async () => {
    const { container, listener, give, clock } = await started();
    give(0, ...keyed('a'));
    const { signal } = (await listener.call('0/0')).context;
    const first = container.stop({ timeoutMs: 60_000 });
    await until(() => clock.nextDueInMs === 60_000);
    const calls = [
      first,
      container.stop(), // as at the end of a scope: no wish of its own
      container.stop({ timeoutMs: 90_000 }),
      container.stop({ timeoutMs: -1 }),
      container.stop({ timeoutMs: 'soon' as unknown as number }),
    ];
    assert.equal(clock.nextDueInMs, 60_000);
    clock.advance(10_000);
    calls.push(container.stop({ timeoutMs: 100 }));
    assert.equal(clock.nextDueInMs, 100);
    assert.equal(signal.aborted, false);
    calls.push(container.stop({ immediate: true }));
    clock.advance(0);
    const report = await first;
    assert.equal(report.drained, false);
    assert.ok(signal.aborted);
    for (const call of calls) assert.equal(await call, report);
    assert.equal(await container.stop({ immediate: true }), report);
    assert.equal(clock.pendingTimers, 0);
  });

  it('is cut short also while the last commit is on its way', async () => {
    const { container, clock, factory, give } = await started({ listener: () => undefined, shutdownTimeoutMs: 5_000 });
    const answer = factory.consumer.holdCommits();
    give(0, ...distinct(3));
    await until(() => container.metrics().processed === 3);
    const stopping = container.stop();
    await until(() => clock.nextDueInMs === 5_500);
    void container.stop({ immediate: true });
    await until(() => clock.nextDueInMs === 500);
    clock.advance(500);
    let stopped = false;
    void stopping.then(() => (stopped = true));
    await until(() => {
      clock.advance(0);
      return stopped;
    });
    answer();
  });

  it('of a container that never started lets go of the executor that it was given', async () => {
    const slots = new AsyncTaskExecutor({ concurrency: 1 });
    const handlers = new Set<() => void>();
    const taskExecutor: TaskExecutor = {
      concurrency: 1,
      available: 1,
      execute: (task) => slots.execute(task),
      drain: () => slots.drain(),
      cancel: (reason) => slots.cancel(reason),
      onAvailable: (handler) => {
        handlers.add(handler);
        return () => handlers.delete(handler);
      },
    };
    const { container } = setup({ taskExecutor });
    assert.equal(handlers.size, 1);
    await container.stop();
    assert.equal(handlers.size, 0);
  });

  it('in any state is safe', async () => {
    const created = setup().container;
    await created.stop({ immediate: true });
    assert.equal(created.state, 'stopped');
    const starting = setup({}, { partitions: [] }).container;
    const start = starting.start().catch(codeOf);
    await starting.stop({ immediate: true });
    assert.equal(await start, 'CONTAINER_STOPPED');
    assert.equal(starting.state, 'stopped');
    const { container, factory } = await started();
    factory.consumer.fail(new Error('gone'));
    await assert.rejects(container.finished, /gone/);
    assert.equal((await container.stop({ immediate: true })).drained, true);
    assert.equal(container.state, 'failed');
  });
});
