import assert from 'node:assert/strict';
import { encodeRecordBatch, errorCodes, listOffsetsApi, offsetForLeaderEpochApi } from '@hearken/protocol';
import { aBatch, produce, setup, stopAll } from './setup.js';
import type { RawClient } from '../raw-client.js';

async function listOffset(client: RawClient, timestamp: number, version = 7, currentLeaderEpoch = -1) {
  const partitions = [{ partitionIndex: 0, currentLeaderEpoch, timestamp }];
  const topics = [{ name: 'orders', partitions }];
  const response = await client.send(listOffsetsApi, version, { replicaId: -1, isolationLevel: 0, topics });
  const { partitionIndex, ...found } = response.topics[0]!.partitions[0]!;
  assert.equal(partitionIndex, 0);
  return found;
}

const at = (...timestamps: readonly number[]): Buffer =>
  encodeRecordBatch(
    timestamps.map((timestamp) => ({ key: null, value: null, timestamp })),
    { compression: 'none' },
  );

describe('ListOffsets', () => {
  afterEach(stopAll);

  it('tells the ends, the highest timestamp, and finds by time, each with its epoch', async () => {
    const { client, kafka } = await setup({ brokers: 2, topics: ['orders'] });
    await produce(client, at(100, 300, 200));
    await kafka.faults.partition('orders', 0).moveLeader(1);
    await produce(client, at(250));
    assert.deepEqual(await listOffset(client, -2), { errorCode: 0, timestamp: -1, offset: 0, leaderEpoch: 0 });
    assert.deepEqual(await listOffset(client, -1), { errorCode: 0, timestamp: -1, offset: 4, leaderEpoch: 1 });
    assert.deepEqual(await listOffset(client, -3), { errorCode: 0, timestamp: 300, offset: 1, leaderEpoch: 0 });
    assert.deepEqual(await listOffset(client, 150), { errorCode: 0, timestamp: 300, offset: 1, leaderEpoch: 0 });
    assert.deepEqual(await listOffset(client, 301), { errorCode: 0, timestamp: -1, offset: -1, leaderEpoch: -1 });
  });

  it('says -1 for the highest timestamp of an empty log', async () => {
    const { client } = await setup({ topics: ['orders'] });
    assert.equal((await listOffset(client, -3)).offset, -1);
  });

  it('refuses what its version does not know', async () => {
    const { client } = await setup({ topics: ['orders'] });
    assert.equal((await listOffset(client, -3, 6)).errorCode, errorCodes.UNSUPPORTED_VERSION);
    assert.equal((await listOffset(client, -4, 7)).errorCode, errorCodes.UNSUPPORTED_VERSION);
  });

  it('is refused for another epoch, or by another broker', async () => {
    const { clients } = await setup({ brokers: 2, topics: ['orders'] });
    const [one, two] = clients as [RawClient, RawClient];
    assert.equal((await listOffset(one, -1, 7, 1)).errorCode, errorCodes.UNKNOWN_LEADER_EPOCH);
    assert.equal((await listOffset(two, -1)).errorCode, errorCodes.NOT_LEADER_OR_FOLLOWER);
  });
});

describe('OffsetForLeaderEpoch', () => {
  afterEach(stopAll);

  it('tells where each epoch ended', async () => {
    const { client, kafka } = await setup({ brokers: 2, topics: ['orders'] });
    await produce(client, aBatch('a', 'b'));
    await kafka.faults.partition('orders', 0).moveLeader(1);
    await produce(client, aBatch('c'));
    const ask = async (leaderEpoch: number, currentLeaderEpoch = -1) => {
      const partitions = [{ partition: 0, currentLeaderEpoch, leaderEpoch }];
      const topics = [{ topic: 'orders', partitions }];
      const response = await client.send(offsetForLeaderEpochApi, 4, { replicaId: -1, topics });
      return response.topics[0]!.partitions[0]!;
    };
    assert.deepEqual(await ask(0), { errorCode: 0, partition: 0, leaderEpoch: 0, endOffset: 2 });
    assert.deepEqual(await ask(1), { errorCode: 0, partition: 0, leaderEpoch: 1, endOffset: 3 });
    assert.deepEqual(await ask(7), { errorCode: 0, partition: 0, leaderEpoch: -1, endOffset: -1 });
    assert.equal((await ask(0, 0)).errorCode, errorCodes.FENCED_LEADER_EPOCH);
  });
});
