import assert from 'node:assert/strict';
import { joinGroupHandler } from '../../dist/handlers/join-group.js';
import {
  Awaited,
  codeName,
  GROUP,
  JOIN,
  protocol,
  REBALANCE_MS,
  SESSION_MS,
  settled,
  setup,
  subscriptionTo,
} from './setup.js';

describe('the join barrier', () => {
  it('lets the first member into a generation of its own, as its leader', async () => {
    const { join, state } = setup();
    const joined = await join();
    assert.equal(codeName(joined), 'NONE');
    assert.equal(joined.generationId, 1);
    assert.equal(joined.leader, joined.memberId);
    assert.equal(joined.protocolName, 'range');
    assert.match(joined.memberId, /^app-[0-9a-f-]{36}$/);
    assert.deepEqual(joined.members, [
      { memberId: joined.memberId, groupInstanceId: null, metadata: subscriptionTo('orders') },
    ]);
    assert.equal(state(), 'CompletingRebalance');
  });

  it('completes the moment all known members have joined', async () => {
    const { join, stableGroup, clock } = setup();
    const [leader] = await stableGroup({});
    const second = new Awaited(join());
    assert.equal(await second.hasCome(), false);
    const again = await join({ memberId: leader!.memberId });
    assert.equal(again.generationId, 2);
    assert.equal(again.members.length, 2);
    const joined = await second.promise;
    assert.equal(joined.generationId, 2);
    assert.deepEqual(joined.members, []);
    assert.equal(joined.leader, leader!.memberId);
    assert.equal(clock.monotonic(), 0);
  });

  it('drops whom it waited for in vain, and elects another leader', async () => {
    const { join, stableGroup, heartbeat, coordinator, clock } = setup();
    const [leader] = await stableGroup({});
    const second = new Awaited(join());
    for (let waitedMs = 0; waitedMs < REBALANCE_MS; waitedMs += SESSION_MS / 2) {
      assert.equal(await second.hasCome(), false);
      assert.equal(await heartbeat(leader!), 'REBALANCE_IN_PROGRESS');
      clock.advance(SESSION_MS / 2);
    }
    const joined = await second.promise;
    assert.equal(joined.leader, joined.memberId);
    assert.deepEqual(
      coordinator.describe(GROUP)?.members.map(({ memberId }) => memberId),
      [joined.memberId],
    );
    assert.equal(await heartbeat(leader!), 'UNKNOWN_MEMBER_ID');
  });

  it('waits as long as the most patient member asked for', async () => {
    const { join, stableGroup, clock } = setup();
    await stableGroup({ sessionTimeoutMs: 200_000 }, { sessionTimeoutMs: 200_000, rebalanceTimeoutMs: 90_000 });
    const third = new Awaited(join());
    clock.advance(89_999);
    assert.equal(await third.hasCome(), false);
    clock.advance(1);
    assert.equal((await third.promise).generationId, 3);
  });

  it('takes the session time-out for the rebalance, where version 0 tells none', async () => {
    const { join, stableGroup, clock } = setup();
    await stableGroup({ sessionTimeoutMs: 12_000, rebalanceTimeoutMs: -1 });
    const second = new Awaited(join({ rebalanceTimeoutMs: 5_000 }));
    clock.advance(11_999);
    assert.equal(await second.hasCome(), false);
    clock.advance(1);
    await second.promise;
  });

  it('answers a join that the same member repeats, and the one that it repeats', async () => {
    const { join, stableGroup } = setup();
    const [leader, follower] = await stableGroup({}, {});
    const first = new Awaited(join({ memberId: leader!.memberId }));
    await settled();
    const repeated = join({ memberId: leader!.memberId });
    assert.equal(codeName(await first.promise), 'REBALANCE_IN_PROGRESS');
    await join({ memberId: follower!.memberId });
    assert.equal(codeName(await repeated), 'NONE');
  });

  it('counts a member whose connection closed while it waited, and lets its answer go', async () => {
    const { join, stableGroup, ask } = setup();
    const [leader] = await stableGroup({});
    const gone = new AbortController();
    const lost = ask(joinGroupHandler, JOIN, 3, { signal: gone.signal });
    gone.abort();
    assert.equal((await join({ memberId: leader!.memberId })).members.length, 2);
    assert.equal((await lost).generationId, 2);
  });
});

