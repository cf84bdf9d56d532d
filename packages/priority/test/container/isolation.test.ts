import assert from 'node:assert/strict';
import { DefaultErrorHandler, FixedBackOff } from '@hearken/listener';
import { addsUp, settled, setup, started, stopped, until } from './setup.js';

describe('PriorityListenerContainer: one level does not touch the others', () => {
  it('goes on with the other levels while a record is tried again, and loses nothing', async () => {
    const bundle = await started({
      capacity: 3,
      partitions: 1,
      ordering: 'partition',
      errorHandler: new DefaultErrorHandler({ backOff: new FixedBackOff({ intervalMs: 1_000, maxRetries: 1 }) }),
    });
    const { give, listener, clock, committed } = bundle;
    for (const level of [0, 1, 2]) give(level, 3);
    (await listener.call('0:0/0')).fail(new Error('no'));
    for (const at of ['1:0/0', '2:0/0', '1:0/1', '2:0/1', '1:0/2', '2:0/2']) (await listener.call(at)).end();
    await until(() => bundle.container.metrics().levels[0]?.retried === 1);
    assert.equal(
      listener.calls.items.filter(({ level }) => level.priority === 0).length,
      1,
      'nothing passes the record',
    );
    clock.advance(1_000);
    for (const at of ['0:0/0', '0:0/1', '0:0/2']) (await listener.call(at, at === '0:0/0' ? 2 : 1)).end();
    await stopped(bundle);
    assert.deepEqual([committed(0, 0), committed(1, 0), committed(2, 0)], [3, 3, 3]);
    assert.ok(addsUp(bundle));
  });

  it('hands out nothing but free slots while listeners of one level hang', async () => {
    const bundle = await started({ capacity: 3, partitions: 1, levels: [{ maxSlots: 2 }, {}, {}] });
    const { give, listener } = bundle;
    give(0, 100); // two of them hang for ever
    await until(() => listener.order === '00');
    give(2, 50);
    for (let i = 0; i < 50; i++) (await listener.call(`2:0/${i}`)).end();
    assert.equal(listener.calls.items.filter(({ level }) => level.priority === 0).length, 2);
    await stopped(bundle);
  });

  it('keeps a reserved slot for its level, whatever waits elsewhere', async () => {
    const bundle = await started({ capacity: 3, levels: [{}, {}, { minSlots: 1 }] });
    const { give, listener } = bundle;
    give(0, 100);
    await until(() => listener.order === '00');
    await settled();
    assert.equal(listener.order, '00');
    give(2, 1);
    await until(() => listener.order === '002');
    await stopped(bundle);
  });

  it('leaves the records of the others alone when partitions of one level move', async () => {
    const bundle = await started({ capacity: 6 });
    const { give, listener, consumer, committed } = bundle;
    for (const level of [0, 2]) give(level, 6);
    await until(() => listener.order.length === 6);
    const moved = consumer(2).rebalance({ revoke: [{ topic: 't-2', partition: 0 }], assign: [] });
    for (const { record, end } of listener.calls.items) if (record.topic === 't-2') end();
    await until(() => {
      for (const { record, end } of listener.calls.items) if (record.topic === 't-2') end();
      return consumer(2).assignment().length === 1;
    });
    await moved;
    const ofLow = listener.calls.items.filter(({ level }) => level.priority === 0);
    for (const { context } of ofLow) assert.equal(context.signal.aborted, false);
    for (const { end } of ofLow) end();
    await until(() => bundle.container.metrics().levels[0]?.processed === ofLow.length || listener.order.length > 6);
    assert.equal(bundle.container.metrics().levels[0]?.abandoned, 0);
    await stopped(bundle);
    assert.ok((committed(0, 0) ?? 0) > 0);
    assert.ok(addsUp(bundle));
  });

  it('fails as a whole when the listener of one level does: the others commit what ended, and leave', async () => {
    const bundle = await started({
      capacity: 6,
      errorHandler: new DefaultErrorHandler({ backOff: new FixedBackOff({ intervalMs: 1, maxRetries: 0 }) }),
    });
    const { container, give, listener, consumer, committed } = bundle;
    give(0, 1);
    give(2, 2);
    (await listener.call('2:0/0')).end();
    await until(() => container.metrics().levels[2]?.processed === 1);
    (await listener.call('2:1/0')).end();
    const cause = new Error('no such customer');
    (await listener.call('0:0/0')).fail(cause);
    await assert.rejects(container.finished, (error: Error & { code?: string; cause?: Error }) => {
      assert.equal(error.code, 'LEVEL_FAILED');
      assert.match(error.message, /level 0 failed/);
      assert.equal((error.cause as Error & { code?: string }).code, 'LISTENER_FAILED');
      return true;
    });
    assert.equal(container.state, 'failed');
    assert.equal(container.health().status, 'down');
    assert.deepEqual([committed(2, 0), committed(2, 1), committed(0, 0) ?? 0], [1, 1, 0]);
    for (const level of [0, 1, 2]) assert.ok(consumer(level).closed.fired);
  });

  it('fails as a whole when one level loses its broker for good: the others commit what ended', async () => {
    const bundle = await started({ capacity: 6 });
    const { container, give, listener, consumer, committed } = bundle;
    give(2, 1);
    (await listener.call('2:0/0')).end();
    await until(() => container.metrics().levels[2]?.processed === 1);
    consumer(0).fail(new Error('no broker'));
    await assert.rejects(container.finished, { code: 'LEVEL_FAILED', priority: 0 });
    assert.equal(committed(2, 0), 1);
    assert.deepEqual([container.health().live, container.health().status], [false, 'down']);
    assert.ok(addsUp(bundle));
  });

  it('starts one level again by itself, and runs the others meanwhile', async () => {
    const bundle = await started({ capacity: 6, partitions: 1, ordering: 'partition', onFatal: 'restart' });
    const { container, give, listener, consumer, clock, factory } = bundle;
    const before = factory.consumers.items.length;
    give(0, 3); // one runs
    await listener.call('0:0/0');
    consumer(0).fail(new Error('no broker'));
    (await listener.call('0:0/0')).end();
    await until(() => !container.level(0).container.health().ready);
    assert.deepEqual([container.health().ready, container.health().status], [false, 'down']);
    give(2, 2);
    (await listener.call('2:0/0')).end();
    (await listener.call('2:0/1')).end();
    await until(() => {
      clock.advance(1_000);
      return factory.consumers.items.length > before;
    });
    (await listener.call('0:0/1')).end();
    (await listener.call('0:0/2')).end();
    await until(() => container.health().ready);
    await until(() => bundle.committed(0, 0) === 3 || (clock.advance(1_000), false));
    await stopped(bundle);
    assert.deepEqual([bundle.committed(0, 0), bundle.committed(2, 0)], [3, 2]);
    assert.equal(container.metrics().slots, 0);
    assert.ok(addsUp(bundle));
  });

  it('is degraded, and ready, while listeners of a level hang', async () => {
    const bundle = await started({ capacity: 6, handlerTimeoutMs: 1_000 });
    const { container, give, listener, clock } = bundle;
    give(0, 1);
    await listener.call('0:0/0');
    clock.advance(1_000);
    await until(() => container.level(0).container.health().status === 'degraded');
    const { live, ready, status, levels } = container.health();
    assert.deepEqual([live, ready, status], [true, true, 'degraded']);
    assert.deepEqual(
      levels.map((level) => level.status),
      ['degraded', 'up', 'up'],
    );
    await stopped(bundle);
  });

  it('fails when the policy of a user does, and hangs nowhere', async () => {
    const { container, give } = setup({
      capacity: 6,
      listener: () => undefined,
      policy: () => ({ name: 'broken', next: () => 5, started: () => undefined }),
    });
    await container.start();
    give(0, 3);
    await assert.rejects(container.finished, { code: 'POLICY_FAILED' });
  });

  for (const answer of [32, -32, 0.5, NaN, undefined])
    it(`fails when a policy answers ${answer}, which shifts bits as level 0 does`, async () => {
      const { container, give } = setup({
        capacity: 6,
        listener: () => undefined,
        policy: () => ({ name: 'broken', next: () => answer!, started: () => undefined }),
      });
      await container.start();
      give(0, 3);
      await assert.rejects(container.finished, { code: 'POLICY_FAILED' });
      assert.equal(container.metrics().slots, 0);
    });

  for (const method of ['next', 'started', 'ended'])
    it(`fails when ${method} of a policy throws, and hands out nothing twice`, async () => {
      const broken = new Error('broken');
      const bundle = setup({
        capacity: 6,
        listener: () => undefined,
        policy: () => ({
          name: 'broken',
          next: () => 0,
          started: () => undefined,
          [method]: () => {
            throw broken;
          },
        }),
      });
      await bundle.container.start();
      bundle.give(0, 3);
      await assert.rejects(bundle.container.finished, { code: 'POLICY_FAILED', cause: broken });
      assert.ok(addsUp(bundle));
    });

  it('stops all levels when one was stopped from its listener', async () => {
    const { container, give, committed } = setup({
      listener: (_record, context) => void context.container.stop(),
    });
    give(1, 1);
    await container.start();
    await container.finished;
    assert.equal(container.state, 'stopped');
    assert.equal(committed(1, 0), 1);
  });
});
