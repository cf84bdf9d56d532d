import assert from 'node:assert/strict';
import { heartbeatApi, joinGroupApi, leaveGroupApi, syncGroupApi } from '@hearken/protocol';
import { eventLoopTurn } from '@hearken/testing';
import { rejection } from '../support/rejects.js';
import { held } from './support/fake-cluster.js';
import { beat, joinedAs, joinRefused, memberOf, synced } from './support/fake-group.js';
import { aMember, aMembership, ending, type MembershipBundle } from './support/membership.js';

const STATIC = { groupInstanceId: 'billing-1' } as const;

/** A coordinator names a static member when it joins; nobody is asked to come back with an id. */
function aStaticMembership(): MembershipBundle {
  const bundle = aMembership(STATIC);
  let generation = 0;
  bundle.cluster.answer(joinGroupApi, () => joinedAs('billing-1-x', ++generation));
  return bundle;
}

describe('GroupMembership, static', () => {
  it('joins under its instance id, without asking for a member id, and says it in every request', async () => {
    const { cluster, membership, member, nextBeat } = aStaticMembership();
    membership.start();
    await member.calls.received(1);
    await nextBeat();
    membership.rejoin('test');
    await member.calls.received(4);
    const joins = cluster.requests(joinGroupApi).map(({ request }) => [request.memberId, request.groupInstanceId]);
    assert.deepEqual(joins, [['', 'billing-1'], ['billing-1-x', 'billing-1']]); // prettier-ignore
    for (const api of [syncGroupApi, heartbeatApi]) {
      assert.equal(cluster.requests<{ groupInstanceId: string | null }>(api)[0]?.request.groupInstanceId, 'billing-1');
    }
  });

  it('gives up what it owns when it closes, and stays in the group', async () => {
    const { cluster, membership, member } = aStaticMembership();
    membership.start();
    await member.calls.received(1);
    await membership.close();
    assert.deepEqual(member.calls.items, ['assigned', 'revoking', 'revoked']);
    assert.equal(cluster.requests(leaveGroupApi).length, 0);
  });

  it('ends at once when it closes while its JoinGroup is held', async () => {
    const { cluster, membership } = aMembership(STATIC);
    cluster.answer(joinGroupApi, held);
    membership.start();
    await cluster.request(joinGroupApi);
    await membership.close();
    assert.equal(cluster.requests(leaveGroupApi).length, 0);
  });

  it('stays in the group when nobody polls, without its session; the next poll joins again', async () => {
    const { cluster, clock, membership, member } = aStaticMembership();
    membership.start();
    await member.calls.received(1);
    member.isPollingNow = false;
    clock.advance(3_000);
    assert.deepEqual(await member.calls.received(3), ['assigned', 'evicted', 'lost']);
    member.isPollingNow = true;
    membership.polled();
    await member.calls.received(4);
    assert.equal(cluster.requests(leaveGroupApi).length, 0);
    assert.equal(cluster.requests(heartbeatApi).length, 0);
  });

  for (const where of ['heartbeat', 'JoinGroup'] as const) {
    it(`ends with a hint when another takes its place: ${where}`, async () => {
      const bundle = aStaticMembership();
      const { cluster, membership, member, nextBeat } = bundle;
      if (where === 'JoinGroup') cluster.answer(joinGroupApi, () => joinRefused('FENCED_INSTANCE_ID'));
      cluster.answer(heartbeatApi, () => beat('FENCED_INSTANCE_ID'));
      membership.start();
      if (where === 'heartbeat') {
        await member.calls.received(1);
        await nextBeat();
      }
      const error = await rejection(ending(member), 'FENCED_INSTANCE_ID');
      assert.match(error.message, /groupInstanceId/);
      assert.deepEqual(member.calls.items, where === 'heartbeat' ? ['assigned', 'evicted', 'lost'] : []);
      assert.equal(cluster.requests(leaveGroupApi).length, 0);
    });
  }

  it('assigns nothing when it comes back as leader and all may keep what they have, and watches the topics', async () => {
    const { cluster, clock, membership, member } = aMembership({ ...STATIC, metadataMaxAgeMs: 1_000 });
    const back = joinedAs('m1', 5, { leader: 'm1', skipAssignment: true, members: [memberOf('m1', 'orders')] });
    cluster.answer(joinGroupApi, () => back);
    membership.start();
    await member.calls.received(1);
    assert.deepEqual(cluster.requests(syncGroupApi)[0]?.request.assignments, []);
    cluster.topicAfterRefresh('orders', 1, 1, 1);
    clock.advance(1_000);
    await cluster.request(joinGroupApi, 2);
  });

  it('asks again, once, when it comes back for other topics than it left with', async () => {
    const { cluster, membership, member } = aStaticMembership();
    cluster.answer(syncGroupApi, () => synced({ payments: [0] }));
    membership.start();
    await cluster.request(joinGroupApi, 2);
    await eventLoopTurn();
    assert.equal(cluster.requests(joinGroupApi).length, 2); // a leader that gives everyone everything is not asked for ever
    assert.deepEqual(member.assignments, [[], []]);
  });

  it('does not take a dynamic member for one', async () => {
    const { cluster, membership } = await aMember();
    await membership.close();
    assert.equal(cluster.requests(joinGroupApi)[0]?.request.groupInstanceId, null);
    assert.equal(cluster.requests(leaveGroupApi).length, 1);
  });
});
