import assert from 'node:assert/strict';
import type { TopicPartition } from '@hearken/core';
import {
  decodeAssignment,
  decodeSubscription,
  heartbeatApi,
  joinGroupApi,
  leaveGroupApi,
  syncGroupApi,
  type JoinGroupResponse,
  type Subscription,
} from '@hearken/protocol';
import { eventLoopTurn, Signal } from '@hearken/testing';
import { rejection } from '../support/rejects.js';
import { held } from './support/fake-cluster.js';
import { beat, joinedAs, joinRefused, memberWith, synced } from './support/fake-group.js';
import { aMember, aMembership, ending, type MembershipBundle } from './support/membership.js';

const COOPERATIVE = { partitionAssignors: ['cooperative-sticky'] } as const;

const at = (...partitions: readonly number[]): TopicPartition[] =>
  partitions.map((partition) => ({ topic: 'orders', partition }));

/** What the member says of itself in its JoinGroups, one after the other. */
const saidBy = ({ cluster }: MembershipBundle): Subscription[] =>
  cluster.requests(joinGroupApi).map(({ request }) => decodeSubscription(request.protocols[0]!.metadata));

const ownedIn = ({ ownedPartitions, generationId }: Subscription): string =>
  `${ownedPartitions.flatMap(({ partitions }) => partitions).join()} since ${generationId}`;

/** A member whose assignments come from a list, and which rebalances when a heartbeat says so. */
async function aMemberGiven(...assignments: readonly (readonly number[])[]): Promise<MembershipBundle> {
  const bundle = aMembership(COOPERATIVE);
  bundle.cluster.answer(syncGroupApi, ...assignments.map((orders) => () => synced({ orders })));
  bundle.membership.start();
  await bundle.member.calls.received(1);
  return bundle;
}

const rebalances = (bundle: MembershipBundle): Promise<void> => {
  bundle.cluster.answer(
    heartbeatApi,
    () => beat('REBALANCE_IN_PROGRESS'),
    () => beat(),
  );
  return bundle.nextBeat();
};

