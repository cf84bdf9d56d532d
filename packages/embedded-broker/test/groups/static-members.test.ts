import assert from 'node:assert/strict';
import { Awaited, codeName, COMMIT, GROUP, protocol, REBALANCE_MS, SESSION_MS, setup, settled } from './setup.js';

const A = { groupInstanceId: 'a' };
const B = { groupInstanceId: 'b' };

describe('a static member', () => {
  it('needs no id first, and gets one that begins with its own name', async () => {
    const { join } = setup();
    const joined = await join(A, 9);
    assert.equal(codeName(joined), 'NONE');
    assert.match(joined.memberId, /^a-[0-9a-f-]{36}$/);
    assert.equal(joined.members[0]?.groupInstanceId, 'a');
  });

  it('that comes back has a new id, its old assignment, and no rebalance', async () => {
    const { join, stableGroup, sync, heartbeat, state } = setup();
    const [leader, follower] = await stableGroup(A, B);
    const back = await join(B, 9);
    assert.equal(codeName(back), 'NONE');
    assert.notEqual(back.memberId, follower!.memberId);
    assert.equal(back.generationId, follower!.generationId);
    assert.equal(back.leader, leader!.memberId);
    assert.equal(back.skipAssignment, false);
    assert.equal((await sync(back)).assignment.toString(), follower!.memberId);
    assert.equal(await heartbeat(leader!), 'NONE');
    assert.equal(state(), 'Stable');
  });

  it('that comes back as the leader is told not to assign, since version 9', async () => {
    const { join, stableGroup, sync } = setup();
    const [leader] = await stableGroup(A, B);
    const back = await join(A, 9);
    assert.equal(back.leader, back.memberId);
    assert.equal(back.skipAssignment, true);
    assert.equal(back.members.length, 2);
    assert.equal((await sync(back)).assignment.toString(), leader!.memberId);
  });

  it('that comes back as the leader takes itself for a follower, before version 9', async () => {
    const { join, stableGroup } = setup();
    const [leader] = await stableGroup(A, B);
    const back = await join(A, 8);
    assert.equal(back.leader, leader!.memberId);
    assert.notEqual(back.memberId, leader!.memberId);
    assert.deepEqual(back.members, []);
  });

  it('fences whoever still uses the old id, in every request', async () => {
    const { join, stableGroup, sync, heartbeat, leave, commit } = setup();
    const [, old] = await stableGroup(A, B);
    const back = await join(B);
    assert.equal(codeName(await join({ ...B, memberId: old!.memberId })), 'FENCED_INSTANCE_ID');
    assert.equal(codeName(await sync(old!, {}, B)), 'FENCED_INSTANCE_ID');
    assert.equal(await heartbeat(old!, B), 'FENCED_INSTANCE_ID');
    const stale = { ...COMMIT, ...B, memberId: old!.memberId, generationIdOrMemberEpoch: old!.generationId };
    assert.equal(await commit(stale), 'FENCED_INSTANCE_ID');
    assert.equal(codeName((await leave({ ...B, memberId: old!.memberId })).members[0]!), 'FENCED_INSTANCE_ID');
    assert.equal(await heartbeat(old!), 'UNKNOWN_MEMBER_ID');
    assert.equal(await heartbeat(back, B), 'NONE');
    assert.equal(await heartbeat(back, { groupInstanceId: 'c' }), 'UNKNOWN_MEMBER_ID');
  });

  it('fences the old one while it waits to join', async () => {
    const { join, stableGroup } = setup();
    const [leader, follower] = await stableGroup(A, B);
    const old = join({ ...A, memberId: leader!.memberId });
    const back = join(A);
    const fenced = await old;
    assert.equal(codeName(fenced), 'FENCED_INSTANCE_ID');
    assert.equal(fenced.memberId, leader!.memberId);
    await join({ ...B, memberId: follower!.memberId });
    assert.equal((await back).leader, (await back).memberId);
  });

  it('fences the old one while it waits to sync, and begins a rebalance: the leader may know the old id', async () => {
    const { join, joinedTogether, sync, state, heartbeat } = setup();
    const [leader, follower] = await joinedTogether(A, B);
    const old = sync(follower!, {}, B);
    const back = new Awaited(join(B));
    assert.equal(codeName(await old), 'FENCED_INSTANCE_ID');
    assert.equal(await back.hasCome(), false);
    assert.equal(state(), 'PreparingRebalance');
    assert.equal(await heartbeat(leader!, A), 'REBALANCE_IN_PROGRESS');
    await join({ ...A, memberId: leader!.memberId });
    assert.equal((await back.promise).generationId, leader!.generationId + 1);
  });

  it('begins a rebalance when the group would choose another protocol with it', async () => {
    const { join, stableGroup, state } = setup();
    const both = [protocol('range'), protocol('sticky')];
    const [leader] = await stableGroup({ ...A, protocols: both }, { ...B, protocols: both });
    const back = join({ ...B, protocols: [protocol('sticky')] });
    await settled();
    assert.equal(state(), 'PreparingRebalance');
    const again = await join({ ...A, memberId: leader!.memberId, protocols: both });
    assert.equal(again.protocolName, 'sticky');
    assert.equal((await back).protocolName, 'sticky');
  });

  it('stays in the next generation though it missed the join, until SyncGroup is due', async () => {
    const { join, stableGroup, sync, clock, coordinator } = setup();
    const [leader, , dynamic] = await stableGroup(
      { ...A, sessionTimeoutMs: 200_000 },
      { ...B, sessionTimeoutMs: 200_000 },
      { sessionTimeoutMs: 200_000 },
    );
    const again = join({ ...A, memberId: leader!.memberId, sessionTimeoutMs: 200_000 });
    clock.advance(REBALANCE_MS);
    const joined = await again;
    assert.deepEqual(
      joined.members.map(({ groupInstanceId }) => groupInstanceId),
      ['a', 'b'],
    );
    assert(joined.members.every(({ memberId }) => memberId !== dynamic!.memberId));
    await sync(joined, {}, A);
    clock.advance(REBALANCE_MS);
    assert.equal(coordinator.describe(GROUP)?.state, 'PreparingRebalance');
    assert.equal(coordinator.describe(GROUP)?.members.length, 1);
  });

  it('that misses the join alone has the group wait for it, until its session ends', async () => {
    const { stableGroup, coordinator, clock, state } = setup();
    await stableGroup({ ...A, sessionTimeoutMs: REBALANCE_MS * 3 });
    coordinator.forceRebalance(GROUP);
    clock.advance(REBALANCE_MS * 2);
    assert.equal(state(), 'PreparingRebalance');
    clock.advance(REBALANCE_MS);
    assert.equal(state(), 'Empty');
    assert.equal(clock.pendingTimers, 0);
  });

  it('that came back has a session of its own', async () => {
    const { join, stableGroup, coordinator, clock } = setup();
    await stableGroup({ sessionTimeoutMs: 60_000 }, B);
    clock.advance(SESSION_MS - 1);
    await join(B);
    clock.advance(SESSION_MS - 1);
    assert.equal(coordinator.describe(GROUP)?.members.length, 2);
    clock.advance(1);
    assert.equal(coordinator.describe(GROUP)?.members.length, 1);
  });

  it('is gone when its session ends', async () => {
    const { join, stableGroup, clock } = setup();
    await stableGroup(A);
    clock.advance(SESSION_MS);
    assert.equal((await join(A)).generationId, 3);
  });
});
