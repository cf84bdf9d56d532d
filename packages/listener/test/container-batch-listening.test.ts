import assert from 'node:assert/strict';
import { eventLoopTurn } from '@hearken/testing';
import { setupBatches, startedBatches } from './batch-setup.js';
import { addsUp, distinct, keyed, tp, until } from './setup.js';

describe('MessageListenerContainer: batches', () => {
  it('hand what waits of a partition to the listener at once, and commit it when that returns', async () => {
    const bundle = setupBatches();
    const { batches, give, container, committed } = bundle;
    give(0, ...distinct(3));
    give(1, ...distinct(2));
    await container.start();
    const [first, second] = [await batches.call(0), await batches.call(1)];
    assert.deepEqual([first.at, second.at], ['0/0-2', '1/0-1']);
    const { topic, partition, attempt, epoch } = first.context;
    assert.deepEqual({ topic, partition, attempt, epoch }, { topic: 't', partition: 0, attempt: 1, epoch: 1 });
    first.end();
    await until(() => container.metrics().processed === 3);
    second.end();
    await container.stop();
    assert.deepEqual([committed(0), committed(1)], [3, 2]);
    assert.ok(addsUp(bundle));
  });

  it('hold no more than maxRecords, one batch of a partition at a time', async () => {
    const bundle = setupBatches({ batch: { maxRecords: 2 } }, { partitions: [tp(0)] });
    const { batches, give, container } = bundle;
    give(0, ...distinct(5));
    await container.start();
    (await batches.call(0)).end();
    const second = await batches.call(1);
    await eventLoopTurn();
    assert.deepEqual(batches.order, ['0/0-1', '0/2-3']);
    second.end();
    (await batches.call(2)).end();
    await until(() => container.metrics().processed === 5);
    assert.deepEqual(batches.order, ['0/0-1', '0/2-3', '0/4']);
    await container.stop();
  });

  it('take one slot each', async () => {
    const bundle = setupBatches({ concurrency: 1 });
    const { batches, give, container } = bundle;
    give(0, ...distinct(3));
    give(1, ...distinct(3));
    await container.start();
    const first = await batches.call(0);
    await eventLoopTurn();
    assert.equal(batches.order.length, 1);
    first.end();
    (await batches.call(1)).end();
    await until(() => container.metrics().processed === 6);
    await container.stop();
  });

  it('hold records of one key with key order', async () => {
    const bundle = setupBatches({ ordering: 'key' }, { partitions: [tp(0)] });
    const { batches, give, container } = bundle;
    give(0, ...keyed('a', 'b', 'a', 'b', 'a'));
    await container.start();
    await batches.calls.received(2);
    assert.deepEqual(
      batches.calls.items.map(({ offsets }) => offsets),
      [
        [0, 2, 4],
        [1, 3],
      ],
    );
    for (const call of batches.calls.items) call.end();
    await until(() => container.metrics().processed === 5);
    await container.stop();
  });

  it('run beside each other without an order, each as full as it can be', async () => {
    const bundle = setupBatches({ ordering: 'none', batch: { maxRecords: 2 } }, { partitions: [tp(0)] });
    const { batches, give, container } = bundle;
    give(0, ...distinct(5));
    await container.start();
    await batches.calls.received(3);
    assert.deepEqual(batches.order, ['0/0-1', '0/2-3', '0/4']);
    give(0, ...distinct(1));
    await batches.calls.received(4);
    assert.equal(batches.order[3], '0/5', 'what has started takes in no more');
    for (const call of batches.calls.items) call.end();
    await until(() => container.metrics().processed === 6);
    await container.stop();
  });

  it('go to a listener that is not asynchronous, and to an object', async () => {
    const sizes: number[] = [];
    const batchListener = {
      sizes,
      onBatch(records: readonly unknown[]) {
        this.sizes.push(records.length);
      },
    };
    const bundle = await startedBatches({ batchListener, batch: { maxRecords: 4 } }, { partitions: [tp(0)] });
    bundle.give(0, ...distinct(10));
    await until(() => bundle.container.metrics().processed === 10);
    assert.equal(
      sizes.reduce((sum, size) => sum + size, 0),
      10,
    );
    assert.ok(sizes.every((size) => size <= 4));
    await bundle.container.stop();
  });

  it('tell of themselves, and of each record', async () => {
    const bundle = setupBatches({}, { partitions: [tp(0)] });
    const { batches, give, container, events } = bundle;
    const [returned, records] = [events('batch:returned'), events('listener:returned')];
    give(0, ...distinct(2));
    await container.start();
    (await batches.call(0)).end();
    await returned.received(1);
    const { topic, partition, attempt } = returned.items[0]!;
    assert.deepEqual([topic, partition, attempt], ['t', 0, 1]);
    assert.deepEqual(
      returned.items[0]!.records.map(({ offset }) => offset),
      [0, 1],
    );
    assert.deepEqual(
      records.items.map(({ record }) => record.offset),
      [0, 1],
    );
    await container.stop();
  });
});
