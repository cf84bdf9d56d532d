import assert from 'node:assert/strict';
import { eventLoopTurn, FakeTaskExecutor } from '@hearken/testing';
import type { FailureDecision } from '../dist/index.js';
import { addsUp, distinct, keyed, setup, started, stopNow, tp, until } from './setup.js';

describe('MessageListenerContainer: pause and resume', () => {
  it('starts nothing of a paused partition, also of what is queued, and keeps its order', async () => {
    const { container, listener, give, factory } = await started();
    give(0, ...keyed('a', 'b'));
    const first = await listener.call('0/0');
    container.pause([tp(0)]);
    first.end();
    give(0, ...keyed('c'));
    give(1, ...keyed('d'));
    (await listener.call('1/0')).end();
    await until(() => container.metrics().processed === 2);
    assert.deepEqual(factory.consumer.paused(), [tp(0)]);
    assert.equal(container.health().paused, 1);
    container.resume([tp(0)]);
    (await listener.call('0/1')).end();
    (await listener.call('0/2')).end();
    await container.stop();
    assert.deepEqual(listener.order, ['0/0', '1/0', '0/1', '0/2']);
  });

  it('starts paused', async () => {
    const { container, listener, give, factory } = setup();
    container.pause();
    give(0, ...keyed('a'));
    await container.start();
    assert.deepEqual(factory.consumer.paused(), [tp(0), tp(1)]);
    container.resume();
    (await listener.call('0/0')).end();
    await container.stop();
  });

  it('pauses everything, what is assigned later too, and resumes some or all', async () => {
    const { container, factory, give, listener } = await started({}, { partitions: [tp(0)] });
    container.pause();
    await factory.consumer.rebalance({ assign: [tp(1), tp(2)] });
    assert.deepEqual(factory.consumer.paused(), [tp(0), tp(1), tp(2)]);
    container.resume([tp(1)]);
    assert.deepEqual(factory.consumer.paused(), [tp(0), tp(2)]);
    container.resume();
    assert.deepEqual(factory.consumer.paused(), []);
    give(2, ...keyed('a'));
    (await listener.call('2/0')).end();
    await container.stop();
  });

  it('feeds other partitions while a paused one holds most of the buffer, though nothing runs any more', async () => {
    const { container, give, listener } = await started({ concurrency: 1, bufferRecords: 10, ordering: 'key' });
    give(0, ...distinct(10));
    const running = await listener.call('0/0');
    container.pause([tp(0)]);
    await eventLoopTurn();
    running.end();
    give(1, ...keyed('a'));
    (await listener.call('1/0')).end();
    await container.stop();
  });

  it('polls a partition again that was full, when its records ran and wait for their acknowledgment', async () => {
    const { container, give, listener, factory } = await started({
      concurrency: 2,
      bufferRecords: 10,
      ackMode: 'manual',
    });
    give(0, ...distinct(10));
    const first = await listener.call('0/0');
    await until(() => factory.consumer.paused().length === 1); // the second slot is free, and there is nothing for it
    first.end();
    for (let i = 1; i < 10; i++) (await listener.call(`0/${i}`)).end();
    give(0, ...keyed('last'));
    (await listener.call('0/10')).end();
    await container.stop();
  });

  it('takes topics, partitions and everything; the last word on a partition counts, also if it comes later', async () => {
    const { container, factory } = await started({}, { partitions: [tp(0), tp(1), tp(0, 'u')] });
    container.pause(['t']);
    container.resume([tp(1)]);
    await factory.consumer.rebalance({ assign: [tp(2), tp(1, 'u')] });
    assert.deepEqual(factory.consumer.paused(), [tp(0), tp(2)]);
    assert.deepEqual(
      [container.isPaused(), container.isPaused('t'), container.isPaused(tp(1)), container.isPaused(tp(9))],
      [false, true, false, true],
    );
    container.pause();
    container.resume(['u', tp(0)]);
    assert.deepEqual(factory.consumer.paused(), [tp(1), tp(2)]);
    assert.ok(container.isPaused());
    container.resume();
    assert.deepEqual(factory.consumer.paused(), []);
    await container.stop();
  });

  it('is paused from inside a listener, which goes on', async () => {
    const { container, listener, give, factory } = await started({}, { partitions: [tp(0)] });
    give(0, ...keyed('a', 'b'));
    const first = await listener.call('0/0');
    first.context.container.pause(['t']);
    assert.ok(first.context.container.isPaused(tp(0)));
    first.end();
    await until(() => container.metrics().processed === 1);
    assert.deepEqual(factory.consumer.paused(), [tp(0)]);
    first.context.container.resume(['t']);
    (await listener.call('0/1')).end();
    await container.stop();
  });

  it('keeps the owners of a pause apart: each ends only its own', async () => {
    const decide = (): FailureDecision => ({ action: 'pause' });
    const bundle = await started({ ordering: 'key', windowRecords: 3, errorHandler: { decide } });
    const { container, listener, give, factory, events } = bundle;
    const owners = (): readonly string[] => container.snapshot().partitions[0]?.pausedBy ?? [];
    const paused = events('partition:paused');
    const resumed = events('partition:resumed');
    give(0, ...keyed('a', 'b', 'c'));
    const [first, second] = [await listener.call('0/0'), await listener.call('0/1')];
    await until(() => owners().includes('back-pressure'));
    first.fail(new Error('away'));
    await until(() => owners().includes('failure'));
    container.pause([tp(0)]);
    assert.deepEqual(owners(), ['user', 'failure', 'back-pressure']);
    container.resume(['other']);
    assert.deepEqual(owners(), ['user', 'failure', 'back-pressure']);
    container.resume(['t']);
    assert.deepEqual(owners(), ['back-pressure'], 'the user ends what the error handler began, and no more');
    assert.deepEqual(factory.consumer.paused(), [tp(0)]);
    for (const call of [await listener.call('0/0', 2), second, await listener.call('0/2')]) call.end();
    await until(() => owners().length === 0);
    assert.deepEqual(factory.consumer.paused(), []);
    assert.deepEqual(
      paused.items.map(({ owner }) => owner),
      ['back-pressure', 'failure', 'user'],
    );
    assert.deepEqual(
      resumed.items.map(({ owner }) => owner),
      ['user', 'failure', 'back-pressure'],
    );
    await container.stop();
    assert.ok(addsUp(bundle));
  });

  it('leaves back-pressure with the ownership it belongs to, and takes the others over to the next', async () => {
    const decide = (): FailureDecision => ({ action: 'pause' });
    const bundle = await started({ ordering: 'key', windowRecords: 3, errorHandler: { decide } });
    const { container, listener, give, factory, events } = bundle;
    give(0, ...keyed('a', 'b', 'c'));
    (await listener.call('0/0')).fail(new Error('away'));
    await until(() => container.snapshot().partitions[0]?.pausedBy.length === 2);
    const told = events('partition:paused');
    const revoked = factory.consumer.rebalance({ revoke: [tp(0)] });
    for (const at of ['0/1', '0/2']) (await listener.call(at)).end();
    await revoked;
    await factory.consumer.rebalance({ assign: [tp(0)] });
    assert.deepEqual(told.items, [{ ...tp(0), owner: 'failure' }], 'for the new ownership, without the record');
    assert.deepEqual(factory.consumer.paused(), [tp(0)]);
    container.resume();
    (await listener.calls.first(({ at, context }) => at === '0/0' && context.epoch > 1)).end();
    await stopNow(bundle);
  });

  it('does not tell again who holds a partition that is sought, and tells that back-pressure ends by it', async () => {
    const bundle = await started({ ordering: 'key', windowRecords: 2 });
    const { container, listener, give, events } = bundle;
    give(0, ...keyed('a', 'b', 'c'));
    await listener.call('0/0');
    await until(() => container.snapshot().partitions[0]?.pausedBy.length === 1);
    container.pause([tp(0)]);
    const [paused, resumed] = [events('partition:paused'), events('partition:resumed')];
    await container.seek(tp(0), 1);
    assert.deepEqual([paused.items, resumed.items], [[], [{ ...tp(0), owner: 'back-pressure' }]]);
    assert.deepEqual(container.snapshot().partitions[0]?.pausedBy, ['user']);
    await stopNow(bundle);
  });

  it('pauses what its executor has no slots for, instead of filling its buffer', async () => {
    const taskExecutor = new FakeTaskExecutor({ concurrency: 2 });
    const bundle = await started({ taskExecutor });
    const { container, listener, give, factory, events } = bundle;
    const resumed = events('partition:resumed');
    give(0, ...keyed('a', 'b'));
    const first = await listener.call('0/0');
    taskExecutor.concurrency = 0; // as a circuit breaker that opens
    first.end();
    give(1, ...keyed('c')); // the poll under way may still bring these
    await until(() => factory.consumer.paused().length === 2);
    const { polled } = container.metrics();
    give(0, ...distinct(100));
    await eventLoopTurn();
    assert.equal(container.metrics().polled, polled);
    assert.deepEqual(
      container.snapshot().partitions.map(({ pausedBy }) => pausedBy),
      [['executor'], ['executor']],
    );
    assert.equal(container.isPaused(), false, 'nobody has to resume it');
    taskExecutor.concurrency = 2;
    assert.deepEqual(
      resumed.items.map(({ owner }) => owner),
      ['executor', 'executor'],
    );
    (await listener.call('0/1')).end();
    (await listener.call('0/2')).end();
    await stopNow(bundle);
    assert.ok(addsUp(bundle));
  });

  it('refuses what is no topic and no partition, and names it', async () => {
    const { container } = await started();
    const wrong = ['t', { topic: 't' }, ''] as never;
    for (const call of [() => container.pause(wrong), () => container.resume(wrong)])
      assert.throws(call, { code: 'INVALID_CONFIG', message: /targets\[1\].*\n?.*targets\[2\]/s });
    assert.throws(() => container.isPaused(3 as never), { code: 'INVALID_CONFIG' });
    assert.equal(container.isPaused('t'), false);
    await container.stop();
  });
});
