import assert from 'node:assert/strict';
import { deleteGroupsApi, offsetCommitApi, offsetDeleteApi, offsetFetchApi } from '@hearken/protocol';
import { uniqueName } from '../../support/kafka.js';
import { until } from '../../support/until.js';
import { nameOf, type ContractBroker } from '../contract-broker.js';
import { aProtocol, stableGroup, type GroupMember } from '../group-member.js';
import { commit, committed, committedIn } from '../group-requests.js';
import { only } from '../partition-requests.js';

// One case per promise about committed offsets, so longer than most files.
export function committedOffsetsCases(broker: ContractBroker): void {
  const newGroup = (): string => uniqueName('group');

  it('of a group that has none are -1, and no error', async () => {
    const { errorCode, ...partition } = await committedIn(broker, newGroup(), await broker.topic());
    assert.deepEqual(partition, {
      ...{ partitionIndex: 0, committedOffset: -1, committedLeaderEpoch: -1, metadata: '' },
    });
    assert.equal(errorCode, 0);
    assert.deepEqual((await committed(broker, newGroup())).topics, []);
  });

  it('may be asked for of topics that do not exist', async () => {
    const { committedOffset, errorCode } = await committedIn(broker, newGroup(), uniqueName('none'));
    assert.deepEqual({ committedOffset, errorCode }, { committedOffset: -1, errorCode: 0 });
  });

  it('are kept with leader epoch and metadata; null is kept as empty', async () => {
    const [groupId, topic] = [newGroup(), await broker.topic(2)];
    const answers = await commit(broker, groupId, topic, [
      { partition: 0, offset: 42, leaderEpoch: 0, metadata: 'noted: ü' },
      { partition: 1, offset: 7 },
    ]);
    assert.deepEqual(answers.map(nameOf), ['NONE', 'NONE']);
    const { partitions } = only((await committed(broker, groupId)).topics);
    const common = { errorCode: 0 };
    assert.deepEqual(
      [...partitions].sort((a, b) => a.partitionIndex - b.partitionIndex),
      [
        { ...common, partitionIndex: 0, committedOffset: 42, committedLeaderEpoch: 0, metadata: 'noted: ü' },
        { ...common, partitionIndex: 1, committedOffset: 7, committedLeaderEpoch: -1, metadata: '' },
      ],
    );
  });

  it('are written and read in every version', async () => {
    const [groupId, topic] = [newGroup(), await broker.topic()];
    for (const [offset, version] of broker.versionsOf(offsetCommitApi).entries()) {
      const answers = await commit(broker, groupId, topic, [{ offset }], { version });
      assert.deepEqual(answers.map(nameOf), ['NONE'], `v${version}`);
      assert.equal((await committedIn(broker, groupId, topic)).committedOffset, offset);
    }
    await commit(broker, groupId, topic, [{ offset: 99, leaderEpoch: 0 }]);
    for (const version of broker.versionsOf(offsetFetchApi)) {
      const asked = version >= 2 ? null : [{ name: topic, partitionIndexes: [0] }];
      const { topics } = await committed(broker, groupId, asked, { version });
      const { committedOffset, committedLeaderEpoch } = only(only(topics).partitions);
      assert.deepEqual([committedOffset, committedLeaderEpoch], [99, version >= 5 ? 0 : -1], `v${version}`);
    }
  });

  it('may go back', async () => {
    const [groupId, topic] = [newGroup(), await broker.topic()];
    for (const offset of [10, 3]) await commit(broker, groupId, topic, [{ offset }]);
    assert.equal((await committedIn(broker, groupId, topic)).committedOffset, 3);
  });

  it('may lie beyond the end of the log', async () => {
    const [groupId, topic] = [newGroup(), await broker.topic()];
    assert.deepEqual((await commit(broker, groupId, topic, [{ offset: 1_000_000 }])).map(nameOf), ['NONE']);
  });

  it('may be negative, as kafkajs writes those that it looks up later', async () => {
    const [groupId, topic] = [newGroup(), await broker.topic()];
    assert.deepEqual((await commit(broker, groupId, topic, [{ offset: -2 }])).map(nameOf), ['NONE']);
    assert.equal((await committedIn(broker, groupId, topic)).committedOffset, -2);
  });

  it('of partitions that do not exist are refused, the others are kept', async () => {
    const [groupId, topic] = [newGroup(), await broker.topic()];
    const answers = await commit(broker, groupId, topic, [
      { partition: 0, offset: 1 },
      { partition: 5, offset: 1 },
    ]);
    assert.deepEqual(answers.map(nameOf).sort(), ['NONE', 'UNKNOWN_TOPIC_OR_PARTITION']);
    assert.equal((await committedIn(broker, groupId, topic)).committedOffset, 1);
    const nowhere = await commit(broker, groupId, uniqueName('none'), [{ offset: 1 }]);
    assert.deepEqual(nowhere.map(nameOf), ['UNKNOWN_TOPIC_OR_PARTITION']);
  });

  it('with more metadata than 4 096 bytes are refused', async () => {
    const [groupId, topic] = [newGroup(), await broker.topic()];
    const withMetadata = async (metadata: string): Promise<string> =>
      nameOf(only(await commit(broker, groupId, topic, [{ offset: 1, metadata }])));
    assert.equal(await withMetadata('x'.repeat(4_097)), 'OFFSET_METADATA_TOO_LARGE');
    assert.equal(await withMetadata('x'.repeat(4_096)), 'NONE');
  });

  it("are a member's to write in its generation", async () => {
    const [member] = await stableGroup(broker, newGroup());
    const topic = await broker.topic();
    assert.equal(await member!.commit(topic, 5), 'NONE');
    assert.equal(await member!.commit(topic, 6, member!.generationId - 1), 'ILLEGAL_GENERATION');
    assert.equal(await member!.commit(topic, 6, member!.generationId + 1), 'ILLEGAL_GENERATION');
    assert.equal((await committedIn(broker, member!.groupId, topic)).committedOffset, 5);
  });

  it('are refused to strangers while the group has members', async () => {
    const [member] = await stableGroup(broker, newGroup());
    const [topic, { groupId, generationId }] = [await broker.topic(), member!];
    for (const stranger of [{}, { memberId: 'nobody', generationId }]) {
      const answers = await commit(broker, groupId, topic, [{ offset: 1 }], stranger);
      assert.deepEqual(answers.map(nameOf), ['UNKNOWN_MEMBER_ID']);
    }
    await member!.leave();
    assert.deepEqual((await commit(broker, groupId, topic, [{ offset: 1 }])).map(nameOf), ['NONE']);
  });

  it('of a generation that never was are refused', async () => {
    const late = { generationId: 3, version: 8 }; // later ones say GROUP_ID_NOT_FOUND, but not on every broker
    const answers = await commit(broker, newGroup(), await broker.topic(), [{ offset: 1 }], late);
    assert.deepEqual(answers.map(nameOf), ['ILLEGAL_GENERATION']);
  });

  it('are written while a rebalance waits for members, and not until shares are known', async () => {
    const members = await stableGroup(broker, newGroup(), [{}, {}]);
    const [leader, follower] = members;
    const topic = await broker.topic();
    const joining = leader!.ask();
    assert.equal(await follower!.commit(topic, 1), 'NONE');
    await Promise.all([joining, joinAgain(follower!)]);
    assert.equal(await leader!.commit(topic, 2), 'REBALANCE_IN_PROGRESS');
    assert.equal((await committedIn(broker, leader!.groupId, topic)).committedOffset, 1);
  });

  it('survive their members', async () => {
    const [member] = await stableGroup(broker, newGroup());
    const [topic, { groupId }] = [await broker.topic(), member!];
    await member!.commit(topic, 5);
    await member!.leave();
    assert.equal((await committedIn(broker, groupId, topic)).committedOffset, 5);
    await stableGroup(broker, groupId);
    assert.equal((await committedIn(broker, groupId, topic)).committedOffset, 5);
  });

  it('go with their group, which has to be empty for that', async () => {
    const [member] = await stableGroup(broker, newGroup());
    const [topic, { groupId }] = [await broker.topic(), member!];
    await member!.commit(topic, 5);
    const remove = async (): Promise<string> =>
      nameOf(only((await broker.ask(deleteGroupsApi, { groupsNames: [groupId] })).results));
    assert.equal(await remove(), 'NON_EMPTY_GROUP');
    await member!.leave();
    assert.equal(await remove(), 'NONE');
    assert.equal((await committedIn(broker, groupId, topic)).committedOffset, -1);
    assert.equal(await remove(), 'GROUP_ID_NOT_FOUND');
  });

  it('go with their topic', async () => {
    const [groupId, gone, kept] = [newGroup(), await broker.topic(), await broker.topic()];
    for (const topic of [gone, kept]) await commit(broker, groupId, topic, [{ offset: 1 }]);
    await broker.admin.deleteTopics([gone]);
    await until('the offsets are gone', async () => (await committed(broker, groupId)).topics.length === 1);
    assert.equal((await committedIn(broker, groupId, kept)).committedOffset, 1);
  });

  it('may be deleted one by one, unless a member reads the topic', async () => {
    const [topic, other] = [await broker.topic(), await broker.topic()];
    const [member] = await stableGroup(broker, newGroup(), [{ protocols: [aProtocol('range', [topic])] }]);
    const { groupId } = member!;
    for (const each of [topic, other]) await member!.commit(each, 1);
    const remove = async (name: string): Promise<string> => {
      const topics = [{ name, partitions: [{ partitionIndex: 0 }] }];
      const answer = await broker.ask(offsetDeleteApi, { groupId, topics });
      assert.equal(nameOf(answer), 'NONE');
      return nameOf(only(only(answer.topics).partitions));
    };
    assert.equal(await remove(topic), 'GROUP_SUBSCRIBED_TO_TOPIC');
    assert.equal(await remove(other), 'NONE');
    assert.equal((await committedIn(broker, groupId, topic)).committedOffset, 1);
    assert.equal((await committedIn(broker, groupId, other)).committedOffset, -1);
    assert.equal(nameOf(await broker.ask(offsetDeleteApi, { groupId: newGroup(), topics: [] })), 'GROUP_ID_NOT_FOUND');
  });

  it('of a group are not those of another', async () => {
    const [one, other, topic] = [newGroup(), newGroup(), await broker.topic()];
    await commit(broker, one, topic, [{ offset: 1 }]);
    assert.equal((await committedIn(broker, other, topic)).committedOffset, -1);
  });

  it('make a group that has no members, and that all can see', async () => {
    const groupId = newGroup();
    await commit(broker, groupId, await broker.topic(), [{ offset: 1 }]);
    const [description] = await broker.admin.describeGroups([groupId]);
    assert.deepEqual([description?.state, description?.members.length], ['Empty', 0]);
    assert.ok((await broker.admin.listGroups()).some((listed) => listed.groupId === groupId));
  });

  it('need no name of the group', async () => {
    const topic = await broker.topic();
    assert.deepEqual((await commit(broker, '', topic, [{ offset: 1 }])).map(nameOf), ['NONE']);
    assert.equal((await committedIn(broker, '', topic)).committedOffset, 1);
  });
}

/** A follower joins once the leader has begun a rebalance: before, it would be told that nothing has changed. */
async function joinAgain(follower: GroupMember): Promise<void> {
  await until('a rebalance begins', async () => (await follower.heartbeat()) === 'REBALANCE_IN_PROGRESS');
  await follower.ask();
}
