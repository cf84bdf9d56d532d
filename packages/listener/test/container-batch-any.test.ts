import assert from 'node:assert/strict';
import { eventLoopTurn } from '@hearken/testing';
import { BatchListenerFailedError, DefaultErrorHandler, FixedBackOff } from '../dist/index.js';
import { startedBatches, type BatchBundle } from './batch-setup.js';
import { addsUp, keyed, stopNow, tp, until } from './setup.js';

const one = { partitions: [tp(0)] };
const mixed = { ordering: 'key', batch: { maxRecords: 4, by: 'any' } } as const;
const once = new DefaultErrorHandler({ backOff: new FixedBackOff({ intervalMs: 10, maxRetries: 1 }) });

/** The batches that were called, when nothing more starts. */
async function called({ batches }: BatchBundle, count: number): Promise<(readonly number[])[]> {
  await batches.calls.received(count);
  for (let turns = 0; turns < 4; turns++) await eventLoopTurn();
  return batches.calls.items.map(({ offsets }) => offsets);
}

describe('MessageListenerContainer: batches of any keys', () => {
  it('hold the oldest records that may run, in their order, of keys that no other batch holds', async () => {
    const bundle = await startedBatches(mixed, one);
    bundle.give(0, ...keyed('a', 'b', 'a', 'c', 'a', 'd', null, 'b', 'e'));
    assert.deepEqual(await called(bundle, 2), [
      [0, 1, 2, 3],
      [5, 6, 8],
    ]);
    (await bundle.batches.call(0)).end();
    assert.deepEqual((await called(bundle, 3))[2], [4, 7]);
    await stopNow(bundle);
  });

  it('let no key of theirs go on beside them, however often their lanes ran together', async () => {
    const bundle = await startedBatches({ ...mixed, nullKey: 'partition', batch: { maxRecords: 3, by: 'any' } }, one);
    bundle.give(0, ...keyed(null, 'a', 'b', null, null, 'a'));
    (await bundle.batches.call(0)).end();
    const second = await bundle.batches.call(1);
    assert.deepEqual(await called(bundle, 2), [
      [0, 1, 2],
      [3, 4, 5],
    ]);
    bundle.give(0, ...keyed('a'));
    assert.equal((await called(bundle, 2)).length, 2);
    second.end();
    assert.deepEqual((await called(bundle, 3))[2], [6]);
    await stopNow(bundle);
  });

  it('are of one partition, and as many at a time as there are slots', async () => {
    const bundle = await startedBatches({ ...mixed, concurrency: 3 });
    for (const partition of [0, 1]) bundle.give(partition, ...keyed('a', 'b', 'c', 'd', 'e', 'f'));
    assert.deepEqual((await called(bundle, 3)).length, 3);
    assert.deepEqual([...bundle.batches.order].sort(), ['0/0-3', '0/4-5', '1/0-3']);
    await stopNow(bundle);
  });

  it('that fail in part keep only those keys closed whose records come again', async () => {
    const bundle = await startedBatches({ ...mixed, errorHandler: once }, one);
    bundle.give(0, ...keyed('a', 'b', 'c', 'd'));
    const first = await bundle.batches.call(0);
    bundle.give(0, ...keyed('a', 'b', 'c', 'd'));
    first.end({ failed: [1, 2].map((index) => ({ index, error: new Error('no') })) });
    assert.deepEqual((await called(bundle, 2))[1], [4, 7], 'the keys of what was done');
    bundle.clock.advance(10);
    const again = await called(bundle, 3);
    assert.deepEqual(again[2], [1, 2], 'what failed, and nothing behind it');
    const { context } = bundle.batches.calls.items[2]!;
    assert.deepEqual([context.attempt, context.attemptOf(1)], [2, 2]);
    bundle.batches.calls.items[2]!.end();
    assert.deepEqual((await called(bundle, 4))[3], [5, 6]);
    for (const call of bundle.batches.calls.items) call.end();
    await until(() => bundle.container.metrics().processed === 8);
    await bundle.container.stop();
    assert.ok(addsUp(bundle));
  });

  it('that fail without a name come again whole, then one by one; each key goes on when its records are done', async () => {
    const recovered: number[] = [];
    const errorHandler = new DefaultErrorHandler({
      backOff: new FixedBackOff({ intervalMs: 10, maxRetries: 1 }),
      recoverer: ({ offset }) => void recovered.push(offset),
    });
    const bundle = await startedBatches({ ...mixed, errorHandler }, one);
    bundle.give(0, ...keyed('a', 'b', 'a'));
    const first = await bundle.batches.call(0);
    bundle.give(0, ...keyed('a', 'b'));
    first.fail(new Error('all'));
    await until(() => bundle.clock.nextDueInMs === 10);
    bundle.clock.advance(10);
    (await bundle.batches.call(1)).fail(new Error('all'));
    (await bundle.batches.call(2)).end(); // 0 alone
    (await bundle.batches.call(3)).fail(new Error('b alone'));
    await until(() => recovered.length === 1);
    assert.deepEqual((await called(bundle, 6)).slice(1), [[0, 1, 2], [0], [1], [2], [4]], 'b goes on, a does not');
    (await bundle.batches.call(4)).end();
    assert.deepEqual((await called(bundle, 7))[6], [3]);
    for (const call of bundle.batches.calls.items) call.end();
    await until(() => bundle.container.metrics().outstanding === 0);
    assert.deepEqual(recovered, [1]);
    await bundle.container.stop();
    assert.deepEqual(bundle.committed(0), 5);
  });

  it('that get no further than a record are done up to it, and their other keys wait for what is left', async () => {
    const bundle = await startedBatches({ ...mixed, errorHandler: once }, one);
    bundle.give(0, ...keyed('a', 'b', 'c'));
    const first = await bundle.batches.call(0);
    bundle.give(0, ...keyed('a', 'c'));
    first.fail(new BatchListenerFailedError(1, new Error('b')));
    assert.deepEqual((await called(bundle, 2))[1], [3]);
    bundle.clock.advance(10);
    assert.deepEqual((await called(bundle, 3))[2], [1, 2]);
    await stopNow(bundle);
  });

  it('wait without what they were fetched with, those too that their listener did not get to', async () => {
    const bundle = await startedBatches({ ...mixed, errorHandler: once }, one);
    const fetched = Buffer.alloc(100_000);
    bundle.give(0, ...['a', 'b', 'c'].map((key) => ({ key, value: fetched.subarray(0, 10) })));
    const first = await bundle.batches.call(0);
    assert.ok(first.records.every(({ value }) => value!.buffer === fetched.buffer));
    first.fail(new BatchListenerFailedError(1, new Error('b')));
    await until(() => bundle.clock.nextDueInMs === 10);
    bundle.clock.advance(10);
    const second = await bundle.batches.call(1);
    assert.deepEqual(second.offsets, [1, 2]);
    assert.ok(second.records.every(({ value }) => value!.buffer !== fetched.buffer));
    assert.deepEqual([second.context.attemptOf(0), second.context.attemptOf(1)], [2, 1]);
    await stopNow(bundle);
  });

  for (const how of ['revoke', 'lost'] as const)
    it(`keep all their keys closed over an ownership in which they still run (${how})`, async () => {
      const bundle = await startedBatches({ ...mixed, revokeDrainTimeoutMs: 50 }, one);
      const { factory, clock, batches } = bundle;
      bundle.give(0, ...keyed('a', 'b', 'c'));
      const stray = await batches.call(0);
      const given = factory.consumer.rebalance({ [how]: [tp(0)], assign: [] });
      await until(() => {
        clock.advance(50);
        return factory.consumer.assignment().length === 0;
      });
      await given;
      bundle.give(0, ...keyed('d'));
      await factory.consumer.rebalance({ assign: [tp(0)] });
      assert.deepEqual((await called(bundle, 2))[1], [3], 'a key that does not run');
      stray.end();
      assert.deepEqual((await called(bundle, 3))[2], [0, 1, 2]);
      await stopNow(bundle);
    });

  it('wait together for more, until they are full or the first has waited for lingerMs', async () => {
    const bundle = await startedBatches({ ...mixed, batch: { maxRecords: 4, lingerMs: 100, by: 'any' } }, one);
    const { clock, container } = bundle;
    const queued = (count: number): Promise<void> => until(() => container.metrics().queued === count);
    bundle.give(0, ...keyed('a', 'b'));
    await queued(2);
    clock.advance(60);
    bundle.give(0, ...keyed('a'));
    await queued(3);
    clock.advance(39);
    await eventLoopTurn();
    assert.deepEqual(bundle.batches.order, []);
    clock.advance(1);
    assert.deepEqual(await called(bundle, 1), [[0, 1, 2]]);
    bundle.give(0, ...keyed('c', 'd', 'c'));
    await queued(3);
    bundle.give(0, ...keyed('e'));
    assert.deepEqual((await called(bundle, 2))[1], [3, 4, 5, 6], 'full: at once');
    bundle.give(0, ...keyed('a', 'f')); // a runs
    await queued(2);
    clock.advance(99);
    await eventLoopTurn();
    assert.equal(bundle.batches.order.length, 2);
    clock.advance(1);
    assert.deepEqual((await called(bundle, 3))[2], [8]);
    await stopNow(bundle);
  });

  it('wait after a full one as before it, of whatever lane the last record of that was', async () => {
    const batch = { maxRecords: 3, lingerMs: 100, by: 'any' } as const;
    for (const last of ['b', 'a', null]) {
      const bundle = await startedBatches({ ...mixed, concurrency: 1, batch }, one);
      bundle.give(0, ...keyed(last, 'a', last));
      const full = await bundle.batches.call(0);
      bundle.give(0, ...keyed('c'));
      await until(() => bundle.container.metrics().queued === 1);
      full.end();
      assert.deepEqual(await called(bundle, 1), [[0, 1, 2]], String(last));
      bundle.clock.advance(100);
      assert.deepEqual((await called(bundle, 2))[1], [3]);
      await stopNow(bundle);
    }
  });

  it('start before their time is over where the buffer is full', async () => {
    const bundle = await startedBatches(
      { ...mixed, bufferRecords: 4, maxPollRecords: 3, batch: { maxRecords: 4, lingerMs: 60_000, by: 'any' } },
      one,
    );
    bundle.give(0, ...keyed('a', 'b', 'c'));
    assert.deepEqual(await called(bundle, 1), [[0, 1, 2]]);
    await stopNow(bundle);
  });
});
