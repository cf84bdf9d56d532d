import assert from 'node:assert/strict';
import type { TxnOffsetCommitRequest } from '@hearken/protocol';
import { offsetFetchHandler } from '../../dist/handlers/offset-fetch.js';
import { codeName, COMMIT, GROUP, setup } from './setup.js';

const asMember = ({ memberId, generationId }: { memberId: string; generationId: number }) => ({
  memberId,
  generationIdOrMemberEpoch: generationId,
});

const commitOf = (topic: string, partitionIndex: number, committedMetadata: string | null = null) => ({
  topics: [
    { name: topic, partitions: [{ partitionIndex, committedOffset: 7, committedLeaderEpoch: -1, committedMetadata }] },
  ],
});

describe('OffsetCommit and OffsetFetch', () => {
  it('keep offset, leader epoch and metadata', async () => {
    const { commit, fetchOffsets } = setup();
    assert.equal(await commit(), 'NONE');
    const { topics, errorCode } = await fetchOffsets({ orders: [0] });
    assert.equal(errorCode, 0);
    assert.deepEqual(topics, [
      {
        name: 'orders',
        partitions: [
          { partitionIndex: 0, committedOffset: 7, committedLeaderEpoch: 3, metadata: 'note', errorCode: 0 },
        ],
      },
    ]);
  });

  it('have no null metadata: it comes back empty', async () => {
    const { commit, fetchOffsets } = setup();
    await commit(commitOf('orders', 1, null));
    assert.equal((await fetchOffsets({ orders: [1] })).topics[0]?.partitions[0]?.metadata, '');
  });

  it('say -1, and no error, where nothing was committed: partition, topic and group unknown or not', async () => {
    const { commit, fetchOffsets } = setup();
    const nothing = (partitionIndex: number) => ({
      partitionIndex,
      committedOffset: -1,
      committedLeaderEpoch: -1,
      metadata: '',
      errorCode: 0,
    });
    assert.deepEqual((await fetchOffsets({ orders: [2] })).topics[0]?.partitions, [nothing(2)]);
    await commit();
    const { topics } = await fetchOffsets({ orders: [2], unheard: [9] });
    assert.deepEqual(topics[0]?.partitions, [nothing(2)]);
    assert.deepEqual(topics[1]?.partitions, [nothing(9)]);
  });

  it('tell all that there are to who names no topics', async () => {
    const { commit, fetchOffsets } = setup();
    assert.deepEqual((await fetchOffsets(null)).topics, []);
    await commit(commitOf('orders', 3));
    await commit(commitOf('refunds', 0));
    await commit(commitOf('orders', 1));
    const { topics } = await fetchOffsets(null);
    assert.deepEqual(
      topics.map(({ name, partitions }) => [name, ...partitions.map(({ partitionIndex }) => partitionIndex)]),
      [
        ['orders', 3, 1],
        ['refunds', 0],
      ],
    );
  });

  it('know no other partitions than the cluster does', async () => {
    const { commit, fetchOffsets } = setup();
    const partitions = [0, 4].map((partitionIndex) => ({
      partitionIndex,
      committedOffset: 1,
      committedLeaderEpoch: -1,
      committedMetadata: null,
    }));
    assert.equal(await commit({ topics: [{ name: 'orders', partitions }] }), 'NONE UNKNOWN_TOPIC_OR_PARTITION');
    assert.equal(await commit(commitOf('unheard', 0)), 'UNKNOWN_TOPIC_OR_PARTITION');
    assert.equal((await fetchOffsets(null)).topics.length, 1);
  });

  it('take as much metadata as is allowed, partition by partition', async () => {
    const { commit } = setup({ config: { offsetMetadataMaxBytes: 10 } });
    assert.equal(await commit(commitOf('orders', 0, '0123456789')), 'NONE');
    assert.equal(await commit(commitOf('orders', 0, '0123456789a')), 'OFFSET_METADATA_TOO_LARGE');
  });

  it('take an empty group id, as Kafka still does', async () => {
    const { commit, ask } = setup();
    assert.equal(await commit({ groupId: '' }), 'NONE');
    const { topics } = await ask(offsetFetchHandler, { groupId: '', topics: null, requireStable: false });
    assert.equal(topics.length, 1);
  });
});

