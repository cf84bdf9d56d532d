import assert from 'node:assert/strict';
import { Awaited, codeName, COMMIT, GROUP, protocol, setup, settled, subscriptionTo } from './setup.js';

describe('evict', () => {
  it('takes a member out as if its session had ended', async () => {
    const { stableGroup, coordinator, heartbeat } = setup();
    const [leader, follower] = await stableGroup({}, {});
    assert.equal(coordinator.evict(GROUP, follower!.memberId), true);
    assert.equal(await heartbeat(follower!), 'UNKNOWN_MEMBER_ID');
    assert.equal(await heartbeat(leader!), 'REBALANCE_IN_PROGRESS');
    assert.equal(coordinator.evict(GROUP, follower!.memberId), false);
    assert.equal(coordinator.evict('unheard', leader!.memberId), false);
  });

  it('knows static members by their instance id', async () => {
    const { stableGroup, coordinator, state, clock } = setup();
    await stableGroup({ groupInstanceId: 'a' });
    assert.equal(coordinator.evict(GROUP, 'a'), true);
    assert.equal(state(), 'Empty');
    assert.equal(clock.pendingTimers, 0);
  });

  it('answers what the member waits for', async () => {
    const { stableGroup, coordinator, join } = setup();
    const [leader] = await stableGroup({}, {});
    const joining = join({ memberId: leader!.memberId });
    await settled();
    coordinator.evict(GROUP, leader!.memberId);
    assert.equal(codeName(await joining), 'UNKNOWN_MEMBER_ID');
  });
});

describe('forceRebalance', () => {
  it('has all members join again', async () => {
    const { stableGroup, coordinator, heartbeat, join } = setup();
    const members = await stableGroup({}, {});
    assert.equal(coordinator.forceRebalance(GROUP), true);
    for (const member of members) assert.equal(await heartbeat(member), 'REBALANCE_IN_PROGRESS');
    const joined = await Promise.all(members.map(({ memberId }) => join({ memberId })));
    assert.deepEqual(
      joined.map(({ generationId }) => generationId),
      [3, 3],
    );
  });

  it('answers who waits for an assignment', async () => {
    const { joinedTogether, sync, coordinator } = setup();
    const [, follower] = await joinedTogether({}, {});
    const syncing = sync(follower!);
    coordinator.forceRebalance(GROUP);
    assert.equal(codeName(await syncing), 'REBALANCE_IN_PROGRESS');
  });

  it('does nothing without members', async () => {
    const { commit, coordinator, state, clock } = setup();
    assert.equal(coordinator.forceRebalance(GROUP), false);
    await commit();
    assert.equal(coordinator.forceRebalance(GROUP), true);
    assert.equal(state(), 'Empty');
    assert.equal(coordinator.describe(GROUP)?.generationId, 0);
    assert.equal(clock.pendingTimers, 0);
  });
});

