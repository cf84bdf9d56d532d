import assert from 'node:assert/strict';
import { Awaited, codeName, COMMIT, GROUP, REBALANCE_MS, SESSION_MS, setup } from './setup.js';

/** Kafka's constant: five minutes. */
const NEW_MEMBER_JOIN_TIMEOUT_MS = 300_000;

describe('a session', () => {
  it('ends when nothing is heard of the member for its time-out, and the others join again', async () => {
    const { stableGroup, heartbeat, clock } = setup();
    const [leader, follower] = await stableGroup({ sessionTimeoutMs: 60_000 }, {});
    clock.advance(SESSION_MS - 1);
    assert.equal(await heartbeat(leader!), 'NONE');
    clock.advance(1);
    assert.equal(await heartbeat(leader!), 'REBALANCE_IN_PROGRESS');
    assert.equal(await heartbeat(follower!), 'UNKNOWN_MEMBER_ID');
  });

  it('goes on with each heartbeat, of a rebalance too', async () => {
    const { stableGroup, heartbeat, join, clock, coordinator } = setup();
    const [leader, follower] = await stableGroup({}, {});
    clock.advance(SESSION_MS - 1);
    await heartbeat(leader!);
    await heartbeat(follower!);
    clock.advance(SESSION_MS - 1);
    const joining = new Awaited(join({ memberId: leader!.memberId }));
    await heartbeat(follower!);
    clock.advance(SESSION_MS - 1);
    assert.equal(await joining.hasCome(), false);
    assert.equal(coordinator.describe(GROUP)?.members.length, 2);
    await join({ memberId: follower!.memberId });
    await joining.promise;
  });

  it('goes on with a commit', async () => {
    const { stableGroup, commit, heartbeat, clock } = setup();
    const [leader] = await stableGroup({});
    const { memberId, generationId: generationIdOrMemberEpoch } = leader!;
    clock.advance(SESSION_MS - 1);
    assert.equal(await commit({ ...COMMIT, memberId, generationIdOrMemberEpoch }), 'NONE');
    clock.advance(SESSION_MS - 1);
    assert.equal(await heartbeat(leader!), 'NONE');
  });

  it('does not end while a member waits in the join barrier, and begins anew with the answer', async () => {
    const { stableGroup, join, heartbeat, clock } = setup();
    const [leader, follower] = await stableGroup({}, { sessionTimeoutMs: 60_000 });
    const joining = new Awaited(join({ memberId: leader!.memberId }));
    clock.advance(SESSION_MS * 2);
    assert.equal(await joining.hasCome(), false);
    await join({ memberId: follower!.memberId });
    const joined = await joining.promise;
    clock.advance(SESSION_MS - 1);
    assert.equal(await heartbeat(joined), 'NONE');
    clock.advance(SESSION_MS);
    assert.equal(await heartbeat(joined), 'UNKNOWN_MEMBER_ID');
  });

  it('does not end while a member waits in the sync barrier, and begins anew with the answer', async () => {
    const { joinedTogether, sync, heartbeat, clock } = setup();
    const [leader, follower] = await joinedTogether({ sessionTimeoutMs: 60_000 }, {});
    const waiting = sync(follower!);
    clock.advance(SESSION_MS * 2);
    await sync(leader!, {});
    assert.equal(codeName(await waiting), 'NONE');
    clock.advance(SESSION_MS - 1);
    assert.equal(await heartbeat(leader!), 'NONE');
    clock.advance(1);
    assert.equal(await heartbeat(follower!), 'UNKNOWN_MEMBER_ID');
  });

  it('is longer for a new member, which cannot send heartbeats, but ends although it waits', async () => {
    const { stableGroup, join, clock, coordinator } = setup();
    await stableGroup({ rebalanceTimeoutMs: 600_000, sessionTimeoutMs: 600_000 });
    const joining = new Awaited(join());
    clock.advance(NEW_MEMBER_JOIN_TIMEOUT_MS - 1);
    assert.equal(await joining.hasCome(), false);
    clock.advance(1);
    const answer = await joining.promise;
    assert.equal(codeName(answer), 'UNKNOWN_MEMBER_ID');
    assert.equal(answer.memberId, '');
    assert.equal(coordinator.describe(GROUP)?.members.length, 1);
  });

  it('leaves an empty group and no timer when the last one ends', async () => {
    const { stableGroup, clock, state, coordinator } = setup();
    await stableGroup({});
    clock.advance(SESSION_MS);
    assert.equal(state(), 'Empty');
    assert.equal(coordinator.describe(GROUP)?.generationId, 2);
    assert.equal(clock.pendingTimers, 0);
  });

  it('that ends during the join barrier completes it, if it was the last one missing', async () => {
    const { stableGroup, join, clock } = setup();
    const [leader] = await stableGroup({ sessionTimeoutMs: 60_000 }, { rebalanceTimeoutMs: REBALANCE_MS });
    const joining = new Awaited(join({ memberId: leader!.memberId }));
    clock.advance(SESSION_MS);
    assert.equal((await joining.promise).members.length, 1);
  });
});

describe('a heartbeat', () => {
  it('is refused to strangers and to members of another generation', async () => {
    const { stableGroup, heartbeat, join } = setup();
    assert.equal(await heartbeat({ memberId: 'stranger', generationId: 1 }), 'UNKNOWN_MEMBER_ID');
    const [leader] = await stableGroup({});
    assert.equal(await heartbeat({ memberId: 'stranger', generationId: 1 }), 'UNKNOWN_MEMBER_ID');
    assert.equal(await heartbeat({ ...leader!, generationId: 7 }), 'ILLEGAL_GENERATION');
    assert.equal(await heartbeat(leader!, { groupId: '' }), 'INVALID_GROUP_ID');
    const pending = await join({}, 4);
    assert.equal(await heartbeat(pending), 'UNKNOWN_MEMBER_ID');
  });

  it('is good while the generation completes', async () => {
    const { joinedTogether, heartbeat } = setup();
    const [leader] = await joinedTogether({});
    assert.equal(await heartbeat(leader!), 'NONE');
  });
});
