import assert from 'node:assert/strict';
import kafkajs from 'kafkajs';
import { uniqueName } from '../../support/kafka.js';
import { until } from '../../support/until.js';
import { Recorder } from '@hearken/testing';
import type { ContractBroker } from '../contract-broker.js';
import { commit, committedIn } from '../group-requests.js';
import { aBatch, produce } from '../partition-requests.js';

// kafkajs is CommonJS: no named imports.
const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ConfigResourceTypes, ResourcePatternTypes } = kafkajs;

/** What plain kafkajs does with a broker, beside what other areas leave to it. */
export function kafkajsCases(broker: ContractBroker): void {
  async function consume(groupId: string, topic: string): Promise<Recorder<string>> {
    const consumer = await broker.kafkajsConsumer({ groupId });
    const read = new Recorder<string>();
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await consumer.run({
      autoCommitThreshold: 1,
      eachMessage: ({ message }) => {
        read.record(String(message.value));
        return Promise.resolve();
      },
    });
    return read;
  }

  it('sends to a topic that is not there yet', async () => {
    const [topic, producer] = [uniqueName('auto'), await broker.kafkajsProducer({ allowAutoTopicCreation: true })];
    const [sent] = await producer.send({ topic, messages: [{ value: 'first' }] });
    assert.deepEqual([sent?.errorCode, sent?.baseOffset], [0, '0']);
  });

  it('sends to several topics at once', async () => {
    const [one, other, producer] = [await broker.topic(), await broker.topic(), await broker.kafkajsProducer()];
    const topicMessages = [one, other].map((topic) => ({ topic, messages: [{ value: topic }] }));
    const sent = await producer.sendBatch({ topicMessages });
    assert.deepEqual(sent.map(({ topicName }) => topicName).sort(), [one, other].sort());
  });

  it('reads what was there before and what comes then, and commits it', async () => {
    const [topic, groupId] = [await broker.topic(), uniqueName('group')];
    await produce(broker, topic, aBatch(['a', 'b']));
    const read = await consume(groupId, topic);
    await read.received(2);
    await produce(broker, topic, aBatch(['c']));
    assert.deepEqual(await read.received(3), ['a', 'b', 'c']);
    await until('all is committed', async () => (await committedIn(broker, groupId, topic)).committedOffset === 3);
  });

  it('shares a topic among its consumers', async () => {
    const [topic, groupId] = [await broker.topic(2), uniqueName('group')];
    const members: Recorder<string>[] = [await consume(groupId, topic), await consume(groupId, topic)];
    await until('there are two members', async () => {
      const [group] = await broker.admin.describeGroups([groupId]);
      return group?.state === 'Stable' && group.members.every(({ assignment }) => assignment.length === 1);
    });
    for (const partition of [0, 1]) await produce(broker, topic, aBatch([`${partition}`]), { partition });
    const read = await Promise.all(members.map((member) => member.received(1)));
    assert.deepEqual(read.map(([value]) => value).sort(), ['0', '1']);
  });

  it('makes, grows, lists, describes and deletes topics', async () => {
    const [topic, admin] = [uniqueName('kafkajs'), await broker.kafkajsAdmin()];
    const topics = [{ topic, numPartitions: 2, configEntries: [{ name: 'retention.ms', value: '1000' }] }];
    assert.equal(await admin.createTopics({ topics, waitForLeaders: false }), true);
    assert.equal(await admin.createTopics({ topics, waitForLeaders: false }), false);
    await admin.createPartitions({ topicPartitions: [{ topic, count: 3 }] });
    await until('it has three', async () => {
      const { topics: described } = await admin.fetchTopicMetadata({ topics: [topic] });
      return described[0]?.partitions.length === 3;
    });
    assert.ok((await admin.listTopics()).includes(topic));
    await admin.deleteTopics({ topics: [topic] });
    await until('it is gone', async () => !(await admin.listTopics()).includes(topic));
  });

  it('describes the cluster', async () => {
    const { brokers, controller, clusterId } = await (await broker.kafkajsAdmin()).describeCluster();
    assert.ok(brokers.some(({ nodeId }) => nodeId === controller));
    assert.ok(clusterId);
  });

  it('describes and alters configurations', async () => {
    const [name, admin] = [await broker.topic(), await broker.kafkajsAdmin()];
    const resources = [
      { type: ConfigResourceTypes.TOPIC, name, configEntries: [{ name: 'retention.ms', value: '77' }] },
    ];
    await admin.alterConfigs({ validateOnly: false, resources });
    await until('it is told', async () => {
      const described = await admin.describeConfigs({
        ...{ includeSynonyms: false },
        resources: [{ type: ConfigResourceTypes.TOPIC, name, configNames: ['retention.ms'] }],
      });
      return described.resources[0]?.configEntries[0]?.configValue === '77';
    });
  });

  it('tells offsets of a topic, and by time', async () => {
    const [topic, admin] = [await broker.topic(), await broker.kafkajsAdmin()];
    await produce(broker, topic, aBatch(['a', 'b']));
    assert.deepEqual(await admin.fetchTopicOffsets(topic), [{ partition: 0, offset: '2', high: '2', low: '0' }]);
    assert.deepEqual(await admin.fetchTopicOffsetsByTimestamp(topic, 1), [{ partition: 0, offset: '0' }]);
  });

  it('tells offsets of a group', async () => {
    const [topic, groupId, admin] = [await broker.topic(), uniqueName('group'), await broker.kafkajsAdmin()];
    await commit(broker, groupId, topic, [{ offset: 2, metadata: 'noted' }]);
    const told = await admin.fetchOffsets({ groupId, topics: [topic] });
    assert.deepEqual(told, [{ topic, partitions: [{ partition: 0, offset: '2', metadata: 'noted' }] }]);
  });

  it('lists, describes and deletes groups', async () => {
    const [topic, groupId, admin] = [await broker.topic(), uniqueName('group'), await broker.kafkajsAdmin()];
    await commit(broker, groupId, topic, [{ offset: 1 }]);
    assert.ok((await admin.listGroups()).groups.some((group) => group.groupId === groupId));
    assert.equal((await admin.describeGroups([groupId])).groups[0]?.state, 'Empty');
    assert.deepEqual(await admin.deleteGroups([groupId]), [{ groupId, errorCode: 0 }]);
    assert.equal((await admin.describeGroups([groupId])).groups[0]?.state, 'Dead');
  });

  it('is told that there is no access control', async () => {
    const admin = await broker.kafkajsAdmin();
    const acl = {
      ...{
        resourceType: AclResourceTypes.TOPIC,
        resourceName: 'topic',
        resourcePatternType: ResourcePatternTypes.LITERAL,
      },
      ...{
        principal: 'User:me',
        host: '*',
        operation: AclOperationTypes.READ,
        permissionType: AclPermissionTypes.ALLOW,
      },
    };
    await assert.rejects(admin.createAcls({ acl: [acl] }), { type: 'SECURITY_DISABLED' });
  });
}
