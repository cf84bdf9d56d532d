import assert from 'node:assert/strict';
import { fetchApi, type FetchResponse } from '@hearken/protocol';
import { eventLoopTurn, Signal } from '@hearken/testing';
import { AuthenticationError } from '../../dist/errors.js';
import { aFetcher, answered, offsetsIn, refused, values } from './support/a-fetcher.js';
import { batchOf } from './support/batches.js';
import { disconnected, held } from './support/fake-cluster.js';

describe('Fetcher', () => {
  it('asks a leader for all of its partitions, and goes on at the end of what it got', async () => {
    const { cluster, fetcher, p } = aFetcher();
    const records = await batchOf({ baseOffset: 0, values: ['a', 'b', 'c'] });
    cluster.answer(fetchApi, () => answered({ 0: { records }, 1: {} }), held);
    fetcher.pump();
    const second = await cluster.request(fetchApi, 2);
    const [first] = cluster.requests(fetchApi);
    assert.deepEqual([first?.role, first?.nodeId, first?.timeoutMs], ['fetch', 1, 30_500]);
    assert.deepEqual([first?.request.maxWaitMs, first?.request.isolationLevel], [500, 1]);
    assert.equal(first?.request.topics[0]?.partitions[0]?.currentLeaderEpoch, 5);
    assert.deepEqual([offsetsIn(first.request), offsetsIn(second.request)], [{ 0: 0, 1: 0 }, { 0: 3, 1: 0 }]); // prettier-ignore
    assert.deepEqual([p(0).highWatermark, p(0).lastStableOffset], [100, 90]);
    assert.deepEqual(values(p(0)), ['a', 'b', 'c']);
    assert.equal(cluster.requests(fetchApi).length, 2);
  });

  it('drops the answer to a partition that was sought since', async () => {
    const { cluster, fetcher, p, fetched } = aFetcher({}, [1]);
    p(0).startAt(5);
    const [stale, current] = [
      await batchOf({ baseOffset: 5, values: ['after a gap'] }),
      await batchOf({ baseOffset: 0, values: ['a'] }),
    ];
    const [gate, spareGate] = [new Signal(), new Signal()];
    cluster.answer(
      fetchApi,
      () => gate.wait().then(() => answered({ 0: { records: stale } })),
      () => spareGate.wait().then(() => answered({ 0: { records: current } })),
      held,
    );
    fetcher.pump();
    await cluster.request(fetchApi);
    p(0).startAt(0);
    fetcher.pump();
    assert.equal((await cluster.request(fetchApi, 2)).role, 'spare');
    gate.fire();
    await fetched.received(1);
    spareGate.fire();
    await fetched.received(2);
    assert.deepEqual(values(p(0)), ['a']);
  });

  it('drops the answer to a partition that was assigned anew since', async () => {
    const { cluster, fetcher, subscription, fetched } = aFetcher({}, [1]);
    const records = await batchOf({ baseOffset: 0, values: ['old'] });
    const gate = new Signal();
    cluster.answer(fetchApi, () => gate.wait().then(() => answered({ 0: { records } })), held);
    fetcher.pump();
    await cluster.request(fetchApi);
    subscription.assign([]);
    const [anew] = subscription.assign([{ topic: 'orders', partition: 0 }]);
    anew?.startAt(0);
    gate.fire();
    await fetched.received(1);
    assert.equal(anew?.buffer?.isEmpty, true);
  });

  it('serves a resumed partition over the spare connection while a long poll is open', async () => {
    const { cluster, fetcher, p } = aFetcher();
    cluster.answer(fetchApi, held);
    p(1).paused = true;
    fetcher.pump();
    await cluster.request(fetchApi);
    p(1).paused = false;
    fetcher.pump();
    const spare = await cluster.request(fetchApi, 2);
    assert.deepEqual([spare.role, spare.request.maxWaitMs, offsetsIn(spare.request)], ['spare', 5, { 1: 0 }]);
  });

  it('stops at a full buffer and goes on when a poll made room', async () => {
    const { cluster, fetcher, p, fetched } = aFetcher({ maxPartitionFetchBytes: 100 }, [1]);
    const records = await batchOf({ baseOffset: 0, values: ['x'.repeat(200)] });
    cluster.answer(fetchApi, () => answered({ 0: { records } }), held);
    fetcher.pump();
    await fetched.received(1);
    await eventLoopTurn();
    assert.equal(cluster.requests(fetchApi).length, 1);
    values(p(0));
    fetcher.pump();
    assert.deepEqual(offsetsIn((await cluster.request(fetchApi, 2)).request), { 0: 1 });
  });

  it('stops when all partitions together hold as much as they may, and goes on when a poll made room', async () => {
    const { cluster, fetcher, p, fetched } = aFetcher({ fetchMaxBytes: 300 });
    const records = await batchOf({ baseOffset: 0, values: ['x'.repeat(300)] });
    cluster.answer(fetchApi, ({ maxBytes }) => answered({ 0: maxBytes === 300 ? { records } : {}, 1: {} }), held);
    fetcher.pump();
    await fetched.received(1);
    await eventLoopTurn();
    assert.equal(cluster.requests(fetchApi).length, 1); // not even for 1, which holds nothing
    values(p(0));
    fetcher.pump();
    assert.deepEqual(offsetsIn((await cluster.request(fetchApi, 2)).request), { 0: 1, 1: 0 });
  });

  it('fetches no little: not before there is room for as much as can be polled still, whatever the paused ones hold', async () => {
    const { cluster, fetcher, p, fetched } = aFetcher({ fetchMaxBytes: 1_400 });
    const batches = await Promise.all([0, 1].map((baseOffset) => batchOf({ baseOffset, values: ['x'.repeat(300)] })));
    const [records] = batches;
    cluster.answer(
      fetchApi,
      () => answered({ 0: { records: Buffer.concat(batches) }, 1: { records: records! } }),
      () => answered({}),
      held,
    );
    fetcher.pump();
    await fetched.received(1);
    p(0).take(1);
    fetcher.pump();
    await eventLoopTurn();
    assert.equal(cluster.requests(fetchApi).length, 1); // two batches of more than 360 bytes are left
    p(1).paused = true;
    fetcher.pump();
    const { request } = await cluster.request(fetchApi, 2);
    assert.equal(request.maxBytes, 1_400 - 2 * records!.length);
  });

  it('fetches with less room when the last fetch is long ago: others may have records since', async () => {
    const { cluster, clock, fetcher, fetched } = aFetcher({ fetchMaxBytes: 500 });
    const records = await batchOf({ baseOffset: 0, values: ['x'.repeat(300)] });
    cluster.answer(fetchApi, () => answered({ 0: { records } }), held);
    fetcher.pump();
    await fetched.received(1);
    clock.advance(499);
    fetcher.pump();
    await eventLoopTurn();
    assert.equal(cluster.requests(fetchApi).length, 1);
    clock.advance(1);
    fetcher.pump();
    const { request } = await cluster.request(fetchApi, 2);
    assert.deepEqual([offsetsIn(request), request.maxBytes], [{ 0: 1, 1: 0 }, 500 - records.length]);
  });

  it('has the nodes share what room there is', async () => {
    const { cluster, fetcher, p } = aFetcher({ fetchMaxBytes: 301 }, [1, 2, 3]);
    cluster.answer(fetchApi, held);
    p(2).paused = true;
    fetcher.pump();
    const asked = await cluster.request(fetchApi, 2);
    assert.deepEqual([cluster.requests(fetchApi).length, asked.request.maxBytes], [2, 151]);
  });

  it('goes on with others where all that it may hold is of partitions that are paused', async () => {
    const { cluster, fetcher, p, fetched } = aFetcher({ fetchMaxBytes: 300, maxPartitionFetchBytes: 200 });
    const records = await batchOf({ baseOffset: 0, values: ['x'.repeat(300)] });
    cluster.answer(fetchApi, () => answered({ 0: { records } }), () => answered({ 1: { records } }), held); // prettier-ignore
    fetcher.pump();
    await fetched.received(1);
    p(0).paused = true;
    fetcher.pump();
    const { request } = await cluster.request(fetchApi, 2);
    assert.deepEqual([offsetsIn(request), request.maxBytes], [{ 1: 0 }, 200]);
    await fetched.received(2);
    await eventLoopTurn();
    assert.equal(cluster.requests(fetchApi).length, 2); // what 1 holds now can be polled
  });

  it('does not believe an old leader about an offset that the new one went on from since', async () => {
    const { cluster, fetcher, p, fetched, outOfRange } = aFetcher({}, [1]);
    const records = await batchOf({ baseOffset: 0, values: ['a'] });
    const gate = new Signal();
    cluster.answer(
      fetchApi,
      () => gate.wait().then(() => answered({ 0: refused('OFFSET_OUT_OF_RANGE') })),
      () => answered({ 0: { records } }),
      held,
    );
    fetcher.pump();
    await cluster.request(fetchApi);
    cluster.topic('orders', 2);
    fetcher.pump();
    assert.equal((await cluster.request(fetchApi, 2)).nodeId, 2);
    await fetched.received(1);
    assert.deepEqual(values(p(0)), ['a']);
    gate.fire();
    await fetched.received(2);
    assert.equal(outOfRange.count, 0);
  });

  it('finds the new leader, after a pause, and loses nothing', async () => {
    const { cluster, clock, fetcher, p, fetched } = aFetcher({}, [1]);
    const records = await batchOf({ baseOffset: 0, values: ['a'] });
    cluster.answer(
      fetchApi,
      () => answered({ 0: refused('NOT_LEADER_OR_FOLLOWER') }),
      () => answered({ 0: { records } }),
      held,
    );
    cluster.topicAfterRefresh('orders', 2);
    fetcher.pump();
    await cluster.refreshed.received(1);
    await eventLoopTurn();
    assert.equal(cluster.requests(fetchApi).length, 1);
    clock.advance(1_000);
    assert.equal((await cluster.request(fetchApi, 2)).nodeId, 2);
    await fetched.received(2);
    assert.deepEqual(values(p(0)), ['a']);
  });

  it('asks again after an error that the broker cannot name', async () => {
    const { cluster, clock, fetcher, p, fetched } = aFetcher({}, [1]);
    const records = await batchOf({ baseOffset: 0, values: ['a'] });
    cluster.answer(fetchApi, () => answered({ 0: refused('UNKNOWN_SERVER_ERROR') }), () => answered({ 0: { records } }), held); // prettier-ignore
    fetcher.pump();
    await cluster.refreshed.received(1);
    await eventLoopTurn();
    clock.advance(1_000);
    await fetched.received(2);
    assert.deepEqual(values(p(0)), ['a']);
  });

  it('waits for a leader where there is none', async () => {
    const { cluster, clock, fetcher } = aFetcher({}, [-1]);
    cluster.answer(fetchApi, held);
    fetcher.pump();
    assert.deepEqual(await cluster.refreshed.received(1), [['orders']]);
    cluster.topicAfterRefresh('orders', 3);
    clock.advance(1_000);
    await cluster.refreshed.received(2);
    clock.advance(1_000);
    assert.equal((await cluster.request(fetchApi)).nodeId, 3);
  });

  it('tries again, with growing pauses, while the broker is away, and warns after a while', async () => {
    const { cluster, clock, fetcher, logger } = aFetcher({}, [1]);
    cluster.answer(fetchApi, disconnected);
    fetcher.pump();
    for (let attempt = 1; attempt <= 6; attempt++) {
      await cluster.refreshed.received(attempt);
      await eventLoopTurn();
      clock.advance(1_300);
    }
    assert.equal(logger.at('warn').length, 1);
    cluster.answer(fetchApi, held);
    await cluster.request(fetchApi, 7);
    assert.deepEqual(offsetsIn(cluster.requests(fetchApi)[6]!.request), { 0: 0 });
  });

  it('tells of an offset that the log does not hold, but only when nothing is left to poll before it', async () => {
    const { cluster, clock, fetcher, p, outOfRange } = aFetcher({}, [1]);
    const records = await batchOf({ baseOffset: 0, values: ['a'] });
    const away = (): FetchResponse => answered({ 0: refused('OFFSET_OUT_OF_RANGE') });
    cluster.answer(fetchApi, () => answered({ 0: { records } }), away, away, held);
    fetcher.pump();
    await cluster.refreshed.received(1);
    assert.equal(outOfRange.count, 0);
    assert.deepEqual(values(p(0)), ['a']);
    await eventLoopTurn();
    clock.advance(1_000);
    assert.deepEqual(await outOfRange.received(1), [p(0)]);
  });

  for (const [what, answer] of [
    ['the topic is forbidden', () => answered({ 0: refused('TOPIC_AUTHORIZATION_FAILED') })],
    ['the credentials are refused', () => Promise.reject(new AuthenticationError('no'))],
    ['something of ours is broken', () => Promise.reject(new TypeError('a bug'))],
  ] as const) {
    it(`ends when ${what}`, async () => {
      const { cluster, fetcher, fatal } = aFetcher({}, [1]);
      cluster.answer(fetchApi, answer);
      fetcher.pump();
      assert.ok((await fatal.wait()) instanceof Error);
      await eventLoopTurn();
      assert.equal(cluster.requests(fetchApi).length, 1);
    });
  }

  it('does nothing any more once the consumer is closed', async () => {
    const { cluster, clock, closing, fetcher, fatal } = aFetcher({}, [1]);
    cluster.answer(fetchApi, disconnected);
    fetcher.pump();
    await cluster.refreshed.received(1);
    await eventLoopTurn();
    closing.abort();
    fetcher.close();
    clock.advance(10_000);
    await eventLoopTurn();
    assert.deepEqual([cluster.requests(fetchApi).length, fatal.fired, clock.pendingTimers], [1, false, 0]);
  });
});
