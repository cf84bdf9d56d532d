import assert from 'node:assert/strict';
import { leaveGroupApi, offsetCommitApi } from '@hearken/protocol';
import { uniqueName } from '../../support/kafka.js';
import { until } from '../../support/until.js';
import { nameOf, type ContractBroker } from '../contract-broker.js';
import { GroupMember, joinTogether, shareOf, stableGroup } from '../group-member.js';

export function staticMemberCases(broker: ContractBroker): void {
  const newGroup = (): string => uniqueName('group');

  /** A static leader and a static follower, in one stable generation. */
  async function stablePair(): Promise<readonly [GroupMember, GroupMember]> {
    const groupId = newGroup();
    const [leader] = await stableGroup(broker, groupId, [{ groupInstanceId: 'one' }]);
    const follower = await GroupMember.open(broker, groupId, { groupInstanceId: 'two' });
    const joining = follower.ask();
    await until('the leader is told', async () => (await leader!.heartbeat()) === 'REBALANCE_IN_PROGRESS');
    await Promise.all([leader!.ask(), joining]);
    const shares = Object.fromEntries([leader!, follower].map(({ memberId }) => [memberId, shareOf(memberId)]));
    await Promise.all([leader!.sync(shares), follower.sync()]);
    return [leader!, follower];
  }

  it('join without asking for an id first, and are named in the answer', async () => {
    const member = await GroupMember.open(broker, newGroup(), { groupInstanceId: 'one' });
    const answer = await member.ask();
    assert.equal(nameOf(answer), 'NONE');
    assert.match(answer.memberId, /^one-[0-9a-f-]{36}$/);
    assert.deepEqual(
      answer.members.map(({ groupInstanceId }) => groupInstanceId),
      ['one'],
    );
  });

  it('that come back have their share again under a new id, and nobody rebalances', async () => {
    const [leader, follower] = await stablePair();
    const back = await GroupMember.open(broker, leader.groupId, { groupInstanceId: 'two' });
    const answer = await back.ask();
    assert.equal(nameOf(answer), 'NONE');
    assert.notEqual(back.memberId, follower.memberId);
    assert.equal(answer.generationId, leader.generationId);
    assert.equal((await back.sync()).assignment.toString(), shareOf(follower.memberId));
    assert.equal(await leader.heartbeat(), 'NONE');
  });

  it('that lead and come back are told that they need not share out', async () => {
    const [leader, follower] = await stablePair();
    const back = await GroupMember.open(broker, leader.groupId, { groupInstanceId: 'one' });
    const answer = await back.ask(9);
    assert.deepEqual([nameOf(answer), answer.skipAssignment, answer.leader], ['NONE', true, back.memberId]);
    assert.equal(answer.members.length, 2);
    assert.equal((await back.sync()).assignment.toString(), shareOf(leader.memberId));
    assert.equal(await follower.heartbeat(), 'NONE');
  });

  it('that come back with other topics are no rebalance before they join again', async () => {
    const [leader] = await stablePair();
    const back = await GroupMember.open(broker, leader.groupId, { groupInstanceId: 'two', topics: ['other'] });
    assert.equal((await back.ask()).generationId, leader.generationId);
    assert.equal(await leader.heartbeat(), 'NONE');
    back.say({ topics: ['yet another'] });
    const joining = back.ask();
    await until('the leader is told', async () => (await leader.heartbeat()) === 'REBALANCE_IN_PROGRESS');
    const answer = await leader.ask();
    assert.deepEqual([answer.generationId, answer.members.length], [(await joining).generationId, 2]);
  });

  it('that were replaced are fenced, whatever they ask', async () => {
    const [leader, follower] = await stablePair();
    const back = await GroupMember.open(broker, leader.groupId, { groupInstanceId: 'two' });
    await back.ask();
    const topic = await broker.topic();
    assert.equal(await follower.heartbeat(), 'FENCED_INSTANCE_ID');
    assert.equal(nameOf(await follower.sync()), 'FENCED_INSTANCE_ID');
    assert.equal(nameOf(await follower.ask()), 'FENCED_INSTANCE_ID');
    assert.equal(await follower.commit(topic, 1), 'FENCED_INSTANCE_ID');
    assert.equal(await follower.leave(), 'FENCED_INSTANCE_ID');
    assert.equal(await back.commit(topic, 1), 'NONE');
  });

  it('leave by their instance, without knowing the id', async () => {
    const [leader, follower] = await stablePair();
    const members = ['two', 'three'].map((groupInstanceId) => ({ memberId: '', groupInstanceId, reason: null }));
    const answer = await broker.ask(leaveGroupApi, { groupId: leader.groupId, memberId: '', members });
    assert.deepEqual(
      answer.members.map((each) => [each.groupInstanceId, nameOf(each)]),
      [
        ['two', 'NONE'],
        ['three', 'UNKNOWN_MEMBER_ID'],
      ],
    );
    assert.equal(await follower.heartbeat(), 'UNKNOWN_MEMBER_ID');
    assert.equal(await leader.heartbeat(), 'REBALANCE_IN_PROGRESS');
  });

  it('and others make one group', async () => {
    const groupId = newGroup();
    const [leader] = await stableGroup(broker, groupId, [{ groupInstanceId: 'one' }]);
    const dynamic = await GroupMember.open(broker, groupId);
    await joinTogether([leader!, dynamic]);
    assert.equal(leader!.generationId, dynamic.generationId);
  });

  it('of an instance that the group does not know are refused', async () => {
    const [leader] = await stableGroup(broker, newGroup());
    const member = { memberId: leader!.memberId, groupInstanceId: 'unknown' };
    const answer = await broker.ask(offsetCommitApi, {
      ...{ ...member, groupId: leader!.groupId, generationIdOrMemberEpoch: leader!.generationId, retentionTimeMs: -1 },
      topics: [
        {
          name: await broker.topic(),
          partitions: [{ partitionIndex: 0, committedOffset: 1, committedLeaderEpoch: -1, committedMetadata: null }],
        },
      ],
    });
    assert.equal(nameOf(answer.topics[0]!.partitions[0]!), 'UNKNOWN_MEMBER_ID');
  });
}
