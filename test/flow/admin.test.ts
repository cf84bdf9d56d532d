import assert from 'node:assert/strict';
import {
  CommitFailedError,
  DefaultKafkaProducerFactory,
  isKafkaError,
  KafkaAdmin,
  type KafkaError,
  type PartitionOffsets,
} from 'hearken';
import { GroupReader } from '../support/group-reader.js';
import { bootstrapServers, describeWithKafka, uniqueName } from '../support/kafka.js';
import { openClients } from '../support/suite-clients.js';
import { until } from '../support/until.js';

async function rejection(promise: Promise<unknown>, code: string): Promise<KafkaError> {
  const error = await promise.then(
    () => assert.fail('it resolved'),
    (reason: unknown) => reason,
  );
  assert.ok(isKafkaError(error), String(error));
  assert.equal(error.code, code, error.message);
  return error;
}

describeWithKafka('KafkaAdmin', function () {
  this.timeout(300_000);
  let admin: KafkaAdmin;
  openClients((clients) => ({ admin } = clients));

  async function topicWith(partitions: number): Promise<string> {
    const topic = uniqueName('topic');
    await admin.createTopics([{ topic, partitions }]);
    return topic;
  }

  async function send(topic: string, partition: number, count: number): Promise<void> {
    await using factory = new DefaultKafkaProducerFactory({ brokers: bootstrapServers() });
    const producer = factory.createProducer();
    const value = Buffer.from('v');
    await Promise.all(
      Array.from({ length: count }, (_, i) => producer.send({ topic, partition, value, timestamp: 1_000 + i })),
    );
  }

  describe('topics', () => {
    it('are created with leaders, and left alone if they exist', async () => {
      const [first, second] = [uniqueName('topic'), uniqueName('topic')];
      assert.deepEqual(await admin.createTopics([{ topic: first, partitions: 3 }]), [first]);
      const both = [
        { topic: first, partitions: 9 },
        { topic: second, replicaAssignment: [[1], [1]], config: { 'cleanup.policy': 'compact' } },
      ];
      assert.deepEqual(await admin.createTopics(both), [second]);
      const [one, other] = await admin.describeTopics([first, second]);
      assert.equal(one?.partitions.length, 3);
      assert.deepEqual(other?.partitions[1], {
        topic: second,
        partition: 1,
        leader: 1,
        replicas: [1],
        inSyncReplicas: [1],
      });
      const names = await admin.listTopics();
      assert.ok(names.includes(first) && names.includes(second));
      assert.ok(!names.includes('__consumer_offsets'));
    });

    it('are only checked if asked for', async () => {
      const topic = uniqueName('topic');
      assert.deepEqual(await admin.createTopics([{ topic }], { validateOnly: true }), [topic]);
      await rejection(admin.describeTopics([topic]), 'UNKNOWN_TOPIC_OR_PARTITION');
      await rejection(
        admin.createTopics([{ topic, replicationFactor: 30 }], { validateOnly: true }),
        'INVALID_REPLICATION_FACTOR',
      );
    });

    it('that cannot be created are named all, and the others are created', async () => {
      const topic = uniqueName('topic');
      const given = [{ topic }, { topic: 'no spaces' }, { topic: uniqueName('topic'), config: { 'no.such': 1 } }];
      const error = await rejection(admin.createTopics(given), 'INVALID_TOPIC_EXCEPTION');
      assert.match(error.message, /no spaces.*INVALID_CONFIG.*no\.such/);
      assert.equal((await admin.describeTopics([topic])).length, 1);
    });

    it('refuse options that are none, before anything is sent', async () => {
      const error = await rejection(admin.createTopics([{ topic: 'a', numPartitions: 3 } as never]), 'INVALID_CONFIG');
      assert.match(error.message, /\[0\]\.numPartitions: is not an option; did you mean 'partitions'/);
    });

    it('grow, but not shrink', async () => {
      const topic = await topicWith(1);
      await admin.createPartitions([{ topic, partitions: 4 }]);
      assert.equal((await admin.describeTopics([topic]))[0]?.partitions.length, 4);
      await rejection(admin.createPartitions([{ topic, partitions: 2 }]), 'INVALID_PARTITIONS');
    });

    it('are gone when they were deleted; one that does not exist is told at once', async () => {
      const topic = await topicWith(2);
      await admin.deleteTopics([topic]);
      await rejection(admin.describeTopics([topic]), 'UNKNOWN_TOPIC_OR_PARTITION');
      await rejection(admin.deleteTopics([topic]), 'UNKNOWN_TOPIC_OR_PARTITION');
      assert.deepEqual(await admin.createTopics([{ topic }]), [topic]);
    });
  });

  describe('offsets', () => {
    it('reach from the beginning to the end', async () => {
      const topic = await topicWith(2);
      await send(topic, 1, 5);
      const expected: PartitionOffsets[] = [
        { topic, partition: 0, beginning: 0, end: 0 },
        { topic, partition: 1, beginning: 0, end: 5 },
      ];
      assert.deepEqual(await admin.offsets(topic), expected);
      await rejection(admin.offsets(uniqueName('none')), 'UNKNOWN_TOPIC_OR_PARTITION');
    });

    it('of a group are written and read as they are', async () => {
      const [topic, groupId] = [await topicWith(3), uniqueName('group')];
      assert.deepEqual(await admin.committedOffsets(groupId), []);
      const written = [
        { topic, partition: 0, offset: 7, metadata: 'by hand' },
        { topic, partition: 2, offset: 0 },
      ];
      await admin.setCommittedOffsets(groupId, written);
      const byPartition = [...(await admin.committedOffsets(groupId))].sort((a, b) => a.partition - b.partition);
      assert.deepEqual(byPartition, written);
      assert.deepEqual(await admin.committedOffsets(groupId, ['another']), []);
    });

    it('of a group are reset to the ends and to a time, as numbers', async () => {
      const [topic, groupId] = [await topicWith(2), uniqueName('group')];
      await send(topic, 0, 10);
      const at = (offset: number) => [
        { topic, partition: 0, offset },
        { topic, partition: 1, offset: 0 },
      ];
      assert.deepEqual(await admin.resetOffsets(groupId, [topic], 'latest'), at(10));
      assert.deepEqual(await admin.resetOffsets(groupId, [topic], { timestamp: 1_004 }), at(4));
      assert.deepEqual(await admin.resetOffsets(groupId, [topic], { timestamp: 9_999_999 }), at(10));
      assert.deepEqual(await admin.resetOffsets(groupId, [topic], 'earliest'), at(0));
      assert.equal((await admin.committedOffsets(groupId)).length, 2);
    });

    it('for a topic that does not exist are refused by name', async () => {
      const given = [{ topic: uniqueName('none'), partition: 0, offset: 1 }];
      const error = await rejection(
        admin.setCommittedOffsets(uniqueName('group'), given),
        'UNKNOWN_TOPIC_OR_PARTITION',
      );
      assert.ok(error instanceof CommitFailedError);
      assert.equal(error.partitions[0]?.topic, given[0]?.topic);
    });
  });

  describe('groups', () => {
    it('are described with their members, and keep their offsets while they run', async () => {
      const [topic, groupId] = [await topicWith(2), uniqueName('group')];
      const reader = new GroupReader({ groupId });
      await reader.read([topic]);
      await reader.assigned.received(1);
      // Kafka describes what is written down of a group, a little behind what it answers to members.
      const group = await until('it is stable', async () => {
        const [described] = await admin.describeGroups([groupId]);
        return described?.state === 'Stable' && described;
      });
      assert.equal(group.protocolType, 'consumer');
      assert.equal(group.protocol, 'range');
      assert.equal(group.members.length, 1);
      assert.equal(group.members[0]?.clientId, 'flow');
      assert.deepEqual(group.members[0].assignment, [
        { topic, partition: 0 },
        { topic, partition: 1 },
      ]);
      assert.ok((await admin.listGroups()).some((listed) => listed.groupId === groupId));
      const error = await rejection(admin.resetOffsets(groupId, [topic], 'earliest'), 'UNKNOWN_MEMBER_ID');
      assert.match(error.message, /running members; stop them first/);
      await rejection(admin.deleteGroups([groupId]), 'NON_EMPTY_GROUP');
      await reader.close();
      await admin.deleteGroups([groupId]);
      await rejection(admin.deleteGroups([groupId]), 'GROUP_ID_NOT_FOUND');
    });

    it('that do not exist are dead', async () => {
      const [group] = await admin.describeGroups([uniqueName('none')]);
      assert.equal(group?.state, 'Dead');
      assert.deepEqual(group.members, []);
    });
  });

  it('rejects everything after close', async () => {
    const closed = new KafkaAdmin({ brokers: bootstrapServers() });
    await closed.listTopics();
    await closed.close();
    await closed.close();
    await rejection(closed.listTopics(), 'CLIENT_CLOSED');
  });
});
