import assert from 'node:assert/strict';
import {
  errorCodes,
  findCoordinatorApi,
  heartbeatApi,
  joinGroupApi,
  metadataApi,
  RecordBatch,
  syncGroupApi,
} from '@hearken/protocol';
import { aBatch, fetch, partitionsOf, produce, setup, stopAll } from '../handlers/setup.js';
import { RawClient } from '../raw-client.js';

/** What a broker says of the first partition of `orders`. */
async function leaderOf(client: RawClient): Promise<{ leaderId: number; leaderEpoch: number }> {
  const { topics } = await client.send(metadataApi, 8, {
    topics: null,
    allowAutoTopicCreation: false,
    includeClusterAuthorizedOperations: false,
    includeTopicAuthorizedOperations: false,
  });
  const { leaderId, leaderEpoch } = topics[0]!.partitions[0]!;
  return { leaderId, leaderEpoch };
}

const coordinatorOf = async (client: RawClient, key: string, keyType: number): Promise<number> =>
  (await client.send(findCoordinatorApi, 3, { key, keyType })).nodeId;

/** A member that is alone in its group, and what its next heartbeat says. */
async function aMember(client: RawClient, groupId: string) {
  const member = { groupId, groupInstanceId: null, protocolType: null, protocolName: null };
  const { memberId, generationId } = await client.send(joinGroupApi, 3, {
    ...member,
    sessionTimeoutMs: 10_000,
    rebalanceTimeoutMs: 10_000,
    memberId: '',
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata: Buffer.alloc(0) }],
    reason: null,
  });
  await client.send(syncGroupApi, 3, { ...member, generationId, memberId, assignments: [] });
  const heartbeat = async (): Promise<number> =>
    (await client.send(heartbeatApi, 3, { ...member, generationId, memberId })).errorCode;
  return { memberId, heartbeat };
}