describe('who may join', () => {
  it('gives a new member an id first, since version 4', async () => {
    const { join, coordinator, state } = setup();
    const first = await join({}, 4);
    assert.equal(codeName(first), 'MEMBER_ID_REQUIRED');
    assert.equal(first.generationId, -1);
    assert.deepEqual(coordinator.describe(GROUP)?.members, []);
    assert.equal(state(), 'Empty');
    const joined = await join({ memberId: first.memberId }, 4);
    assert.equal(joined.generationId, 1);
    assert.equal(joined.memberId, first.memberId);
  });

  it('names a member after its client, if that has a name', async () => {
    const { ask } = setup();
    assert.match((await ask(joinGroupHandler, JOIN, 3, { clientId: null })).memberId, /^-[0-9a-f-]{36}$/);
  });

  it('waits for who was given an id, until its session time-out', async () => {
    const { join, stableGroup, clock } = setup();
    const [leader] = await stableGroup({ sessionTimeoutMs: 100_000 });
    await join({}, 4);
    const again = new Awaited(join({ memberId: leader!.memberId }));
    clock.advance(SESSION_MS - 1);
    assert.equal(await again.hasCome(), false);
    clock.advance(1);
    assert.equal((await again.promise).generationId, 2);
  });

  it('refuses sessions that are too short or too long', async () => {
    const { join } = setup({ config: { minSessionTimeoutMs: 6_000, maxSessionTimeoutMs: 60_000 } });
    assert.equal(codeName(await join({ sessionTimeoutMs: 5_999 })), 'INVALID_SESSION_TIMEOUT');
    assert.equal(codeName(await join({ sessionTimeoutMs: 60_001 })), 'INVALID_SESSION_TIMEOUT');
    assert.equal(codeName(await join({ sessionTimeoutMs: 60_000 })), 'NONE');
  });

  it('refuses an empty group id, and a member id that it never gave', async () => {
    const { join, stableGroup } = setup();
    assert.equal(codeName(await join({ groupId: '' })), 'INVALID_GROUP_ID');
    assert.equal(codeName(await join({ memberId: 'stranger' })), 'UNKNOWN_MEMBER_ID');
    await stableGroup({});
    assert.equal(codeName(await join({ memberId: 'stranger' })), 'UNKNOWN_MEMBER_ID');
  });

  it('refuses who has no protocol in common with all, or another type', async () => {
    const { join, stableGroup } = setup();
    assert.equal(codeName(await join({ protocols: [] })), 'INCONSISTENT_GROUP_PROTOCOL');
    assert.equal(codeName(await join({ protocolType: '' })), 'INCONSISTENT_GROUP_PROTOCOL');
    await stableGroup({ protocols: [protocol('range'), protocol('sticky')] }, { protocols: [protocol('sticky')] });
    assert.equal(codeName(await join({ protocols: [protocol('range')] })), 'INCONSISTENT_GROUP_PROTOCOL');
    const another = { protocolType: 'connect', protocols: [protocol('sticky')] };
    assert.equal(codeName(await join(another)), 'INCONSISTENT_GROUP_PROTOCOL');
  });

  it('has no null protocol name in an answer before version 7', async () => {
    const { join } = setup();
    assert.equal((await join({ memberId: 'stranger' }, 6)).protocolName, '');
    assert.equal((await join({ memberId: 'stranger' }, 7)).protocolName, null);
    assert.equal((await join({}, 6)).protocolName, '');
  });

  it('refuses more members than a group may have', async () => {
    const { join, stableGroup, coordinator } = setup({ config: { maxGroupSize: 2 } });
    const [leader, follower] = await stableGroup({}, {});
    assert.equal(codeName(await join()), 'GROUP_MAX_SIZE_REACHED');
    const again = join({ memberId: leader!.memberId });
    const third = join(); // takes the place of whom it did not wait for
    assert.equal(codeName(await join({ memberId: follower!.memberId })), 'GROUP_MAX_SIZE_REACHED');
    assert.equal(coordinator.describe(GROUP)?.members.length, 2);
    const repeated = join({ memberId: leader!.memberId });
    assert.equal(codeName(await again), 'REBALANCE_IN_PROGRESS');
    coordinator.close();
    await Promise.all([repeated, third]);
  });

  it('takes back the id of who finds no room', async () => {
    const { join, stableGroup, clock } = setup({ config: { maxGroupSize: 1 } });
    const { memberId } = await join({}, 4);
    await stableGroup({});
    assert.equal(clock.pendingTimers, 2);
    assert.equal(codeName(await join({ memberId }, 4)), 'GROUP_MAX_SIZE_REACHED');
    assert.equal(clock.pendingTimers, 1);
  });
});

