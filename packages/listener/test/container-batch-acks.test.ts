import assert from 'node:assert/strict';
import type { KafkaConfigError } from '@hearken/core';
import { eventLoopTurn } from '@hearken/testing';
import {
  BatchListenerFailedError,
  DefaultErrorHandler,
  FixedBackOff,
  type BatchContainerProperties,
} from '../dist/index.js';
import { setupBatches, type BatchBundle, type BatchCall } from './batch-setup.js';
import { addsUp, distinct, keyed, tp, until } from './setup.js';

const errorHandler = new DefaultErrorHandler({ backOff: new FixedBackOff({ intervalMs: 10, maxRetries: 9 }) });

/** One batch of so many records of one partition, called. */
async function withBatch(
  count: number,
  properties: Partial<BatchContainerProperties> = { ackMode: 'manual-immediate' },
): Promise<BatchBundle & { first: BatchCall }> {
  const bundle = setupBatches({ errorHandler, ...properties }, { partitions: [tp(0)] });
  bundle.give(0, ...distinct(count));
  await bundle.container.start();
  return { ...bundle, first: await bundle.batches.call(0) };
}

describe('MessageListenerContainer: acknowledging batches', () => {
  it('commits a prefix while the listener runs, and all of it with one commit', async () => {
    const { first, committed, container, factory } = await withBatch(5);
    const { acknowledgment } = first.context;
    assert.equal(acknowledgment.isAcknowledged, false);
    acknowledgment.acknowledge(1);
    await until(() => committed(0) === 2);
    const commits = factory.consumer.commits.items.length;
    acknowledgment.acknowledge();
    await until(() => committed(0) === 5);
    assert.equal(factory.consumer.commits.items.length, commits + 1);
    assert.equal(acknowledgment.isAcknowledged, true);
    first.end();
    await container.stop();
  });

  it('may come after the listener returned, out of order, and more than once', async () => {
    const bundle = await withBatch(3);
    const { first, batches, give, committed, container } = bundle;
    first.end();
    give(0, ...distinct(2));
    const second = await batches.call(1);
    second.context.acknowledgment.acknowledge();
    second.end();
    await until(() => container.metrics().running === 0);
    assert.equal(container.metrics().outstanding, 3);
    first.context.acknowledgment.acknowledge(2);
    first.context.acknowledgment.acknowledge(0);
    first.context.acknowledgment.acknowledge();
    await until(() => committed(0) === 5);
    await container.stop();
    assert.equal(container.metrics().processed, 5);
    assert.ok(addsUp(bundle));
  });

  it('ends nothing by returning', async () => {
    const bundle = await withBatch(3, { ackMode: 'manual' });
    bundle.first.end();
    await until(() => bundle.container.metrics().running === 0);
    await bundle.container.stop();
    assert.deepEqual([bundle.committed(0), bundle.container.metrics().abandoned], [0, 3]);
  });

  it('is for manual modes, and for indexes of the batch', async () => {
    const automatic = await withBatch(2, {});
    assert.throws(() => automatic.first.context.acknowledgment, { code: 'NO_ACKNOWLEDGMENT' });
    automatic.first.end();
    await automatic.container.stop();
    const { first, container } = await withBatch(2);
    for (const index of [-1, 2, 0.5, Number.NaN]) {
      assert.throws(() => first.context.acknowledgment.acknowledge(index), RangeError);
      assert.throws(() => first.context.acknowledgment.nack(index, 1), RangeError);
      assert.throws(() => first.context.attemptOf(index), RangeError);
    }
    first.end();
    await container.stop();
  });

  it('is not needed by who names what failed: that says of all others that they are done', async () => {
    for (const failure of ['error', 'result'] as const) {
      const bundle = await withBatch(3, { ackMode: 'manual' });
      const { first, batches, clock, container, committed } = bundle;
      if (failure === 'error') first.fail(new BatchListenerFailedError(1, new Error('one')));
      else first.end({ failed: [{ index: 1, error: new Error('one') }] });
      await until(() => container.metrics().retried === 1);
      clock.advance(10);
      const again = await batches.call(1);
      assert.deepEqual(again.offsets, failure === 'error' ? [1, 2] : [1]);
      again.context.acknowledgment.acknowledge();
      again.end();
      await container.stop();
      assert.equal(committed(0), 3);
    }
  });

  it('of records that are to be tried again leaves out those', async () => {
    const bundle = await withBatch(3);
    const { first, batches, clock, container } = bundle;
    first.fail(new Error('all'));
    await until(() => container.metrics().retried === 3);
    first.context.acknowledgment.acknowledge(0);
    clock.advance(10);
    const again = await batches.call(1);
    assert.deepEqual([again.offsets, again.context.attempt], [[1, 2], 2]);
    again.context.acknowledgment.acknowledge();
    again.fail(new Error('after all were acknowledged'));
    await until(() => container.metrics().running === 0);
    await container.stop();
    assert.equal(batches.order.length, 2);
    assert.equal(container.metrics().processed, 3);
  });

  it('comes too late once the partition is gone, and is counted', async () => {
    const bundle = await withBatch(3);
    const { first, factory, container, committed } = bundle;
    await factory.consumer.rebalance({ lost: [tp(0)] });
    first.context.acknowledgment.acknowledge();
    first.context.acknowledgment.nack(1, 5);
    first.end();
    await until(() => container.metrics().running === 0);
    await container.stop();
    assert.equal(committed(0), 0);
    assert.deepEqual([container.metrics().lateAcknowledgments, container.metrics().lateResults], [2, 1]);
    assert.ok(addsUp(bundle));
  });
});