describe('a coordinator that moves', () => {
  it('goes on with a stable group: members, their assignments, offsets', async () => {
    const { stableGroup, coordinator, commit, heartbeat, sync, fetchOffsets, clock } = setup();
    await commit();
    const [leader, follower] = await stableGroup({ sessionTimeoutMs: 60_000 }, {});
    coordinator.coordinatorMoved(GROUP);
    assert.equal(await heartbeat(leader!), 'NONE');
    assert.equal((await sync(follower!)).assignment.toString(), follower!.memberId);
    assert.equal((await fetchOffsets({ orders: [0] })).topics[0]?.partitions[0]?.committedOffset, 7);
    clock.advance(10_000);
    assert.equal(await heartbeat(follower!), 'UNKNOWN_MEMBER_ID');
    assert.equal(await heartbeat(leader!), 'REBALANCE_IN_PROGRESS');
  });

  it('knows nothing of a rebalance that was under way: who waits is told, and the last generation stands', async () => {
    const { stableGroup, coordinator, join, heartbeat, state } = setup();
    const [leader, follower] = await stableGroup({}, {});
    const joining = join({ memberId: leader!.memberId });
    const newcomer = join();
    const pending = await join({}, 4);
    coordinator.coordinatorMoved(GROUP);
    for (const answer of [await joining, await newcomer]) assert.equal(codeName(answer), 'NOT_COORDINATOR');
    assert.equal((await joining).memberId, leader!.memberId);
    assert.equal(state(), 'Stable');
    assert.equal(coordinator.describe(GROUP)?.members.length, 2);
    assert.equal(await heartbeat(follower!), 'NONE');
    assert.equal(codeName(await join({ memberId: pending.memberId }, 4)), 'UNKNOWN_MEMBER_ID');
  });

  it('knows nothing of a generation that was not assigned', async () => {
    const { joinedTogether, coordinator, sync, heartbeat, state, clock } = setup();
    const [leader, follower] = await joinedTogether({}, {});
    const syncing = sync(follower!);
    coordinator.coordinatorMoved(GROUP);
    assert.equal(codeName(await syncing), 'NOT_COORDINATOR');
    assert.equal(state(), 'Empty');
    assert.equal(await heartbeat(leader!), 'UNKNOWN_MEMBER_ID');
    assert.equal(clock.pendingTimers, 0);
  });

  it('knows a static member by its newest id, and can move on', async () => {
    const { stableGroup, coordinator, join, heartbeat } = setup();
    await stableGroup({ groupInstanceId: 'a' });
    const back = await join({ groupInstanceId: 'a' }, 9);
    coordinator.coordinatorMoved(GROUP);
    coordinator.coordinatorMoved(GROUP);
    assert.equal(await heartbeat(back, { groupInstanceId: 'a' }), 'NONE');
  });

  it('knows members as they were, whatever they offered to the last one meanwhile', async () => {
    const { stableGroup, coordinator, join, state } = setup();
    const [, follower] = await stableGroup({}, {});
    coordinator.coordinatorMoved(GROUP);
    const joining = join({ memberId: follower!.memberId, protocols: [protocol('range', subscriptionTo('refunds'))] });
    coordinator.coordinatorMoved(GROUP);
    assert.equal(codeName(await joining), 'NOT_COORDINATOR');
    assert.equal(codeName(await join({ memberId: follower!.memberId })), 'NONE');
    assert.equal(state(), 'Stable');
  });

  it('remembers the number of the generation that an empty group had', async () => {
    const { stableGroup, leave, coordinator, join } = setup();
    const [leader] = await stableGroup({});
    await leave(leader!);
    coordinator.coordinatorMoved(GROUP);
    assert.equal((await join()).generationId, 3);
    coordinator.coordinatorMoved('unheard');
  });
});

describe('the end', () => {
  it('answers all that waits and leaves no timer', async () => {
    const { stableGroup, coordinator, clock, join, commit } = setup({ config: { initialRebalanceDelayMs: 0 } });
    const [leader] = await stableGroup({}, {}, { groupInstanceId: 'a' });
    const joining = join({ memberId: leader!.memberId });
    const another = await join({ groupId: 'another' });
    assert.equal(codeName(another), 'NONE');
    await join({}, 4);
    assert(clock.pendingTimers > 0);
    coordinator.close();
    assert.equal(codeName(await joining), 'NOT_COORDINATOR');
    assert.equal(clock.pendingTimers, 0);
    assert.deepEqual(coordinator.list(), []);
    assert.equal(await commit(COMMIT), 'NONE');
  });

  it('answers members that wait for the initial delay', async () => {
    const { join, coordinator, clock } = setup({ config: { initialRebalanceDelayMs: 3_000 } });
    const joining = new Awaited(join());
    assert.equal(await joining.hasCome(), false);
    coordinator.close();
    assert.equal(codeName(await joining.promise), 'NOT_COORDINATOR');
    assert.equal(clock.pendingTimers, 0);
  });
});

describe('a deleted topic', () => {
  it('takes the offsets of all groups with it', async () => {
    const { commit, coordinator, fetchOffsets } = setup();
    await commit();
    await commit({ ...COMMIT, groupId: 'another' });
    coordinator.topicDeleted('orders');
    assert.deepEqual((await fetchOffsets(null)).topics, []);
  });
});

describe('a cooperative group', () => {
  it('joins again with what it owns: other bytes from a follower begin the second rebalance', async () => {
    const { stableGroup, join, sync, state } = setup();
    const cooperative = (...topics: string[]) => ({
      protocols: [protocol('cooperative-sticky', subscriptionTo(...topics))],
    });
    const [leader, follower] = await stableGroup(cooperative('orders'), cooperative('orders'));
    const again = join({ memberId: follower!.memberId, ...cooperative('orders', 'refunds') });
    await settled();
    assert.equal(state(), 'PreparingRebalance');
    const joined = await join({ memberId: leader!.memberId, ...cooperative('orders') });
    assert.equal(joined.generationId, 3);
    const syncing = sync(await again);
    await sync(joined, { [follower!.memberId]: 'revoked' });
    assert.equal((await syncing).assignment.toString(), 'revoked');
  });
});
