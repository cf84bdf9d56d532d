import assert from 'node:assert/strict';
import { joinGroupApi } from '@hearken/protocol';
import { uniqueName } from '../../support/kafka.js';
import { until } from '../../support/until.js';
import { nameOf, type ContractBroker } from '../contract-broker.js';
import { aProtocol, GroupMember, joinTogether, stableGroup } from '../group-member.js';

/** Of members that need not be waited for. */
const SOON = { rebalanceTimeoutMs: 300 };

export function joiningCases(broker: ContractBroker): void {
  const newGroup = (): string => uniqueName('group');

  it("begins with an id, which the broker makes of the client's", async () => {
    const member = await GroupMember.open(broker, newGroup(), { clientId: 'teller' });
    const { memberId, generationId, ...answer } = await member.ask();
    assert.equal(nameOf(answer), 'MEMBER_ID_REQUIRED');
    assert.match(memberId, /^teller-[0-9a-f-]{36}$/);
    assert.equal(generationId, -1);
    assert.equal(nameOf(await member.ask()), 'NONE');
    assert.equal(member.memberId, memberId);
  });

  it('alone makes a generation at once, led by the one who joined', async () => {
    const member = await GroupMember.open(broker, newGroup(), { protocols: [aProtocol('range', ['a'])] });
    const { memberId, leader, members, generationId, protocolType, protocolName, skipAssignment } = await member.join();
    assert.equal(leader, memberId);
    assert.deepEqual(members, [{ memberId, groupInstanceId: null, metadata: aProtocol('range', ['a']).metadata }]);
    assert.deepEqual(
      { generationId, protocolType, protocolName, skipAssignment },
      { generationId: 1, protocolType: 'consumer', protocolName: 'range', skipAssignment: false },
    );
  });

  it('is served in every version, before 4 without asking for an id first', async () => {
    for (const version of broker.versionsOf(joinGroupApi)) {
      const member = await GroupMember.open(broker, newGroup());
      const first = await member.ask(version);
      assert.equal(nameOf(first), version >= 4 ? 'MEMBER_ID_REQUIRED' : 'NONE', `v${version}`);
      const answer = version >= 4 ? await member.ask(version) : first;
      assert.deepEqual([answer.generationId, answer.leader, answer.members.length], [1, member.memberId, 1]);
    }
  });

  it('waits until all members have joined again', async () => {
    const [leader] = await stableGroup(broker, newGroup());
    const second = await GroupMember.open(broker, leader!.groupId);
    let joined = false;
    const joining = second.join().then((answer) => {
      joined = true;
      return answer;
    });
    await until('the leader is told', async () => (await leader!.heartbeat()) === 'REBALANCE_IN_PROGRESS');
    assert.equal(joined, false);
    const [ofLeader, ofSecond] = [await leader!.join(), await joining];
    assert.deepEqual([ofLeader.generationId, ofSecond.generationId], [2, 2]);
    assert.deepEqual([ofLeader.leader, ofSecond.leader], [leader!.memberId, leader!.memberId]);
  });

  it('waits for those who have asked for an id', async () => {
    const [leader] = await stableGroup(broker, newGroup());
    const [second, third] = [
      await GroupMember.open(broker, leader!.groupId),
      await GroupMember.open(broker, leader!.groupId),
    ];
    await second.ask();
    await third.ask();
    let joined = 0;
    const joining = [leader!.ask(), second.ask()].map((asked) => asked.then(() => joined++));
    await until('the rebalance goes on', async () => (await leader!.heartbeat()) === 'REBALANCE_IN_PROGRESS');
    assert.equal(joined, 0);
    assert.equal((await third.ask()).generationId, 2);
    await Promise.all(joining);
  });

  it('tells the leader of everybody, and the others of nobody', async () => {
    const members = await stableGroup(broker, newGroup(), [{ topics: ['a'] }, { topics: ['b'] }]);
    const [leader, second] = members;
    const [ofLeader, ofSecond] = await joinTogether(members);
    assert.deepEqual(ofSecond!.members, []);
    const told = new Map(ofLeader!.members.map(({ memberId, metadata }) => [memberId, metadata]));
    assert.deepEqual(told.get(leader!.memberId), aProtocol('range', ['a']).metadata);
    assert.deepEqual(told.get(second!.memberId), aProtocol('range', ['b']).metadata);
    assert.equal(told.size, 2);
  });

  it('chooses the assignor that most members prefer, of those that all know', async () => {
    const knows = (...names: string[]): { readonly protocols: ReturnType<typeof aProtocol>[] } => ({
      protocols: names.map((name) => aProtocol(name)),
    });
    const members = await stableGroup(broker, newGroup(), [
      knows('only-mine', 'range', 'round-robin'),
      knows('round-robin', 'range'),
      knows('round-robin', 'range'),
    ]);
    const answers = await joinTogether(members);
    assert.deepEqual(
      answers.map(({ protocolName }) => protocolName),
      ['round-robin', 'round-robin', 'round-robin'],
    );
  });

  it('is refused to who knows no assignor of the others', async () => {
    const [leader] = await stableGroup(broker, newGroup());
    const stranger = await GroupMember.open(broker, leader!.groupId, { protocols: [aProtocol('mine')] });
    assert.equal(nameOf(await stranger.join()), 'INCONSISTENT_GROUP_PROTOCOL');
    assert.equal(await leader!.heartbeat(), 'NONE');
  });

  it('is refused to who is of another kind', async () => {
    const [leader] = await stableGroup(broker, newGroup());
    const stranger = await GroupMember.open(broker, leader!.groupId, { protocolType: 'connect' });
    assert.equal(nameOf(await stranger.join()), 'INCONSISTENT_GROUP_PROTOCOL');
  });

  it('is refused to who knows no assignor, or is of no kind', async () => {
    for (const nothing of [{ protocols: [] }, { protocolType: '' }]) {
      const member = await GroupMember.open(broker, newGroup(), nothing);
      assert.equal(nameOf(await member.join()), 'INCONSISTENT_GROUP_PROTOCOL');
    }
  });

  it('is refused with a session out of bounds', async () => {
    for (const sessionTimeoutMs of [0, 5_999, 1_800_001]) {
      const member = await GroupMember.open(broker, newGroup(), { sessionTimeoutMs });
      assert.equal(nameOf(await member.join()), 'INVALID_SESSION_TIMEOUT', `${sessionTimeoutMs}`);
    }
  });

  it('is refused without a group id', async () => {
    const member = await GroupMember.open(broker, '');
    assert.equal(nameOf(await member.join()), 'INVALID_GROUP_ID');
  });

  it('is refused with an id that the group did not give', async () => {
    const member = await GroupMember.open(broker, newGroup());
    member.memberId = 'made-up';
    assert.equal(nameOf(await member.ask()), 'UNKNOWN_MEMBER_ID');
    const [leader] = await stableGroup(broker, newGroup());
    const other = await GroupMember.open(broker, leader!.groupId);
    other.memberId = 'made-up';
    assert.equal(nameOf(await other.ask()), 'UNKNOWN_MEMBER_ID');
  });

  it('again with nothing new is answered at once to who does not lead', async () => {
    const [leader, follower] = await stableGroup(broker, newGroup(), [{}, {}]);
    const { generationId } = follower!;
    const answer = await follower!.ask();
    assert.deepEqual([nameOf(answer), answer.generationId, answer.leader], ['NONE', generationId, leader!.memberId]);
    assert.equal(await leader!.heartbeat(), 'NONE');
  });

  it('again with other topics is a rebalance', async () => {
    const [leader, follower] = await stableGroup(broker, newGroup(), [{}, {}]);
    follower!.say({ topics: ['other'] });
    const joining = follower!.ask();
    await until('the leader is told', async () => (await leader!.heartbeat()) === 'REBALANCE_IN_PROGRESS');
    const { members } = await leader!.ask();
    const { metadata } = members.find(({ memberId }) => memberId === follower!.memberId)!;
    assert.deepEqual(metadata, aProtocol('range', ['other']).metadata);
    assert.equal((await joining).generationId, leader!.generationId);
  });

  it('again is a rebalance where the leader does it', async () => {
    const [leader, follower] = await stableGroup(broker, newGroup(), [{}, {}]);
    const joining = leader!.ask();
    await until('the follower is told', async () => (await follower!.heartbeat()) === 'REBALANCE_IN_PROGRESS');
    const [ofFollower, ofLeader] = [await follower!.ask(), await joining];
    assert.deepEqual([ofFollower.generationId, ofLeader.generationId], [3, 3]);
  });

  it('goes on without who does not join within the rebalance time-out', async () => {
    const [leader, late] = await stableGroup(broker, newGroup(), [{}, SOON]); // the longest of all counts
    leader!.say(SOON);
    const { members } = await leader!.ask();
    assert.deepEqual(
      members.map(({ memberId }) => memberId),
      [leader!.memberId],
    );
    assert.equal(await late!.heartbeat(), 'UNKNOWN_MEMBER_ID');
    assert.equal(nameOf(await late!.ask()), 'UNKNOWN_MEMBER_ID');
  });

  it('goes on under another leader where the old one does not join', async () => {
    const [leader, follower] = await stableGroup(broker, newGroup(), [SOON, {}]);
    follower!.say({ topics: ['other'], ...SOON });
    const answer = await follower!.ask();
    assert.deepEqual([answer.leader, answer.members.length], [follower!.memberId, 1]);
    assert.equal(await leader!.heartbeat(), 'UNKNOWN_MEMBER_ID');
  });

  it('goes on counting generations where everybody had left', async () => {
    const [first] = await stableGroup(broker, newGroup());
    await first!.leave();
    const next = await GroupMember.open(broker, first!.groupId);
    assert.equal((await next.join()).generationId, 3);
  });
}
