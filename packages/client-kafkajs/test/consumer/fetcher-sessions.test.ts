import assert from 'node:assert/strict';
import { errorCodes, fetchApi, type FetchRequest, type FetchResponse } from '@hearken/protocol';
import { eventLoopTurn, Signal } from '@hearken/testing';
import { aFetcher, answered, offsetsIn, refused, values } from './support/a-fetcher.js';
import { batchOf } from './support/batches.js';
import { disconnected, held } from './support/fake-cluster.js';

const FIRST_ID = 'A'.repeat(21) + 'Q';
const SECOND_ID = 'A'.repeat(21) + 'g';
const SESSION = 7;

const inSession = (partitions: Parameters<typeof answered>[0]): FetchResponse => ({
  ...answered(partitions),
  sessionId: SESSION,
});

/** As from version 13 on. */
const byId = (response: FetchResponse, topicId: string): FetchResponse => ({
  ...response,
  responses: response.responses.map((topic) => ({ ...topic, topic: '', topicId })),
});

const sessionOf = ({ sessionId, sessionEpoch }: FetchRequest): number[] => [sessionId, sessionEpoch];

const forgottenIn = ({ forgottenTopicsData }: FetchRequest): unknown[] =>
  forgottenTopicsData.map(({ topicId, partitions }) => [topicId, partitions]);

describe('Fetcher in a session', () => {
  it('names what changed, and reads news of partitions that it did not name', async () => {
    const { cluster, fetcher, fetched, p } = aFetcher();
    const [first, second] = [
      await batchOf({ baseOffset: 0, values: ['a'] }),
      await batchOf({ baseOffset: 0, values: ['b'] }),
    ];
    cluster.answer(
      fetchApi,
      () => inSession({ 0: { records: first }, 1: {} }),
      () => inSession({ 1: { records: second } }),
      held,
    );
    fetcher.pump();
    await fetched.received(2);
    const requests = [1, 2, 3].map((n) => cluster.request(fetchApi, n));
    const [opening, next, last] = (await Promise.all(requests)).map(({ request }) => request);
    assert.deepEqual([sessionOf(opening!), offsetsIn(opening!)], [[0, 0], { 0: 0, 1: 0 }]);
    assert.deepEqual([sessionOf(next!), offsetsIn(next!)], [[SESSION, 1], { 0: 1 }]);
    assert.deepEqual([sessionOf(last!), offsetsIn(last!)], [[SESSION, 2], { 1: 1 }]);
    assert.deepEqual([values(p(0)), values(p(1))], [['a'], ['b']]);
  });

  it('forgets what was paused', async () => {
    const { cluster, fetcher, p } = aFetcher();
    const gate = new Signal();
    cluster.answer(fetchApi, () => gate.wait().then(() => inSession({ 0: {}, 1: {} })), held);
    fetcher.pump();
    await cluster.request(fetchApi);
    p(0).paused = true;
    fetcher.pump();
    gate.fire();
    const { request } = await cluster.request(fetchApi, 2);
    assert.deepEqual([offsetsIn(request), forgottenIn(request)], [{}, [['A'.repeat(22), [0]]]]);
  });

  it('opens another one at once when the broker has forgotten it', async () => {
    const { cluster, fetcher } = aFetcher();
    const gone = { ...answered({}), responses: [], errorCode: errorCodes.FETCH_SESSION_ID_NOT_FOUND };
    cluster.answer(
      fetchApi,
      () => inSession({ 0: {}, 1: {} }),
      () => gone,
      held,
    );
    fetcher.pump();
    const { request } = await cluster.request(fetchApi, 3); // the clock stands still: nothing was waited for
    assert.deepEqual([sessionOf(request), offsetsIn(request)], [[0, 0], { 0: 0, 1: 0 }]);
  });

  it('is patient with a broker that refuses to open one', async () => {
    const { cluster, fetcher } = aFetcher();
    const refusal = { ...answered({}), responses: [], errorCode: errorCodes.INVALID_FETCH_SESSION_EPOCH };
    cluster.answer(fetchApi, () => refusal);
    fetcher.pump();
    await cluster.refreshed.received(1);
    await eventLoopTurn();
    assert.equal(cluster.requests(fetchApi).length, 1);
  });

  it('opens another one when nobody knows what the broker heard', async () => {
    const { cluster, clock, fetcher } = aFetcher();
    cluster.answer(fetchApi, () => inSession({ 0: {}, 1: {} }), disconnected, held);
    fetcher.pump();
    await cluster.refreshed.received(1);
    await eventLoopTurn();
    clock.advance(1_000);
    const { request } = await cluster.request(fetchApi, 3);
    assert.deepEqual([sessionOf(request), offsetsIn(request)], [[SESSION, 0], { 0: 0, 1: 0 }]);
  });

  it('costs nothing for partitions without news', async () => {
    const { cluster, fetcher, fetched } = aFetcher({}, Array<number>(1_000).fill(1));
    let looks = 0;
    const { topic } = cluster.metadata;
    cluster.metadata.topic = (name) => {
      looks++;
      return topic(name);
    };
    const gate = new Signal();
    const idle = (): FetchResponse => ({ ...inSession({}), responses: [] });
    cluster.answer(fetchApi, idle, idle, idle, () => gate.wait().then(() => inSession({ 400: {} })), held);
    fetcher.pump();
    await cluster.request(fetchApi, 2);
    looks = 0;
    await cluster.request(fetchApi, 4);
    gate.fire();
    await fetched.received(4);
    assert.equal(looks, 0);
  });
});

