import assert from 'node:assert/strict';
import { metadataApi, ZERO_UUID, type MetadataRequest, type MetadataResponse } from '@hearken/protocol';
import { uniqueName } from '../../support/kafka.js';
import { until } from '../../support/until.js';
import { nameOf, type ContractBroker } from '../contract-broker.js';
import { only } from '../partition-requests.js';

const ABSENT_ID = 'AAAAAAAAAAAAAAAAAAAAAQ';

export function metadataCases(broker: ContractBroker): void {
  const ask = (
    topics: MetadataRequest['topics'],
    { version, autoCreate = false }: { readonly version?: number; readonly autoCreate?: boolean } = {},
  ): Promise<MetadataResponse> =>
    broker.ask(
      metadataApi,
      {
        ...{ topics, allowAutoTopicCreation: autoCreate },
        ...{ includeClusterAuthorizedOperations: false, includeTopicAuthorizedOperations: false },
      },
      version,
    );
  const named = (name: string | null): { readonly topicId: string; readonly name: string | null } => ({
    topicId: ZERO_UUID,
    name,
  });

  it('lists the brokers, one of them the controller, and the cluster', async () => {
    const { brokers, controllerId, clusterId } = await ask([]);
    assert.ok(brokers.some(({ nodeId }) => nodeId === controllerId));
    assert.ok(brokers.some(({ host, port }) => broker.brokers.includes(`${host}:${port}`)));
    assert.match(clusterId ?? '', /^[\w-]{22}$/);
  });

  it('tells of a topic in every version', async () => {
    const topic = await broker.topic(3);
    for (const version of broker.versionsOf(metadataApi)) {
      const { brokers, topics } = await ask([named(topic)], { version });
      const { errorCode, name, isInternal, partitions } = only(topics);
      assert.deepEqual({ errorCode, name, isInternal }, { errorCode: 0, name: topic, isInternal: false });
      assert.deepEqual(partitions.map(({ partitionIndex }) => partitionIndex).sort(), [0, 1, 2]);
      for (const { errorCode, leaderId, leaderEpoch, replicaNodes, isrNodes, offlineReplicas } of partitions) {
        assert.equal(errorCode, 0);
        assert.ok(brokers.some(({ nodeId }) => nodeId === leaderId));
        assert.equal(leaderEpoch, version >= 7 ? 0 : -1);
        assert.deepEqual([replicaNodes, isrNodes, offlineReplicas], [[leaderId], [leaderId], []]);
      }
    }
  });

  it('gives a topic an id, by which it can be asked for', async () => {
    const topic = await broker.topic();
    const { topicId } = only((await ask([named(topic)])).topics);
    assert.notEqual(topicId, ZERO_UUID);
    const { name, errorCode } = only((await ask([{ topicId, name: null }], { version: 12 })).topics);
    assert.deepEqual({ name, errorCode }, { name: topic, errorCode: 0 });
  });

  it('gives a topic that is made again another id', async () => {
    const topic = await broker.topic();
    const { topicId } = only((await ask([named(topic)])).topics);
    await broker.admin.deleteTopics([topic]);
    await broker.admin.createTopics([{ topic }]);
    assert.notEqual(only((await ask([named(topic)])).topics).topicId, topicId);
  });

  it('knows no topic of an unknown id', async () => {
    const answer = only((await ask([{ topicId: ABSENT_ID, name: null }], { version: 12 })).topics);
    assert.equal(nameOf(answer), 'UNKNOWN_TOPIC_ID');
  });

  it('of a topic that does not exist is an error, and makes none unless asked to', async () => {
    const name = uniqueName('none');
    const answer = only((await ask([named(name)])).topics);
    assert.equal(nameOf(answer), 'UNKNOWN_TOPIC_OR_PARTITION');
    assert.deepEqual([answer.name, answer.partitions], [name, []]);
    assert.equal(nameOf(only((await ask([named(name)])).topics)), 'UNKNOWN_TOPIC_OR_PARTITION');
  });

  it('makes a topic that is asked for and may be made', async () => {
    const name = uniqueName('auto');
    await until('the topic is there', async () => {
      const answer = only((await ask([named(name)], { autoCreate: true })).topics);
      const others = ['UNKNOWN_TOPIC_OR_PARTITION', 'LEADER_NOT_AVAILABLE'];
      if (others.includes(nameOf(answer))) return false;
      assert.equal(nameOf(answer), 'NONE');
      return answer.partitions.every(({ errorCode, leaderId }) => errorCode === 0 && leaderId >= 0);
    });
  });

  for (const name of ['no spaces', '.', '..', 'x'.repeat(250), 'slash/ed', '']) {
    it(`refuses the name ${JSON.stringify(name.length > 99 ? `${name.length} × x` : name)}`, async () => {
      const answer = only((await ask([named(name)], { autoCreate: true })).topics);
      assert.equal(nameOf(answer), 'INVALID_TOPIC_EXCEPTION');
    });
  }

  it('of all topics is asked for with null, in version 0 with an empty list', async () => {
    const [one, other] = [await broker.topic(), await broker.topic(2)];
    for (const answer of [await ask(null), await ask(null, { version: 1 }), await ask([], { version: 0 })]) {
      const names = answer.topics.map(({ name }) => name);
      assert.ok(names.includes(one) && names.includes(other));
    }
    assert.deepEqual((await ask([], { version: 1 })).topics, []);
  });

  it('is told of each topic by itself', async () => {
    const [topic, none] = [await broker.topic(), uniqueName('none')];
    const { topics } = await ask([named(none), named(topic), named('not valid')]);
    assert.deepEqual(Object.fromEntries(topics.map((each) => [each.name, nameOf(each)])), {
      [topic]: 'NONE',
      [none]: 'UNKNOWN_TOPIC_OR_PARTITION',
      'not valid': 'INVALID_TOPIC_EXCEPTION',
    });
  });

  it('shows partitions as they are added', async () => {
    const topic = await broker.topic(1);
    await broker.admin.createPartitions([{ topic, partitions: 3 }]);
    assert.equal(only((await ask([named(topic)])).topics).partitions.length, 3);
  });
}