describe('GroupMembership, cooperative', () => {
  it('keeps what it owns over a rebalance, and says what that is, and since when', async () => {
    const bundle = await aMemberGiven([0, 1]);
    await rebalances(bundle);
    assert.deepEqual(await bundle.member.calls.received(2), ['assigned', 'assigned']);
    assert.deepEqual(saidBy(bundle).map(ownedIn), [' since -1', ' since -1', '0,1 since 1']);
    assert.deepEqual(bundle.member.owned(), at(0, 1));
    assert.equal(bundle.membership.generation?.generationId, 2);
  });

  it('gives up what it is not given again, in the new generation, and joins again at once', async () => {
    const bundle = await aMemberGiven([0, 1], [0], [0]);
    const { membership, member, cluster } = bundle;
    member.revoking = () => {
      assert.equal(membership.generation?.generationId, 2); // commits work, of what goes and of what stays
      assert.equal(cluster.requests(joinGroupApi).length, 3);
      return Promise.resolve();
    };
    await rebalances(bundle);
    assert.deepEqual(await member.calls.received(4), ['assigned', 'revoking', 'assigned', 'assigned']);
    assert.deepEqual(saidBy(bundle).map(ownedIn).slice(2), ['0,1 since 1', '0 since 2']);
    assert.equal(membership.generation?.generationId, 3);
    assert.equal(cluster.requests(heartbeatApi).length, 1); // nobody had to tell it
  });

  it('keeps the session in a long revoke, which a further rebalance waits for', async () => {
    const bundle = await aMemberGiven([0, 1], [0], [0]);
    const gate = new Signal();
    bundle.member.revoking = () => gate.wait();
    await rebalances(bundle);
    await bundle.member.calls.received(2);
    bundle.cluster.answer(heartbeatApi, () => beat('REBALANCE_IN_PROGRESS'));
    for (let i = 0; i < 3; i++) await bundle.nextBeat();
    assert.deepEqual(
      bundle.cluster.requests(heartbeatApi).map(({ request }) => request.generationId),
      [1, 2, 2, 2],
    );
    assert.equal(bundle.cluster.requests(joinGroupApi).length, 3);
    gate.fire();
    await bundle.cluster.request(joinGroupApi, 4);
  });

  it('says since when it owns something, though a generation came between that it did not get into', async () => {
    const bundle = await aMemberGiven([0, 1]);
    bundle.cluster.answer(
      syncGroupApi,
      () => synced({}, 'REBALANCE_IN_PROGRESS'),
      () => synced({ orders: [0, 1] }),
    );
    await rebalances(bundle);
    await bundle.member.calls.received(2);
    assert.deepEqual(saidBy(bundle).map(ownedIn).slice(2), ['0,1 since 1', '0,1 since 1']);
    assert.equal(bundle.membership.generation?.generationId, 3);
  });

  for (const [api, error] of [
    ['JoinGroup', 'UNKNOWN_MEMBER_ID'],
    ['SyncGroup', 'UNKNOWN_MEMBER_ID'],
    ['SyncGroup', 'ILLEGAL_GENERATION'],
  ] as const) {
    it(`loses what it kept when ${api} is answered ${error}`, async () => {
      const bundle = await aMemberGiven([0, 1]);
      const { cluster, clock, member } = bundle;
      if (api === 'SyncGroup') cluster.answer(syncGroupApi, () => synced({}, error), () => synced({ orders: [1] })); // prettier-ignore
      else cluster.answer(joinGroupApi, () => joinRefused(error), ({ memberId }) => joinedAs(memberId || 'm7', 4)); // prettier-ignore
      await rebalances(bundle);
      await member.calls.received(3);
      assert.deepEqual(member.calls.items.slice(1), ['evicted', 'lost']);
      await clock.timersPending(3);
      clock.advance(1_500);
      await member.calls.received(4);
      assert.equal(ownedIn(saidBy(bundle).at(-1)!), ' since -1');
    });
  }

  it('loses what it kept when it is fenced or forbidden while it joins', async () => {
    const bundle = await aMemberGiven([0, 1]);
    bundle.cluster.answer(joinGroupApi, () => joinRefused('GROUP_AUTHORIZATION_FAILED'));
    await rebalances(bundle);
    await rejection(ending(bundle.member), 'GROUP_AUTHORIZATION_FAILED');
    assert.deepEqual(bundle.member.calls.items, ['assigned', 'evicted', 'lost']);
  });

  it('is evicted as others are: everything is lost, and nothing claimed', async () => {
    const bundle = await aMemberGiven([0, 1]);
    bundle.cluster.answer(
      heartbeatApi,
      () => beat('ILLEGAL_GENERATION'),
      () => beat(),
    );
    await bundle.nextBeat();
    assert.deepEqual(await bundle.member.calls.received(4), ['assigned', 'evicted', 'lost', 'assigned']);
    assert.equal(ownedIn(saidBy(bundle).at(-1)!), ' since -1');
  });

  it('loses what it kept when a round ends and nobody polls: it leaves, and others get it', async () => {
    const bundle = await aMemberGiven([0, 1]);
    bundle.member.isPollingNow = false;
    bundle.membership.rejoin('test');
    assert.deepEqual(await bundle.member.calls.received(3), ['assigned', 'evicted', 'lost']);
    assert.equal((await bundle.cluster.request(leaveGroupApi)).request.members[0]?.memberId, 'm1');
    assert.deepEqual(bundle.member.owned(), []);
  });

  it('ends with the error of a revoke callback, and leaves', async () => {
    const bundle = await aMemberGiven([0, 1], [0]);
    const failure = new Error('the callback failed');
    bundle.member.revoking = () => Promise.reject(failure);
    await rebalances(bundle);
    assert.equal(await bundle.member.fatal.wait(), failure);
    assert.equal(bundle.cluster.requests(leaveGroupApi).length, 1);
  });

  it('gives everything up, in its generation, when it closes', async () => {
    const { cluster, member, membership } = await aMemberGiven([0, 1]);
    await membership.close();
    assert.deepEqual(member.calls.items, ['assigned', 'revoking', 'revoked']);
    assert.equal(cluster.requests(leaveGroupApi).length, 1);
  });

  it('loses what it kept when it closes while it joins: there is no generation to commit in', async () => {
    const bundle = await aMemberGiven([0, 1]);
    bundle.cluster.answer(joinGroupApi, held);
    await rebalances(bundle);
    await bundle.cluster.request(joinGroupApi, 3);
    await bundle.membership.close();
    assert.deepEqual(bundle.member.calls.items, ['assigned', 'evicted', 'lost']);
    assert.deepEqual(
      bundle.cluster.requests(leaveGroupApi).map(({ role }) => role),
      ['spare'],
    );
  });

  it('is eager as long as one of its assignors is', async () => {
    const bundle = await aMember({ partitionAssignors: ['cooperative-sticky', 'range'] });
    await rebalances(bundle);
    assert.deepEqual(await bundle.member.calls.received(4), ['assigned', 'revoking', 'revoked', 'assigned']);
    assert.deepEqual(saidBy(bundle).map(ownedIn), [' since -1', ' since -1', ' since -1']);
    const [join] = bundle.cluster.requests(joinGroupApi);
    assert.deepEqual(join?.request.protocols.map(({ name }) => name), ['cooperative-sticky', 'range']); // prettier-ignore
  });

  it('leads: what somebody holds is given to nobody else in that generation', async () => {
    const bundle = aMembership(COOPERATIVE);
    const members = [
      memberWith('m1', { topics: ['orders'], ownedPartitions: [{ topic: 'orders', partitions: [0, 1] }], generationId: 3 }),
      memberWith('m2', { topics: ['orders'] }),
    ]; // prettier-ignore
    const lead = (): JoinGroupResponse =>
      joinedAs('m1', 4, { leader: 'm1', members, protocolName: 'cooperative-sticky' });
    bundle.cluster.answer(joinGroupApi, () => joinRefused('MEMBER_ID_REQUIRED', 'm1'), lead);
    bundle.membership.start();
    const { assignments } = (await bundle.cluster.request(syncGroupApi)).request;
    assert.deepEqual(
      assignments.map(({ memberId, assignment }) => [memberId, decodeAssignment(assignment).partitions]),
      [
        ['m1', [{ topic: 'orders', partitions: [0] }]],
        ['m2', []],
      ],
    );
    await eventLoopTurn();
    await bundle.membership.close();
  });
});