describe('Fetcher and topic ids', () => {
  it('goes by id where brokers can, and by name where one cannot', async () => {
    for (const [version, expected] of [
      [13, 13],
      [11, 11],
    ] as const) {
      const { cluster, fetcher, fetched, p } = aFetcher({}, [1]);
      cluster.topicIds.set('orders', FIRST_ID);
      cluster.topic('orders', 1);
      cluster.versions.set('Fetch', version);
      const records = await batchOf({ baseOffset: 0, values: ['a'] });
      const answer = answered({ 0: { records } });
      cluster.answer(fetchApi, () => (version === 13 ? byId(answer, FIRST_ID) : answer), held);
      fetcher.pump();
      await fetched.received(1);
      const [sent] = cluster.requests(fetchApi);
      assert.deepEqual([sent?.version, sent?.request.topics[0]?.topicId], [expected, FIRST_ID]);
      assert.deepEqual(values(p(0)), ['a']);
    }
  });

  it('goes by name where metadata tells no ids', async () => {
    const { cluster, fetcher } = aFetcher({}, [1]);
    cluster.answer(fetchApi, held);
    fetcher.pump();
    assert.equal((await cluster.request(fetchApi)).version, 12);
  });

  for (const version of [12, 13]) {
    it(`tells of a topic made anew, and goes on in it when told where (Fetch v${version})`, async () => {
      const { cluster, clock, fetcher, recreated, p } = aFetcher();
      cluster.topicIds.set('orders', FIRST_ID);
      cluster.topic('orders', 1, 1);
      cluster.versions.set('Fetch', version);
      const named = (response: FetchResponse): FetchResponse => (version === 13 ? byId(response, FIRST_ID) : response);
      cluster.answer(
        fetchApi,
        () => named(inSession({ 0: {}, 1: {} })),
        () => named(inSession({ 0: refused('UNKNOWN_TOPIC_ID') })),
        () => ({ ...inSession({}), responses: [] }),
        held,
      );
      cluster.topicIds.set('orders', SECOND_ID);
      cluster.topicAfterRefresh('orders', 1, 1);
      fetcher.pump();
      await cluster.refreshed.received(1);
      clock.advance(1_000);
      assert.deepEqual((await recreated.received(2)).map(({ partition }) => partition).sort(), [0, 1]);
      for (const at of [0, 1]) p(at).startAt(0);
      fetcher.pump();
      const again = await cluster.sent.first(
        ({ request }) => (request as FetchRequest).topics[0]?.topicId === SECOND_ID,
      );
      assert.deepEqual(offsetsIn(again.request as FetchRequest), { 0: 0, 1: 0 });
    });
  }

  it('takes no answer for the topic before for one about this one', async () => {
    const { cluster, fetcher, fetched, recreated, p } = aFetcher({}, [1]);
    cluster.topicIds.set('orders', FIRST_ID);
    cluster.topic('orders', 1);
    const gate = new Signal();
    const records = await batchOf({ baseOffset: 0, values: ['old'] });
    cluster.answer(fetchApi, () => gate.wait().then(() => byId(answered({ 0: { records } }), FIRST_ID)), held);
    fetcher.pump();
    await cluster.request(fetchApi);
    cluster.topicIds.set('orders', SECOND_ID);
    cluster.topic('orders', 1);
    fetcher.pump();
    await recreated.received(1);
    p(0).startAt(0);
    gate.fire();
    await fetched.received(1);
    assert.equal(p(0).buffer?.isEmpty, true);
  });
});

