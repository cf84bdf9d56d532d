import assert from 'node:assert/strict';
import { describeGroupsHandler } from '../../dist/handlers/describe-groups.js';
import { syncGroupHandler } from '../../dist/handlers/sync-group.js';
import { Awaited, codeName, GROUP, REBALANCE_MS, SESSION_MS, setup, SYNC } from './setup.js';

describe('the sync barrier', () => {
  it('gives each member what the leader assigned to it, once the leader has', async () => {
    const { joinedTogether, sync, state } = setup();
    const [leader, follower] = await joinedTogether({}, {});
    const waiting = new Awaited(sync(follower!));
    assert.equal(await waiting.hasCome(), false);
    const own = await sync(leader!, { [leader!.memberId]: 'orders-0', [follower!.memberId]: 'orders-1' });
    assert.equal(own.assignment.toString(), 'orders-0');
    assert.equal((await waiting.promise).assignment.toString(), 'orders-1');
    assert.equal(state(), 'Stable');
  });

  it('has nothing for whom the leader left out', async () => {
    const { joinedTogether, sync } = setup();
    const [leader, follower] = await joinedTogether({}, {});
    await sync(leader!, { [leader!.memberId]: 'all', stranger: 'none of this' });
    const synced = await sync(follower!);
    assert.equal(codeName(synced), 'NONE');
    assert.equal(synced.assignment.length, 0);
  });

  it('ignores what a follower assigns', async () => {
    const { joinedTogether, sync } = setup();
    const [leader, follower] = await joinedTogether({}, {});
    const waiting = sync(follower!, { [follower!.memberId]: 'mine' });
    await sync(leader!, { [follower!.memberId]: 'yours' });
    assert.equal((await waiting).assignment.toString(), 'yours');
  });

  it('repeats the assignment to who asks again, and keeps it', async () => {
    const { stableGroup, sync } = setup();
    const [leader] = await stableGroup({});
    const again = await sync(leader!, { [leader!.memberId]: 'something else' });
    assert.equal(again.assignment.toString(), leader!.memberId);
  });

  it('answers a sync that the same member repeats, and the one that it repeats', async () => {
    const { joinedTogether, sync } = setup();
    const [leader, follower] = await joinedTogether({}, {});
    const first = sync(follower!);
    const second = sync(follower!);
    assert.equal(codeName(await first), 'REBALANCE_IN_PROGRESS');
    await sync(leader!, { [follower!.memberId]: 'orders-1' });
    assert.equal((await second).assignment.toString(), 'orders-1');
  });

  it('is over when all have synced: no time-out of it comes after', async () => {
    const { stableGroup, clock, state } = setup();
    await stableGroup({ sessionTimeoutMs: 200_000 }, { sessionTimeoutMs: 200_000 });
    clock.advance(REBALANCE_MS * 2);
    assert.equal(state(), 'Stable');
  });

  it('takes back what was assigned before, when it is abandoned', async () => {
    const { stableGroup, join, coordinator, ask } = setup();
    const [member] = await stableGroup({});
    const assignment = async (): Promise<string | undefined> => {
      const { groups } = await ask(describeGroupsHandler, { groups: [GROUP], includeAuthorizedOperations: false });
      return groups[0]?.members[0]?.memberAssignment.toString();
    };
    await join({ memberId: member!.memberId });
    assert.equal(await assignment(), member!.memberId);
    coordinator.forceRebalance(GROUP);
    assert.equal(await assignment(), '');
  });

  it('removes members that never sync, and has the others join again', async () => {
    const { joinedTogether, sync, heartbeat, clock, state, coordinator } = setup();
    const [leader, follower] = await joinedTogether({}, {});
    await sync(leader!, {});
    for (let waitedMs = 0; waitedMs < REBALANCE_MS; waitedMs += SESSION_MS / 2) {
      assert.equal(state(), 'Stable');
      assert.equal(await heartbeat(leader!), 'NONE');
      assert.equal(await heartbeat(follower!), 'NONE');
      clock.advance(SESSION_MS / 2);
    }
    assert.equal(await heartbeat(leader!), 'REBALANCE_IN_PROGRESS');
    assert.equal(await heartbeat(follower!), 'UNKNOWN_MEMBER_ID');
    assert.equal(coordinator.describe(GROUP)?.members.length, 1);
  });

  it('removes a leader that never syncs, and answers who waited for it', async () => {
    const { joinedTogether, sync, heartbeat, clock } = setup();
    const [leader, follower] = await joinedTogether({ sessionTimeoutMs: 60_000 }, {});
    const waiting = sync(follower!);
    clock.advance(REBALANCE_MS);
    assert.equal(codeName(await waiting), 'REBALANCE_IN_PROGRESS');
    assert.equal(await heartbeat(leader!), 'UNKNOWN_MEMBER_ID');
    assert.equal(await heartbeat(follower!), 'REBALANCE_IN_PROGRESS');
  });

  it('leaves an empty group when nobody syncs', async () => {
    const { joinedTogether, clock, state } = setup();
    await joinedTogether({ sessionTimeoutMs: 60_000 });
    clock.advance(REBALANCE_MS);
    assert.equal(state(), 'Empty');
    assert.equal(clock.pendingTimers, 0);
  });
});

describe('who may sync', () => {
  it('is a member of the current generation, while nobody joins', async () => {
    const { stableGroup, sync, join } = setup();
    const [leader, follower] = await stableGroup({}, {});
    assert.equal(codeName(await sync({ ...leader!, memberId: 'stranger' })), 'UNKNOWN_MEMBER_ID');
    assert.equal(codeName(await sync({ ...leader!, generationId: 1 })), 'ILLEGAL_GENERATION');
    assert.equal(codeName(await sync(leader!, {}, { groupId: '' })), 'INVALID_GROUP_ID');
    assert.equal(codeName(await sync(leader!, {}, { groupId: 'another' })), 'UNKNOWN_MEMBER_ID');
    const joining = join({ memberId: leader!.memberId });
    assert.equal(codeName(await sync(follower!)), 'REBALANCE_IN_PROGRESS');
    await join({ memberId: follower!.memberId });
    await joining;
  });

  it('names the protocol that was chosen, if any', async () => {
    const { stableGroup, sync } = setup();
    const [leader] = await stableGroup({});
    assert.equal(codeName(await sync(leader!, {}, { protocolName: 'sticky' })), 'INCONSISTENT_GROUP_PROTOCOL');
    assert.equal(codeName(await sync(leader!, {}, { protocolType: 'connect' })), 'INCONSISTENT_GROUP_PROTOCOL');
    assert.equal(codeName(await sync(leader!, {}, { protocolName: 'range', protocolType: 'consumer' })), 'NONE');
  });

  it('has to name it since version 5', async () => {
    const { stableGroup, ask } = setup();
    const [leader] = await stableGroup({});
    const { memberId, generationId } = leader!;
    const request = { ...SYNC, memberId, generationId };
    assert.equal(codeName(await ask(syncGroupHandler, request, 4)), 'NONE');
    assert.equal(codeName(await ask(syncGroupHandler, request, 5)), 'INCONSISTENT_GROUP_PROTOCOL');
    assert.equal(
      codeName(await ask(syncGroupHandler, { ...request, protocolName: 'range', protocolType: 'consumer' }, 5)),
      'NONE',
    );
  });
});