describe('scenarios', () => {
  afterEach(stopAll);

  describe('a broker', () => {
    it('that goes down closes its connections and leaves its partitions to another, until it is up again', async () => {
      const { kafka, clients } = await setup({ brokers: 2, topics: ['orders'] });
      const before = await leaderOf(clients[0]!);
      const [leader, other] = before.leaderId === 1 ? clients : [clients[1], clients[0]];
      await kafka.faults.broker(before.leaderId).down();
      await leader!.closed;
      const after = await leaderOf(other!);
      assert.deepEqual(after, { leaderId: 3 - before.leaderId, leaderEpoch: before.leaderEpoch + 1 });
      await kafka.faults.broker(before.leaderId).up();
      using again = await RawClient.connect(kafka.brokers[before.leaderId - 1]!);
      assert.deepEqual(await leaderOf(again), after);
    });

    it('that is paused answers what came meanwhile when it goes on', async () => {
      const { kafka, clients } = await setup({ brokers: 2, topics: ['orders'] });
      await kafka.faults.broker(1).pause();
      let answered = false;
      const waiting = leaderOf(clients[0]!).then(() => (answered = true));
      await leaderOf(clients[1]!);
      assert.equal(answered, false);
      await kafka.faults.broker(1).resume();
      await waiting;
    });

    it('that there is not is an error', async () => {
      const { kafka } = await setup();
      await assert.rejects(kafka.faults.broker(2).down(), { code: 'UNKNOWN_BROKER' });
    });
  });

  describe('a partition', () => {
    it('moves: its old leader refuses it, the new one serves it in the next epoch', async () => {
      const { kafka, clients } = await setup({ brokers: 2, topics: ['orders'] });
      const { leaderId, leaderEpoch } = await leaderOf(clients[0]!);
      const [old, next] = leaderId === 1 ? clients : [clients[1], clients[0]];
      await produce(old!, aBatch('a'));
      await kafka.faults.partition('orders', 0).moveLeader(3 - leaderId);
      const refused = await produce(old!, aBatch('b'));
      assert.equal(refused.errorCode, errorCodes.NOT_LEADER_OR_FOLLOWER);
      const served = await produce(next!, aBatch('b'));
      assert.deepEqual([served.errorCode, served.baseOffset], [0, 1]);
      assert.equal((await leaderOf(next!)).leaderEpoch, leaderEpoch + 1);
    });

    it('loses its end, and tells who has read it where the log went another way', async () => {
      const { kafka, client } = await setup({ topics: ['orders'] });
      for (const value of ['a', 'b', 'c']) await produce(client, aBatch(value));
      await kafka.faults.partition('orders', 0).truncate(1);
      await produce(client, aBatch('d'));
      const values = (await kafka.records('orders')).map(({ value }) => value?.toString());
      assert.deepEqual(values, ['a', 'd']);
      const response = await fetch(client, { partitions: [{ fetchOffset: 3, lastFetchedEpoch: 0 }] });
      assert.deepEqual(partitionsOf(response)[0]?.divergingEpoch, { epoch: 0, endOffset: 1 });
    });

    it('loses its beginning', async () => {
      const { kafka, client } = await setup({ topics: ['orders'] });
      for (const value of ['a', 'b', 'c']) await produce(client, aBatch(value));
      await kafka.faults.partition('orders', 0).setLogStart(2);
      const [at1, at2] = [1, 2].map(
        async (fetchOffset) => partitionsOf(await fetch(client, { partitions: [{ fetchOffset }] }))[0],
      );
      assert.equal((await at1)?.errorCode, errorCodes.OFFSET_OUT_OF_RANGE);
      assert.deepEqual([(await at2)?.errorCode, (await at2)?.logStartOffset], [0, 2]);
    });

    it('has a batch that is damaged, and the next one whole', async () => {
      const { kafka, client } = await setup({ topics: ['orders'] });
      for (const value of ['a', 'b']) await produce(client, aBatch(value));
      await kafka.faults.partition('orders', 0).corruptBatch(0);
      const read = async (fetchOffset: number): Promise<RecordBatch[]> => {
        const [partition] = partitionsOf(await fetch(client, { partitions: [{ fetchOffset }] }));
        return [...RecordBatch.readAll(partition!.records!)];
      };
      await assert.rejects(read(0), { code: 'CORRUPT_BATCH' });
      assert.equal((await read(1)).length, 1);
    });

    it('that there is not is an error, and so is a leader that has no replica', async () => {
      const { kafka } = await setup({ topics: ['orders'] });
      await assert.rejects(kafka.faults.partition('orders', 1).truncate(0), { code: 'UNKNOWN_TOPIC' });
      await assert.rejects(kafka.faults.partition('orders', 0).moveLeader(2), { code: 'REFUSED' });
    });
  });

  describe('a group', () => {
    it('loses a member', async () => {
      const { kafka, client } = await setup();
      const { memberId, heartbeat } = await aMember(client, 'g');
      assert.equal(await heartbeat(), 0);
      assert.equal(await kafka.faults.group('g').evict('somebody'), false);
      assert.equal(await kafka.faults.group('g').evict(memberId), true);
      assert.equal(await heartbeat(), errorCodes.UNKNOWN_MEMBER_ID);
    });

    it('joins anew', async () => {
      const { kafka, client } = await setup();
      const { heartbeat } = await aMember(client, 'g');
      assert.equal(await kafka.faults.group('g').forceRebalance(), true);
      assert.equal(await heartbeat(), errorCodes.REBALANCE_IN_PROGRESS);
      assert.equal(await kafka.faults.group('nobody').forceRebalance(), false);
    });

    it('gets another coordinator, and so does a transaction', async () => {
      const { kafka, clients } = await setup({ brokers: 2 });
      for (const [keyType, faults] of [
        [0, kafka.faults.group('g')],
        [1, kafka.faults.transaction('g')],
      ] as const) {
        const before = await coordinatorOf(clients[0]!, 'g', keyType);
        await faults.moveCoordinator(3 - before);
        assert.equal(await coordinatorOf(clients[1]!, 'g', keyType), 3 - before);
      }
    });

    it('is refused by the coordinator that it had', async () => {
      const { kafka, clients } = await setup({ brokers: 2 });
      const before = await coordinatorOf(clients[0]!, 'g', 0);
      const { heartbeat } = await aMember(clients[before - 1]!, 'g');
      await kafka.faults.group('g').moveCoordinator(3 - before);
      assert.equal(await heartbeat(), errorCodes.NOT_COORDINATOR);
    });
  });
});
