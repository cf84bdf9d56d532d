import assert from 'node:assert/strict';
import { eventLoopTurn } from '@hearken/testing';
import { setupBatches, startedBatches, type BatchBundle } from './batch-setup.js';
import { addsUp, distinct, keyed, tp, until } from './setup.js';

const one = { partitions: [tp(0)] };
const linger = { batch: { maxRecords: 4, lingerMs: 100 } };

/** So many records arrived, and wait. */
const queued = ({ container }: BatchBundle, count: number): Promise<void> =>
  until(() => container.metrics().queued === count);

describe('MessageListenerContainer: batches that linger', () => {
  it('start when the time since they could have started is over', async () => {
    const bundle = await startedBatches(linger, one);
    const { give, batches, clock } = bundle;
    give(0, ...distinct(1));
    await queued(bundle, 1);
    clock.advance(60);
    give(0, ...distinct(1));
    await queued(bundle, 2);
    clock.advance(39);
    await eventLoopTurn();
    assert.deepEqual(batches.order, []);
    clock.advance(1);
    const call = await batches.call(0);
    assert.deepEqual(call.offsets, [0, 1]);
    call.end();
    await bundle.container.stop();
  });

  it('linger in a partition that comes back, also where a batch failed as it went', async () => {
    const bundle = await startedBatches(linger, one);
    const { give, batches, factory, clock, container } = bundle;
    give(0, ...distinct(4));
    const first = await batches.call(0);
    const revoking = factory.consumer.rebalance({ revoke: [tp(0)] });
    await eventLoopTurn();
    first.fail(new Error('no'));
    await revoking;
    await factory.consumer.rebalance({ assign: [tp(0)] });
    (await batches.call(1)).end();
    give(0, ...distinct(1));
    await queued(bundle, 1);
    await eventLoopTurn();
    assert.equal(batches.order.length, 2);
    clock.advance(100);
    (await batches.call(2)).end();
    await container.stop();
    assert.ok(addsUp(bundle));
  });

  it('start at once when they are full, and what is left over lingers anew', async () => {
    const bundle = await startedBatches(linger, one);
    const { give, batches, clock, container } = bundle;
    give(0, ...distinct(3));
    await queued(bundle, 3);
    give(0, ...distinct(3));
    const call = await batches.call(0);
    assert.deepEqual(call.offsets, [0, 1, 2, 3]);
    clock.advance(1_000);
    call.end();
    await until(() => container.metrics().processed === 4);
    clock.advance(99);
    await eventLoopTurn();
    assert.equal(batches.order.length, 1, 'its time begins when it could start');
    clock.advance(1);
    const rest = await batches.call(1);
    assert.deepEqual(rest.offsets, [4, 5]);
    rest.end();
    await container.stop();
    assert.ok(addsUp(bundle));
  });

  it('have one timer, however many lanes there are', async () => {
    const bundle = await startedBatches({ ...linger, ordering: 'key' }, one);
    const { give, batches, clock, container } = bundle;
    const before = clock.pendingTimers;
    give(0, ...keyed('a', 'b'));
    await queued(bundle, 2);
    clock.advance(50);
    give(0, ...keyed('c'));
    await queued(bundle, 3);
    assert.equal(clock.pendingTimers, before + 1);
    clock.advance(50);
    await batches.calls.received(2);
    await eventLoopTurn();
    assert.deepEqual(batches.order, ['0/0', '0/1']);
    clock.advance(50);
    await batches.calls.received(3);
    for (const call of batches.calls.items) call.end();
    await container.stop();
  });

  it('do not wait when the buffer is full: nothing more would come', async () => {
    const bundle = setupBatches(
      { ordering: 'key', bufferRecords: 10, batch: { maxRecords: 10, lingerMs: 60_000 } },
      one,
    );
    const { give, batches, container } = bundle;
    give(0, ...distinct(30));
    await container.start();
    let ended = 0;
    await until(() => {
      for (const call of batches.calls.items.slice(ended)) {
        call.end();
        ended++;
      }
      return container.metrics().queued <= 5;
    });
    assert.ok(ended >= 25);
    await container.stop();
    assert.ok(addsUp(bundle));
  });

  it('are given up by a revoke and by a stop as what is queued is', async () => {
    const bundle = await startedBatches({ batch: { maxRecords: 4, lingerMs: 60_000 } });
    const { give, batches, container, factory, clock } = bundle;
    give(0, ...distinct(1));
    give(1, ...distinct(2));
    await queued(bundle, 3);
    await factory.consumer.rebalance({ revoke: [tp(0)] });
    assert.equal(container.metrics().abandoned, 1);
    await container.stop();
    assert.equal(container.metrics().abandoned, 3);
    assert.deepEqual(batches.order, []);
    assert.equal(clock.nextDueInMs, undefined, 'nothing keeps the process alive');
    assert.ok(addsUp(bundle));
  });

  it('wait for a pause, too', async () => {
    const bundle = await startedBatches(linger, one);
    const { give, batches, clock, container } = bundle;
    give(0, ...distinct(1));
    await queued(bundle, 1);
    container.pause([tp(0)]);
    clock.advance(100);
    await eventLoopTurn();
    assert.deepEqual(batches.order, []);
    container.resume();
    (await batches.call(0)).end();
    await container.stop();
  });
});