describe('who may commit', () => {
  it('is anyone while the group is empty, and makes a group without members', async () => {
    const { commit, coordinator, state } = setup();
    assert.equal(await commit(), 'NONE');
    assert.equal(await commit({ memberId: 'whoever' }), 'NONE');
    assert.equal(state(), 'Empty');
    assert.equal(coordinator.describe(GROUP)?.protocolType, '');
  });

  it('is nobody with the generation of a group that is not known', async () => {
    const { commit, state } = setup();
    const request = { memberId: 'm', generationIdOrMemberEpoch: 1 };
    assert.equal(await commit(request, 8), 'ILLEGAL_GENERATION');
    assert.equal(await commit(request, 9), 'GROUP_ID_NOT_FOUND');
    assert.equal(state(), undefined);
  });

  it('is a member of the current generation, and nobody from outside', async () => {
    const { stableGroup, commit } = setup();
    const [leader] = await stableGroup({}, {});
    assert.equal(await commit(asMember(leader!)), 'NONE');
    assert.equal(await commit(), 'UNKNOWN_MEMBER_ID');
    assert.equal(await commit({ ...asMember(leader!), memberId: 'stranger' }), 'UNKNOWN_MEMBER_ID');
    assert.equal(await commit({ ...asMember(leader!), generationIdOrMemberEpoch: 1 }), 'ILLEGAL_GENERATION');
    assert.equal(await commit({ ...asMember(leader!), generationIdOrMemberEpoch: -1 }), 'ILLEGAL_GENERATION');
  });

  it('may do so while members join for the next generation, with what it worked off', async () => {
    const { stableGroup, commit, coordinator, state } = setup();
    const [leader] = await stableGroup({}, {});
    coordinator.forceRebalance(GROUP);
    assert.equal(state(), 'PreparingRebalance');
    assert.equal(await commit(asMember(leader!)), 'NONE');
  });

  it('may not while the generation completes, and not with the last one', async () => {
    const { joinedTogether, commit } = setup();
    const [leader] = await joinedTogether({}, {});
    assert.equal(await commit(asMember(leader!)), 'REBALANCE_IN_PROGRESS');
    const last = { ...leader!, generationId: leader!.generationId - 1 };
    assert.equal(await commit(asMember(last)), 'ILLEGAL_GENERATION');
  });

  it('is not asked about partitions that are not known', async () => {
    const { stableGroup, commit } = setup();
    await stableGroup({});
    const { topics } = commitOf('unheard', 0);
    assert.equal(
      await commit({ topics: [...COMMIT.topics, ...topics] }),
      'UNKNOWN_MEMBER_ID UNKNOWN_TOPIC_OR_PARTITION',
    );
    assert.equal(await commit({ topics }), 'UNKNOWN_TOPIC_OR_PARTITION');
  });
});

describe('the coordinator of another group', () => {
  it('is refused in all partitions, and as a whole', async () => {
    const bench = setup();
    bench.coordinatorId = 2;
    assert.equal(await bench.commit(), 'NOT_COORDINATOR');
    const { errorCode, topics } = await bench.fetchOffsets({ orders: [0] });
    assert.equal(codeName({ errorCode }), 'NOT_COORDINATOR');
    assert.equal(codeName(topics[0]!.partitions[0]!), 'NOT_COORDINATOR');
    assert.equal(codeName(await bench.join()), 'NOT_COORDINATOR');
    assert.equal(bench.state(), undefined);
  });
});

describe('offsets of a transaction', () => {
  const transactional: TxnOffsetCommitRequest = {
    transactionalId: 'tx',
    groupId: GROUP,
    producerId: 42,
    producerEpoch: 0,
    generationId: -1,
    memberId: '',
    groupInstanceId: null,
    topics: COMMIT.topics,
  };
  const codes = ({ topics }: { topics: readonly { partitions: readonly { errorCode: number }[] }[] }): string =>
    topics.flatMap(({ partitions }) => partitions.map(codeName)).join(' ');
  const verified = (): void => undefined;

  it('are seen once it is committed; who wants stable ones is told to wait', async () => {
    const { coordinator, commit, fetchOffsets } = setup();
    await commit(commitOf('orders', 0));
    const later = [{ ...COMMIT.topics[0]!, partitions: [{ ...COMMIT.topics[0]!.partitions[0]!, committedOffset: 8 }] }];
    assert.equal(codes(coordinator.commitTransactional({ ...transactional, topics: later }, verified)), 'NONE');
    const fetch = async (requireStable: boolean) =>
      (await fetchOffsets({ orders: [0] }, { requireStable })).topics[0]!.partitions[0]!;
    assert.equal((await fetch(false)).committedOffset, 7);
    const unstable = await fetch(true);
    assert.equal(codeName(unstable), 'UNSTABLE_OFFSET_COMMIT');
    assert.equal(unstable.committedOffset, -1);
    coordinator.completeTransaction(42, [GROUP, 'another'], true);
    assert.equal((await fetch(true)).committedOffset, 8);
  });

  it('may come from who does not say who it is, whatever the state; a generation is checked', async () => {
    const { coordinator, joinedTogether } = setup();
    const [leader] = await joinedTogether({});
    const { memberId, generationId } = leader!;
    const ask = (request: Partial<TxnOffsetCommitRequest>): string =>
      codes(coordinator.commitTransactional({ ...transactional, ...request }, verified));
    assert.equal(ask({}), 'NONE');
    assert.equal(ask({ memberId, generationId }), 'NONE');
    assert.equal(ask({ memberId, generationId: generationId + 1 }), 'ILLEGAL_GENERATION');
    assert.equal(ask({ memberId: 'stranger', generationId }), 'UNKNOWN_MEMBER_ID');
    assert.equal(ask({ groupId: 'unheard', generationId: 3 }), 'ILLEGAL_GENERATION');
  });

  it('are refused as the transaction is, if a partition is known at all', () => {
    const { coordinator } = setup();
    const refuse = (): never => {
      throw new Error('asked');
    };
    assert.throws(() => coordinator.commitTransactional(transactional, refuse), /asked/);
    const { topics } = commitOf('unheard', 0);
    assert.equal(
      codes(coordinator.commitTransactional({ ...transactional, topics }, refuse)),
      'UNKNOWN_TOPIC_OR_PARTITION',
    );
  });
});