describe('Fetcher and leader epochs', () => {
  it('tells the epoch of what was read last, and of the leader', async () => {
    const { cluster, fetcher } = aFetcher({}, [1]);
    const records = await batchOf({ baseOffset: 0, values: ['a'] });
    records.writeInt32BE(4, PARTITION_LEADER_EPOCH);
    cluster.answer(fetchApi, () => answered({ 0: { records } }), held);
    fetcher.pump();
    const { request } = await cluster.request(fetchApi, 2);
    const [asked] = request.topics[0]!.partitions;
    assert.deepEqual([asked?.lastFetchedEpoch, asked?.currentLeaderEpoch], [4, 5]);
    assert.equal(cluster.requests(fetchApi)[0]?.request.topics[0]?.partitions[0]?.lastFetchedEpoch, -1);
  });

  for (const error of ['FENCED_LEADER_EPOCH', 'UNKNOWN_LEADER_EPOCH'] as const) {
    it(`asks who leads after ${error}, and goes on`, async () => {
      const { cluster, clock, fetcher } = aFetcher({}, [1]);
      cluster.answer(fetchApi, () => answered({ 0: refused(error) }), held);
      cluster.leaderEpoch = 6;
      cluster.topicAfterRefresh('orders', 2);
      fetcher.pump();
      await cluster.refreshed.received(1);
      await eventLoopTurn();
      clock.advance(1_000);
      const { nodeId, request } = await cluster.request(fetchApi, 2);
      assert.deepEqual([nodeId, request.topics[0]?.partitions[0]?.currentLeaderEpoch], [2, 6]);
    });
  }

  it('moves a partition to its new leader when metadata tells it, and forgets it at the old one', async () => {
    const { cluster, fetcher } = aFetcher();
    const gate = new Signal();
    cluster.answer(fetchApi, () => gate.wait().then(() => inSession({ 0: {}, 1: {} })), held);
    fetcher.pump();
    await cluster.request(fetchApi);
    cluster.topic('orders', 1, 2);
    fetcher.pump();
    const moved = await cluster.request(fetchApi, 2);
    assert.deepEqual([moved.nodeId, offsetsIn(moved.request)], [2, { 1: 0 }]);
    gate.fire();
    const old = await cluster.request(fetchApi, 3);
    assert.deepEqual([old.nodeId, forgottenIn(old.request)], [1, [['A'.repeat(22), [1]]]]);
  });

  it('tells where the log was cut off, and takes nothing of that answer', async () => {
    const { cluster, fetcher, truncated, p } = aFetcher({}, [1]);
    const divergingEpoch = { epoch: 3, endOffset: 40 };
    cluster.answer(fetchApi, () => answered({ 0: { divergingEpoch } }), held);
    fetcher.pump();
    assert.deepEqual(await truncated.received(1), [{ partition: p(0), ...divergingEpoch }]);
  });
});

describe('Fetcher with one busy partition among idle ones', () => {
  it('fetches more of it as soon as there is room, however long the broker holds the others', async () => {
    const { cluster, fetcher, fetched, p } = aFetcher({ maxPartitionFetchBytes: 400 }, Array<number>(12).fill(1));
    const batches = await Promise.all(
      [0, 1, 2, 3, 4, 5].map((baseOffset) => batchOf({ baseOffset, values: ['x'.repeat(250)] })),
    );
    const next = (): FetchResponse => inSession({ 0: { records: Buffer.concat(batches.splice(0, 2)) } });
    cluster.answer(fetchApi, next, (request) => (offsetsIn(request)[0] === undefined ? held() : next()));
    fetcher.pump();
    await fetched.received(1); // 0 is full now
    await cluster.request(fetchApi, 2); // the others, without it, are held
    for (const [turn, offset] of [2, 4].entries()) {
      while (offset - p(0).buffer!.position > 1) assert.equal(p(0).take(1)?.records.length, 1);
      fetcher.pump(); // as after every poll; there is room, and one record left
      const { request, role } = await cluster.request(fetchApi, turn + 3);
      assert.deepEqual([role, offsetsIn(request)], ['spare', { 0: offset }]);
      await fetched.received(turn + 2);
    }
  });
});

const PARTITION_LEADER_EPOCH = 12;
