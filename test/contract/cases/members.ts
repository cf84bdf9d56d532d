import assert from 'node:assert/strict';
import { heartbeatApi, leaveGroupApi, syncGroupApi } from '@hearken/protocol';
import { uniqueName } from '../../support/kafka.js';
import { until } from '../../support/until.js';
import { nameOf, type ContractBroker } from '../contract-broker.js';
import { GroupMember, joinTogether, shareOf, stableGroup, syncTogether } from '../group-member.js';

export function memberCases(broker: ContractBroker): void {
  const newGroup = (): string => uniqueName('group');

  it('get what the leader gives them, however early they ask', async () => {
    const members = await stableGroup(broker, newGroup(), [{}, {}, {}]);
    await joinTogether(members);
    const [leader, ...followers] = members;
    const waiting = followers.map((follower) => follower.sync());
    const shares = Object.fromEntries(members.map(({ memberId }) => [memberId, shareOf(memberId)]));
    const answers = [await leader!.sync(shares), ...(await Promise.all(waiting))];
    for (const [i, { errorCode, protocolType, protocolName, assignment }] of answers.entries()) {
      assert.deepEqual([errorCode, protocolType, protocolName], [0, 'consumer', 'range']);
      assert.equal(assignment.toString(), shareOf(members[i]!.memberId));
    }
  });

  it('that the leader left out get nothing', async () => {
    const members = await stableGroup(broker, newGroup(), [{}, {}]);
    await joinTogether(members);
    const [leader, follower] = members;
    const waiting = follower!.sync();
    await leader!.sync({ [leader!.memberId]: 'all' });
    assert.equal((await waiting).assignment.length, 0);
  });

  it('get it again when they ask again', async () => {
    const [leader, follower] = await stableGroup(broker, newGroup(), [{}, {}]);
    for (const member of [leader!, follower!]) {
      assert.equal((await member.sync()).assignment.toString(), shareOf(member.memberId));
    }
  });

  it('get it in every version of SyncGroup', async () => {
    const [leader] = await stableGroup(broker, newGroup());
    for (const version of broker.versionsOf(syncGroupApi)) {
      assert.equal((await leader!.sync({}, {}, version)).assignment.toString(), shareOf(leader!.memberId));
    }
  });

  it('are refused their share by another name of assignor or kind', async () => {
    const [leader] = await stableGroup(broker, newGroup());
    for (const wrong of [{ protocolName: 'other' }, { protocolType: 'connect' }]) {
      assert.equal(nameOf(await leader!.sync({}, wrong)), 'INCONSISTENT_GROUP_PROTOCOL');
    }
  });

  it('are refused their share of another generation, or of none of theirs', async () => {
    const [leader] = await stableGroup(broker, newGroup());
    assert.equal(nameOf(await leader!.sync({}, { generationId: 7 })), 'ILLEGAL_GENERATION');
    assert.equal(nameOf(await leader!.sync({}, { memberId: 'nobody' })), 'UNKNOWN_MEMBER_ID');
    assert.equal(nameOf(await leader!.sync({}, { groupId: newGroup() })), 'UNKNOWN_MEMBER_ID');
  });

  it('are told of a rebalance by whatever they ask', async () => {
    const [leader] = await stableGroup(broker, newGroup());
    const second = await GroupMember.open(broker, leader!.groupId);
    const joining = second.join();
    await until('the leader is told', async () => (await leader!.heartbeat()) === 'REBALANCE_IN_PROGRESS');
    assert.equal(nameOf(await leader!.sync()), 'REBALANCE_IN_PROGRESS');
    await leader!.join();
    await joining;
  });

  it('who wait for their share are told of a rebalance that begins', async () => {
    const members = await stableGroup(broker, newGroup(), [{}, {}]);
    await joinTogether(members);
    const [leader, follower] = members;
    const waiting = follower!.sync();
    const third = await GroupMember.open(broker, leader!.groupId);
    const joining = third.join();
    assert.equal(nameOf(await waiting), 'REBALANCE_IN_PROGRESS');
    await Promise.all([leader!.ask(), follower!.ask(), joining]);
    assert.deepEqual((await syncTogether([...members, third])).map(nameOf), ['NONE', 'NONE', 'NONE']);
  });

  it('may join again before their share is known, which changes nothing', async () => {
    const members = await stableGroup(broker, newGroup(), [{}, {}]);
    await joinTogether(members);
    for (const member of members) {
      const { generationId, leader } = await member.ask();
      assert.deepEqual([generationId, leader], [3, members[0]!.memberId]);
    }
  });

  it('that share nothing out in the rebalance time-out are out themselves', async () => {
    const short = { rebalanceTimeoutMs: 2_000 }; // and long enough for the follower to ask before it is over
    const members = await stableGroup(broker, newGroup(), [short, short]);
    await joinTogether(members);
    const [leader, follower] = members;
    assert.equal(nameOf(await follower!.sync()), 'REBALANCE_IN_PROGRESS');
    assert.equal((await follower!.ask()).leader, follower!.memberId);
    assert.equal(await leader!.heartbeat(), 'UNKNOWN_MEMBER_ID');
  });

  it('have heartbeats, in every version', async () => {
    const [leader] = await stableGroup(broker, newGroup());
    const { groupId, memberId, generationId } = leader!;
    for (const version of broker.versionsOf(heartbeatApi)) {
      const request = { groupId, memberId, generationId, groupInstanceId: null };
      assert.equal(nameOf(await broker.ask(heartbeatApi, request, version)), 'NONE');
    }
  });

  it('have heartbeats before their share is known', async () => {
    const member = await GroupMember.open(broker, newGroup());
    await member.join();
    assert.equal(await member.heartbeat(), 'NONE');
  });

  it('have none of another generation, in another group, or before they joined', async () => {
    const [leader] = await stableGroup(broker, newGroup());
    assert.equal(await leader!.heartbeat(leader!.generationId - 1), 'ILLEGAL_GENERATION');
    assert.equal(await leader!.heartbeat(leader!.generationId + 1), 'ILLEGAL_GENERATION');
    const nobody = await GroupMember.open(broker, leader!.groupId);
    nobody.memberId = 'nobody';
    assert.equal(await nobody.heartbeat(1), 'UNKNOWN_MEMBER_ID');
    const early = await GroupMember.open(broker, newGroup());
    await early.ask();
    assert.equal(await early.heartbeat(1), 'UNKNOWN_MEMBER_ID');
  });

  it('that leave are gone at once, and the others share out anew', async () => {
    const [leader, follower] = await stableGroup(broker, newGroup(), [{}, {}]);
    assert.equal(await leader!.leave(), 'NONE');
    assert.equal(await leader!.heartbeat(), 'UNKNOWN_MEMBER_ID');
    assert.equal(await follower!.heartbeat(), 'REBALANCE_IN_PROGRESS');
    const answer = await follower!.ask();
    assert.deepEqual([answer.leader, answer.members.length], [follower!.memberId, 1]);
  });

  it('that leave need not be waited for', async () => {
    const [leader, follower] = await stableGroup(broker, newGroup(), [{}, {}]);
    const joining = leader!.ask();
    await until('the follower is told', async () => (await follower!.heartbeat()) === 'REBALANCE_IN_PROGRESS');
    await follower!.leave();
    assert.equal((await joining).members.length, 1);
  });

  it('may leave before they have joined', async () => {
    const member = await GroupMember.open(broker, newGroup());
    await member.ask();
    assert.equal(await member.leave(), 'NONE');
    assert.equal(nameOf(await member.ask()), 'UNKNOWN_MEMBER_ID');
  });

  it('leave in every version, by one or by several', async () => {
    for (const version of broker.versionsOf(leaveGroupApi)) {
      const [leader] = await stableGroup(broker, newGroup());
      const { groupId, memberId } = leader!;
      const members = [memberId, 'nobody'].map((each) => ({ memberId: each, groupInstanceId: null, reason: null }));
      const answer = await broker.ask(leaveGroupApi, { groupId, memberId, members }, version);
      assert.equal(nameOf(answer), 'NONE');
      if (version >= 3) assert.deepEqual(answer.members.map(nameOf), ['NONE', 'UNKNOWN_MEMBER_ID']);
      assert.equal(await leader!.heartbeat(), 'UNKNOWN_MEMBER_ID');
    }
  });

  it('that nobody knows cannot leave', async () => {
    const [leader] = await stableGroup(broker, newGroup());
    const { groupId } = leader!;
    const answer = await broker.ask(leaveGroupApi, { groupId, memberId: 'nobody', members: [] }, 2);
    assert.equal(nameOf(answer), 'UNKNOWN_MEMBER_ID');
    const nowhere = await broker.ask(leaveGroupApi, { groupId: newGroup(), memberId: 'nobody', members: [] }, 2);
    assert.equal(nameOf(nowhere), 'UNKNOWN_MEMBER_ID');
  });

  it('do not go with their connection', async () => {
    const groupId = newGroup();
    const connection = await broker.connect();
    const [leader] = await stableGroup(broker, groupId);
    await connection[Symbol.asyncDispose]();
    assert.equal(await leader!.heartbeat(), 'NONE');
  });
}
