import assert from 'node:assert/strict';
import { eventLoopTurn } from '@hearken/testing';
import { DefaultErrorHandler, FixedBackOff } from '../dist/index.js';
import { addsUp, distinct, keyed, setup, started, stopNow, tp, until } from './setup.js';

describe('MessageListenerContainer: buffer and window', () => {
  it('feeds other partitions while one that cannot go on holds much of the buffer', async () => {
    const bundle = await started({ concurrency: 4, bufferRecords: 8, maxPollRecords: 100 });
    const { container, listener, give } = bundle;
    give(0, ...distinct(26));
    await listener.call('0/0'); // never ends
    give(1, ...distinct(26));
    for (let offset = 0; offset < 26; offset++) (await listener.call(`1/${offset}`)).end();
    await until(() => container.metrics().processed === 26);
    const { queued } = container.metrics();
    assert.ok(queued <= 16 + 4, `${queued} queued with a buffer of 8`);
    (await listener.call('0/0')).end();
    for (let offset = 1; offset < 26; offset++) (await listener.call(`0/${offset}`)).end();
    await until(() => container.metrics().processed === 52);
    await container.stop();
    assert.ok(addsUp(bundle));
  });

  it('polls a partition no more that is too far ahead of its oldest record, and goes on after', async () => {
    const bundle = await started({ ordering: 'key', concurrency: 2, windowRecords: 5, maxPollRecords: 2 });
    const { container, listener, give, factory, events } = bundle;
    const filled = events('window:filled');
    give(0, ...keyed('stuck'), ...distinct(16));
    const stuck = await listener.call('0/0');
    for (let offset = 1; offset <= 5; offset++) (await listener.call(`0/${offset}`)).end();
    await filled.received(1);
    assert.deepEqual(filled.items, [{ ...tp(0), oldestOutstanding: 0, span: 6 }]);
    assert.deepEqual(factory.consumer.paused(), [tp(0)]);
    await until(() => container.metrics().processed === 5);
    await eventLoopTurn();
    assert.equal(container.metrics().polled, 6);
    stuck.end();
    for (let offset = 6; offset <= 16; offset++) (await listener.call(`0/${offset}`)).end();
    await until(() => container.metrics().processed === 17);
    await container.stop();
  });
});

describe('MessageListenerContainer: lookahead', () => {
  it('holds few records ahead of a listener that takes all the time there is, and all it may before', async () => {
    const queued: number[] = [];
    const { container, give, clock } = setup({
      bufferRecords: 1_000,
      listener: () => {
        queued.push(container.metrics().queued);
        clock.advance(1);
      },
    });
    await container.start();
    give(0, ...distinct(3_000));
    await until(() => container.metrics().processed === 3_000);
    await container.stop();
    assert.ok(Math.max(...queued.slice(0, 500)) > 400, 'nothing was known of the listener');
    assert.ok(Math.max(...queued.slice(1_500)) <= 64 + 10, `${Math.max(...queued.slice(1_500))} were queued`);
  });

  it('takes records that cannot run for no reason to hold few', async () => {
    const bundle = setup({
      concurrency: 4,
      errorHandler: new DefaultErrorHandler({ backOff: new FixedBackOff({ intervalMs: 60_000 }) }),
      listener: ({ partition }) => {
        clock.advance(5); // the turn is spent
        if (partition === 0) throw new Error('busy');
      },
    });
    const { container, give, clock } = bundle;
    await container.start();
    give(0, ...distinct(100)); // the first is tried again in a minute, the others wait for it
    await until(() => container.metrics().retried === 1);
    for (let count = 1; count <= 3; count++) {
      give(1, ...distinct(1));
      await until(() => container.metrics().processed === count);
    }
    await container.stop();
    assert.ok(addsUp(bundle));
  });
});

describe('MessageListenerContainer: pause, resume, seek', () => {
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

  it('seeks back and forth: queued records are dropped, running ones are late, commits follow', async () => {
    const bundle = await started({}, { partitions: [tp(0)] });
    const { container, listener, give, committed, events } = bundle;
    const late = events('listener:late');
    give(0, ...keyed('a', 'b', 'c', 'd'));
    (await listener.call('0/0')).end();
    const running = await listener.call('0/1');
    const epoch = running.context.epoch;
    await container.seek(tp(0), 3);
    assert.equal(container.metrics().abandoned, 3);
    running.end(); // the lane is closed until then
    await late.received(1);
    const last = await listener.call('0/3');
    assert.ok(last.context.epoch > epoch);
    last.end();
    await until(() => container.metrics().processed === 2);
    await container.seek(tp(0), 1);
    (await listener.calls.first(({ at, context }) => at === '0/1' && context.epoch > epoch)).end();
    (await listener.call('0/2')).end();
    await until(() => container.metrics().processed === 4);
    await stopNow(bundle);
    assert.equal(committed(0), 3);
    assert.deepEqual(listener.order, ['0/0', '0/1', '0/3', '0/1', '0/2', '0/3']);
    assert.ok(addsUp(bundle));
  });

  it('seeks while it waits for room, and refuses partitions it does not own', async () => {
    const bundle = await started({ concurrency: 1, bufferRecords: 1 });
    const { container, listener, give } = bundle;
    give(0, ...keyed('a', 'b', 'c', 'd'));
    await listener.call('0/0');
    await eventLoopTurn();
    await container.seek(tp(0), 3);
    await assert.rejects(container.seek(tp(7), 0), { code: 'NOT_ASSIGNED' });
    (await listener.call('0/0')).end();
    (await listener.call('0/3')).end();
    await container.stop();
  });

  it('begins a new epoch when the position goes back by itself', async () => {
    const bundle = await started({}, { partitions: [tp(0)] });
    const { container, listener, give, factory, committed } = bundle;
    give(0, ...keyed('a', 'b'));
    (await listener.call('0/0')).end();
    (await listener.call('0/1')).end();
    await until(() => container.metrics().processed === 2);
    factory.consumer.seek(tp(0), 0); // as after a reset: nobody told the container
    const again = await listener.calls.first(({ at, context }) => at === '0/0' && context.epoch > 1);
    again.end();
    await until(() => container.metrics().processed === 3);
    await stopNow(bundle);
    assert.equal(committed(0), 1);
    assert.ok(addsUp(bundle));
  });
});