describe('MessageListenerContainer: nack of a batch', () => {
  it('brings back what follows the index after the time, in order; what is before it is done', async () => {
    const bundle = await withBatch(4);
    const { first, batches, give, clock, container, committed, events } = bundle;
    const nacked = events('record:nacked');
    give(0, ...distinct(1));
    first.context.acknowledgment.nack(2, 500);
    await until(() => committed(0) === 2);
    assert.throws(() => first.context.acknowledgment.acknowledge(), { code: 'NACKED' });
    first.context.acknowledgment.acknowledge(1);
    first.end();
    await until(() => container.metrics().running === 0);
    clock.advance(499);
    await eventLoopTurn();
    assert.equal(batches.order.length, 1);
    clock.advance(1);
    const again = await batches.call(1);
    assert.deepEqual([again.offsets, again.context.attempt], [[2, 3], 1]);
    assert.deepEqual(
      nacked.items.map(({ record, delayMs }) => [record.offset, delayMs]),
      [
        [2, 500],
        [3, 500],
      ],
    );
    again.context.acknowledgment.acknowledge();
    again.end();
    const last = await batches.call(2);
    assert.deepEqual(last.offsets, [4]);
    last.context.acknowledgment.acknowledge();
    last.end();
    await container.stop();
    assert.equal(committed(0), 5);
    assert.equal(container.metrics().nacked, 2);
    assert.ok(addsUp(bundle));
  });

  it('without an index brings back all that is not done', async () => {
    const { first, batches, clock, container } = await withBatch(3);
    first.context.acknowledgment.acknowledge(0);
    first.context.acknowledgment.nack(9);
    first.end();
    await until(() => container.metrics().nacked === 2);
    clock.advance(9);
    const again = await batches.call(1);
    assert.deepEqual(again.offsets, [1, 2]);
    again.context.acknowledgment.acknowledge();
    again.end();
    await container.stop();
  });

  it('keeps other lanes going', async () => {
    const bundle = setupBatches({ ackMode: 'manual', ordering: 'key' }, { partitions: [tp(0)] });
    const { give, batches, container } = bundle;
    give(0, ...keyed('a', 'b'));
    await container.start();
    const [first, second] = [await batches.call(0), await batches.call(1)];
    first.context.acknowledgment.nack(60_000);
    first.end();
    second.context.acknowledgment.acknowledge();
    second.end();
    give(0, ...keyed('a', 'b'));
    const third = await batches.call(2);
    assert.deepEqual(third.offsets, [3]);
    third.end();
    await container.stop();
  });

  it('is refused where it would change what is done, or comes too late', async () => {
    const { first, batches, container } = await withBatch(3);
    const { acknowledgment } = first.context;
    acknowledgment.acknowledge(1);
    assert.throws(() => acknowledgment.nack(1, 5), { code: 'ACKNOWLEDGED' });
    assert.throws(
      () => acknowledgment.nack(2, -1),
      (error: KafkaConfigError) => error.code === 'INVALID_CONFIG',
    );
    acknowledgment.acknowledge();
    assert.throws(() => acknowledgment.nack(5), { code: 'ACKNOWLEDGED' });
    first.end();
    await until(() => container.metrics().running === 0);
    const late = await withBatch(1);
    late.first.end();
    await until(() => late.container.metrics().running === 0);
    assert.throws(() => late.first.context.acknowledgment.nack(5), { code: 'LISTENER_RETURNED' });
    await Promise.all([container.stop(), late.container.stop()]);
    assert.equal(batches.order.length, 1);
  });

  it('does not hide a failure that follows it, nor go with a result', async () => {
    const failing = await withBatch(2);
    failing.first.context.acknowledgment.nack(1, 5);
    failing.first.fail(new Error('and then'));
    await until(() => failing.container.metrics().retried === 1);
    assert.equal(failing.container.metrics().nacked, 0);
    const named = await withBatch(2);
    const retried = named.events('record:retried');
    named.first.context.acknowledgment.nack(0, 5);
    named.first.end({ failed: [] });
    await retried.received(2);
    assert.equal((retried.items[0]!.error as { code?: string }).code, 'INVALID_BATCH_RESULT');
    assert.equal(named.container.metrics().processed, 0);
    (await named.batches.call(1)).end();
    await Promise.all([failing.container.stop(), named.container.stop()]);
  });
});

describe('MessageListenerContainer: ack modes of batches', () => {
  it("'count' counts records", async () => {
    const bundle = await withBatch(3, { ackMode: 'count', ackCount: 4 });
    const { first, batches, give, committed, container, clock } = bundle;
    const before = container.metrics().commits;
    first.end();
    await until(() => container.metrics().processed === 3);
    clock.advance(200);
    await eventLoopTurn();
    assert.equal(container.metrics().commits, before);
    give(0, ...distinct(2));
    (await batches.call(1)).end();
    await until(() => {
      clock.advance(1);
      return committed(0) === 5;
    });
    await container.stop();
  });

  it("'record' with syncCommits closes the lane until the last record of the batch is committed", async () => {
    const bundle = await withBatch(3, { ackMode: 'record', syncCommits: true });
    const { first, batches, give, factory, committed, container } = bundle;
    const letGo = factory.consumer.holdCommits();
    give(0, ...distinct(2));
    first.end();
    await until(() => container.metrics().queued === 2);
    await eventLoopTurn();
    assert.equal(batches.order.length, 1);
    letGo();
    const second = await batches.call(1);
    assert.equal(committed(0), 3);
    second.end();
    await container.stop();
    assert.equal(committed(0), 5);
  });
});