describe('a member that joins again', () => {
  it('begins a rebalance as the leader of a stable group', async () => {
    const { join, stableGroup, state, heartbeat } = setup();
    const [leader, follower] = await stableGroup({}, {});
    void join({ memberId: leader!.memberId });
    await settled();
    assert.equal(state(), 'PreparingRebalance');
    assert.equal(await heartbeat(follower!), 'REBALANCE_IN_PROGRESS');
  });

  it('hears the current generation as an unchanged follower', async () => {
    const { join, stableGroup, state } = setup();
    const [leader, follower] = await stableGroup({}, {});
    const again = await join({ memberId: follower!.memberId });
    assert.equal(again.generationId, follower!.generationId);
    assert.equal(again.leader, leader!.memberId);
    assert.deepEqual(again.members, []);
    assert.equal(state(), 'Stable');
  });

  it('begins a rebalance as a follower that offers something else', async () => {
    const { join, stableGroup, state } = setup();
    const [, follower] = await stableGroup({}, {});
    void join({ memberId: follower!.memberId, protocols: [protocol('range', subscriptionTo('refunds'))] });
    await settled();
    assert.equal(state(), 'PreparingRebalance');
  });

  it('begins a rebalance as a follower that offers more', async () => {
    const { join, stableGroup, state } = setup();
    const [, follower] = await stableGroup({}, {});
    void join({ memberId: follower!.memberId, protocols: [protocol('range'), protocol('sticky')] });
    await settled();
    assert.equal(state(), 'PreparingRebalance');
  });

  it('hears the generation again while it completes, the leader with all members', async () => {
    const { join, joinedTogether, state } = setup();
    const [leader, follower] = await joinedTogether({}, {});
    assert.equal((await join({ memberId: leader!.memberId })).members.length, 2);
    assert.equal((await join({ memberId: follower!.memberId })).members.length, 0);
    assert.equal(state(), 'CompletingRebalance');
  });

  it('begins anew while the generation completes, if it offers something else', async () => {
    const { join, joinedTogether, sync, state } = setup();
    const [leader, follower] = await joinedTogether({}, {});
    const syncing = sync(follower!);
    void join({ memberId: leader!.memberId, protocols: [protocol('range', subscriptionTo('refunds'))] });
    assert.equal(codeName(await syncing), 'REBALANCE_IN_PROGRESS');
    assert.equal(state(), 'PreparingRebalance');
  });
});

describe('the initial rebalance delay', () => {
  const config = { initialRebalanceDelayMs: 3_000 };

  it('gathers members that start together in one generation', async () => {
    const { join, clock } = setup({ config });
    const first = new Awaited(join());
    const second = new Awaited(join());
    clock.advance(2_999);
    assert.equal(await first.hasCome(), false);
    clock.advance(3_001); // the second one prolonged it
    const members = await Promise.all([first.promise, second.promise]);
    assert.deepEqual(
      members.map(({ generationId }) => generationId),
      [1, 1],
    );
    assert.equal(members[0].members.length, 2);
  });

  it('is not prolonged by nobody', async () => {
    const { join, clock } = setup({ config });
    const first = new Awaited(join());
    clock.advance(3_000);
    assert.equal((await first.promise).generationId, 1);
  });

  it('ends with the rebalance time-out, whoever comes', async () => {
    const { join, clock } = setup({ config });
    const first = new Awaited(join({ rebalanceTimeoutMs: 7_000 }));
    for (let elapsedMs = 0; elapsedMs < 7_000; elapsedMs += 1_000) {
      void join({ rebalanceTimeoutMs: 7_000 });
      assert.equal(await first.hasCome(), false);
      clock.advance(1_000);
    }
    assert.equal((await first.promise).members.length, 8);
  });

  it('is waited for in full by members whose rebalance time-out is shorter', async () => {
    const { join, clock } = setup({ config });
    const first = new Awaited(join({ rebalanceTimeoutMs: 1_000 }));
    clock.advance(2_999);
    assert.equal(await first.hasCome(), false);
    clock.advance(1);
    await first.promise;
  });

  it('is for empty groups only', async () => {
    const { join, clock } = setup({ config });
    const first = join();
    clock.advance(3_000);
    const { memberId } = await first;
    const second = join();
    assert.equal((await join({ memberId })).generationId, 2);
    await second;
  });
});
