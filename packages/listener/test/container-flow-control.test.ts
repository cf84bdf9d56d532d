import assert from 'node:assert/strict';
import { eventLoopTurn } from '@hearken/testing';
import { DefaultErrorHandler, FixedBackOff } from '../dist/index.js';
import { distinct, keyed, setup, started, addsUp, tp, until } from './setup.js';

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
