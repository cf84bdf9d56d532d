import assert from 'node:assert/strict';
import { deleteTopicsApi, errorCodes, fetchApi, metadataApi } from '@hearken/protocol';
import { eventLoopTurn } from '@hearken/testing';
import { aBatch, fetch, partitionsOf, produce, setup, stopAll, type Fetched, type Setup } from './setup.js';

const size = (buffer: Buffer | null): number => buffer?.length ?? -1;
const ONE = aBatch('a').length;

/** Sends a fetch that may wait long, and resolves once the broker waits with it. */
async function waiting({ client, clock }: Setup, fetched: Fetched = {}) {
  let isAnswered = false;
  const response = fetch(client, { maxWaitMs: 30_000, ...fetched });
  void response.then(() => (isAnswered = true));
  await clock.timersPending(1);
  return { partitions: response.then(partitionsOf), isAnswered: () => isAnswered };
}

async function topicId({ other }: Setup): Promise<string> {
  const { topics } = await other.send(metadataApi, 12, {
    topics: null,
    allowAutoTopicCreation: false,
    includeClusterAuthorizedOperations: false,
    includeTopicAuthorizedOperations: false,
  });
  return topics[0]!.topicId;
}

describe('Fetch', () => {
  afterEach(stopAll);

  for (let version = fetchApi.minVersion; version <= 12; version++) {
    it(`is answered in version ${version}`, async () => {
      const { client } = await setup({ topics: ['orders'] });
      await produce(client, aBatch('a', 'b'));
      const response = await fetch(client, { version });
      assert.equal(response.sessionId, 0);
      const { errorCode, highWatermark, lastStableOffset, records } = partitionsOf(response)[0]!;
      assert.deepEqual([errorCode, highWatermark, lastStableOffset], [0, 2, 2]);
      assert.equal(size(records), aBatch('a', 'b').length);
    });
  }

  it('names topics by their id from version 13 on', async () => {
    const broker = await setup({ topics: ['orders'] });
    await produce(broker.client, aBatch('a'));
    const [known] = partitionsOf(await fetch(broker.client, { version: 13, topicId: await topicId(broker) }));
    assert.equal(size(known!.records), ONE);
    const [unknown] = partitionsOf(await fetch(broker.client, { version: 13, topicId: 'BBBBBBBBBBBBBBBBBBBBBA' }));
    assert.equal(unknown!.errorCode, errorCodes.UNKNOWN_TOPIC_ID);
  });

  it('keeps no sessions: what goes by one is refused', async () => {
    const { client } = await setup({ topics: ['orders'] });
    const response = await fetch(client, { sessionId: 4711, sessionEpoch: 1 });
    assert.equal(response.errorCode, errorCodes.FETCH_SESSION_ID_NOT_FOUND);
    assert.equal((await fetch(client, { sessionId: 4711, sessionEpoch: -1 })).errorCode, 0);
  });

  it('waits until there is something to read', async () => {
    const broker = await setup({ topics: ['orders'] });
    const { partitions } = await waiting(broker);
    await produce(broker.other, aBatch('a'));
    assert.equal(size((await partitions)[0]!.records), ONE);
    assert.equal(broker.clock.pendingTimers, 0);
  });

  it('waits no longer than it was told', async () => {
    const broker = await setup({ topics: ['orders'] });
    const { partitions, isAnswered } = await waiting(broker, { maxWaitMs: 500 });
    broker.clock.advance(499);
    await eventLoopTurn();
    assert.equal(isAnswered(), false);
    broker.clock.advance(1);
    assert.equal(size((await partitions)[0]!.records), 0);
  });

  it('waits for so many bytes, of all partitions together', async () => {
    const broker = await setup({ topics: ['orders:3'] });
    const { partitions, isAnswered } = await waiting(broker, {
      partitions: [{ partition: 0 }, { partition: 1 }],
      minBytes: 2 * ONE,
    });
    await produce(broker.other, aBatch('a'), { partition: 0 });
    await produce(broker.other, aBatch('b'), { partition: 2 });
    assert.equal(isAnswered(), false);
    await produce(broker.other, aBatch('c'), { partition: 1 });
    assert.deepEqual(
      (await partitions).map(({ records }) => size(records)),
      [ONE, ONE],
    );
  });

  it('counts no more of a partition than may be read of it', async () => {
    const broker = await setup({ topics: ['orders:2'] });
    const { partitions, isAnswered } = await waiting(broker, {
      partitions: [{ partitionMaxBytes: ONE }, { partition: 1 }],
      minBytes: ONE + 1,
    });
    for (let i = 0; i < 3; i++) await produce(broker.other, aBatch('a'));
    assert.equal(isAnswered(), false);
    await produce(broker.other, aBatch('a'), { partition: 1 });
    assert.deepEqual(
      (await partitions).map(({ records }) => size(records)),
      [ONE, ONE],
    );
  });

  it('gives the first batch there is whatever its size, and no second one beyond its bounds', async () => {
    const { client } = await setup({ topics: ['orders:3'] });
    for (const partition of [1, 1, 2]) await produce(client, aBatch('a'), { partition });
    const sizes = async (fetched: Fetched): Promise<number[]> => {
      const asked = [0, 1, 2].map((partition) => ({ partition, partitionMaxBytes: 1, ...fetched.partitions?.[0] }));
      return partitionsOf(await fetch(client, { ...fetched, partitions: asked })).map(({ records }) => size(records));
    };
    assert.deepEqual(await sizes({}), [0, ONE, 0]);
    assert.deepEqual(await sizes({ maxBytes: 1, partitions: [{ partitionMaxBytes: 1_000 }] }), [0, ONE, 0]);
    assert.deepEqual(await sizes({ maxBytes: 2 * ONE, partitions: [{ partitionMaxBytes: 1_000 }] }), [0, 2 * ONE, 0]);
    assert.deepEqual(await sizes({ partitions: [{ partitionMaxBytes: 1_000 }] }), [0, 2 * ONE, ONE]);
  });

  it('wants no more than it allows', async () => {
    const { client } = await setup({ topics: ['orders'] });
    await produce(client, aBatch('a'));
    const [partition] = partitionsOf(await fetch(client, { maxWaitMs: 30_000, minBytes: 10 * ONE, maxBytes: ONE }));
    assert.equal(size(partition!.records), ONE);
  });

  it('is capped by fetch.max.bytes', async () => {
    const { client } = await setup({ topics: ['orders'], config: { 'fetch.max.bytes': 1_024 } });
    for (let i = 0; i < 20; i++) await produce(client, aBatch('a'));
    const [partition] = partitionsOf(await fetch(client));
    assert.equal(size(partition!.records), Math.floor(1_024 / ONE) * ONE);
  });

  it('is answered at once where something is wrong, but for a partition that there is not', async () => {
    const broker = await setup({ topics: ['orders:2'] });
    const asked = [{ partition: 0 }, { partition: 1, fetchOffset: 5 }];
    const wrong = partitionsOf(await fetch(broker.client, { maxWaitMs: 30_000, partitions: asked }));
    assert.deepEqual(
      wrong.map(({ errorCode }) => errorCode),
      [0, errorCodes.OFFSET_OUT_OF_RANGE],
    );
    assert.equal(size(wrong[1]!.records), 0);

    const { partitions, isAnswered } = await waiting(broker, { partitions: [{ partition: 0 }, { partition: 9 }] });
    assert.equal(isAnswered(), false);
    await produce(broker.other, aBatch('a'));
    assert.deepEqual(
      (await partitions).map(({ errorCode }) => errorCode),
      [0, errorCodes.UNKNOWN_TOPIC_OR_PARTITION],
    );
    const none = await fetch(broker.client, { maxWaitMs: 30_000, partitions: [{ partition: 9 }] });
    assert.equal(partitionsOf(none)[0]!.errorCode, errorCodes.UNKNOWN_TOPIC_OR_PARTITION);
  });

  it('ends its wait when the leader moves, the topic goes or its offset does', async () => {
    const broker = await setup({ brokers: 2, topics: ['orders'] });
    const moved = await waiting(broker);
    await broker.kafka.faults.partition('orders', 0).moveLeader(2);
    assert.equal((await moved.partitions)[0]!.errorCode, errorCodes.NOT_LEADER_OR_FOLLOWER);

    await broker.kafka.faults.partition('orders', 0).moveLeader(1);
    await produce(broker.other, aBatch('a'));
    const truncated = await waiting(broker, { partitions: [{ fetchOffset: 1 }] });
    await broker.kafka.faults.partition('orders', 0).truncate(0);
    assert.equal((await truncated.partitions)[0]!.errorCode, errorCodes.OFFSET_OUT_OF_RANGE);

    const deleted = await waiting(broker);
    await broker.other.send(deleteTopicsApi, 3, { topics: [], topicNames: ['orders'], timeoutMs: 1_000 });
    assert.equal((await deleted.partitions)[0]!.errorCode, errorCodes.UNKNOWN_TOPIC_OR_PARTITION);
    assert.equal(broker.clock.pendingTimers, 0);
  });

  it('leaves no timer when the client leaves', async () => {
    const broker = await setup({ topics: ['orders'] });
    await waiting(broker);
    broker.client.close();
    await broker.client.closed;
    while (broker.clock.pendingTimers > 0) await eventLoopTurn();
  });

  it('is refused for another leader epoch than the current one', async () => {
    const { client, kafka } = await setup({ brokers: 2, topics: ['orders'] });
    await kafka.faults.partition('orders', 0).moveLeader(1);
    const codes = [];
    for (const currentLeaderEpoch of [0, 1, 2]) {
      codes.push(partitionsOf(await fetch(client, { partitions: [{ currentLeaderEpoch }] }))[0]!.errorCode);
    }
    assert.deepEqual(codes, [errorCodes.FENCED_LEADER_EPOCH, 0, errorCodes.UNKNOWN_LEADER_EPOCH]);
  });

  it('tells where the log parted from what was read', async () => {
    const { client, kafka } = await setup({ brokers: 2, topics: ['orders'] });
    for (const value of ['a', 'b', 'c']) await produce(client, aBatch(value));
    await kafka.faults.partition('orders', 0).truncate(1);
    await kafka.faults.partition('orders', 0).moveLeader(1);
    await produce(client, aBatch('d'));
    const asked = { partitions: [{ fetchOffset: 3, lastFetchedEpoch: 0 }], maxWaitMs: 30_000 };
    const [partition] = partitionsOf(await fetch(client, asked));
    assert.deepEqual(partition!.divergingEpoch, { epoch: 0, endOffset: 1 });
    assert.deepEqual([partition!.errorCode, size(partition!.records)], [0, 0]);
  });
});
