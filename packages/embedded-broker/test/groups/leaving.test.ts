import assert from 'node:assert/strict';
import { leaveGroupHandler } from '../../dist/handlers/leave-group.js';
import { Awaited, codeName, GROUP, setup, settled } from './setup.js';

describe('LeaveGroup', () => {
  it('begins a rebalance of those that stay', async () => {
    const { stableGroup, leave, heartbeat, sync, coordinator } = setup();
    const [leader, follower] = await stableGroup({}, {});
    const { errorCode, members } = await leave(leader!);
    assert.equal(coordinator.describe(GROUP)?.leaderId, null);
    assert.equal(errorCode, 0);
    assert.equal(codeName(members[0]!), 'NONE');
    assert.equal(await heartbeat(follower!), 'REBALANCE_IN_PROGRESS');
    assert.equal(await heartbeat(leader!), 'UNKNOWN_MEMBER_ID');
    assert.equal(codeName(await sync(leader!)), 'UNKNOWN_MEMBER_ID');
  });

  it('leaves an empty group, of the next generation, and no timer', async () => {
    const { stableGroup, leave, state, coordinator, clock } = setup();
    const [leader, follower] = await stableGroup({}, {});
    await leave(leader!, follower!);
    assert.equal(state(), 'Empty');
    assert.equal(coordinator.describe(GROUP)?.generationId, leader!.generationId + 1);
    assert.equal(clock.pendingTimers, 0);
  });

  it('answers each of many, and does what it can', async () => {
    const { stableGroup, leave, heartbeat } = setup();
    const [leader, follower] = await stableGroup({ groupInstanceId: 'a' }, {});
    const { errorCode, members } = await leave(
      { memberId: 'stranger' },
      { memberId: '', groupInstanceId: 'a' },
      { memberId: '', groupInstanceId: 'b' },
      { memberId: '' },
      follower!,
      follower!,
    );
    assert.equal(errorCode, 0);
    assert.deepEqual(members.map(codeName), [
      'UNKNOWN_MEMBER_ID',
      'NONE',
      'UNKNOWN_MEMBER_ID',
      'UNKNOWN_MEMBER_ID',
      'NONE',
      'UNKNOWN_MEMBER_ID',
    ]);
    assert.deepEqual(members[1], { memberId: '', groupInstanceId: 'a', errorCode: 0 });
    assert.equal(await heartbeat(leader!), 'UNKNOWN_MEMBER_ID');
  });

  it('tells it of the one member as a whole, up to version 2', async () => {
    const { stableGroup, ask } = setup();
    const [leader] = await stableGroup({});
    const leave = (memberId: string): Promise<{ errorCode: number }> =>
      ask(leaveGroupHandler, { groupId: GROUP, memberId, members: [] }, 2);
    assert.equal(codeName(await leave('stranger')), 'UNKNOWN_MEMBER_ID');
    assert.equal(codeName(await leave('')), 'UNKNOWN_MEMBER_ID');
    assert.equal(codeName(await leave(leader!.memberId)), 'NONE');
  });

  it('says of a group that is not known what it says of its members', async () => {
    const { leave, ask } = setup();
    const { errorCode, members } = await leave({ memberId: 'stranger' });
    assert.equal(errorCode, 0);
    assert.equal(codeName(members[0]!), 'UNKNOWN_MEMBER_ID');
    const nameless = await ask(leaveGroupHandler, { groupId: '', memberId: '', members: [] });
    assert.equal(codeName(nameless), 'INVALID_GROUP_ID');
  });

  it('completes the join barrier, if the others wait', async () => {
    const { stableGroup, join, leave } = setup();
    const [leader, follower] = await stableGroup({}, {});
    const joining = new Awaited(join({ memberId: leader!.memberId }));
    assert.equal(await joining.hasCome(), false);
    await leave(follower!);
    assert.equal((await joining.promise).members.length, 1);
  });

  it('answers the join that the member still waits for', async () => {
    const { stableGroup, join, leave } = setup();
    const [leader] = await stableGroup({}, {});
    const joining = join({ memberId: leader!.memberId });
    await settled();
    await leave(leader!);
    const answer = await joining;
    assert.equal(codeName(answer), 'UNKNOWN_MEMBER_ID');
    assert.equal(answer.memberId, '');
  });

  it('answers the sync that the member still waits for', async () => {
    const { joinedTogether, sync, leave } = setup();
    const [, follower] = await joinedTogether({}, {});
    const syncing = sync(follower!);
    await leave(follower!);
    assert.equal(codeName(await syncing), 'UNKNOWN_MEMBER_ID');
  });

  it('takes back an id that nobody joined with; a stable group joins again', async () => {
    const { stableGroup, join, leave, heartbeat } = setup();
    const [leader] = await stableGroup({});
    const pending = await join({}, 4);
    assert.equal(codeName((await leave(pending)).members[0]!), 'NONE');
    assert.equal(codeName(await join({ memberId: pending.memberId }, 4)), 'UNKNOWN_MEMBER_ID');
    assert.equal(await heartbeat(leader!), 'REBALANCE_IN_PROGRESS');
  });
});
