import assert from 'node:assert/strict';
import { encodeRecordBatch } from '@hearken/protocol';
import { ManualClock } from '@hearken/testing';
import { Cluster } from '../../dist/cluster/cluster.js';
import { BrokerConfig, type ConfigTexts } from '../../dist/config/broker-config.js';
import { ProducerIds } from '../../dist/transactions/producer-ids.js';
import { refused } from '../refused.js';

function setup({ brokers = 3, config = {} }: { brokers?: number; config?: ConfigTexts } = {}): Cluster {
  const cluster = new Cluster({
    brokers,
    clusterId: 'test',
    clock: new ManualClock(),
    config: new BrokerConfig({ 'default.replication.factor': String(brokers), ...config }),
    producerIds: new ProducerIds(),
  });
  for (const nodeId of cluster.brokers.keys()) cluster.brokerUp(nodeId, 9_000 + nodeId);
  return cluster;
}

const leadersOf = (cluster: Cluster, topic: string) =>
  cluster.topic(topic)!.partitions.map(({ leaderId, leaderEpoch }) => `${leaderId} in ${leaderEpoch}`);

const isrOf = (cluster: Cluster, topic: string) => cluster.partition(topic, 0)!.isr;

describe('Cluster', () => {
  describe('leaders', () => {
    it('go to the next live replica when a broker goes, in a new epoch, and stay there when it is back', () => {
      const cluster = setup();
      cluster.createTopic('orders', { partitions: 3 });
      assert.deepEqual(leadersOf(cluster, 'orders'), ['1 in 0', '2 in 0', '3 in 0']);
      cluster.brokerDown(1);
      assert.deepEqual(leadersOf(cluster, 'orders'), ['2 in 1', '2 in 0', '3 in 0']);
      assert.deepEqual(isrOf(cluster, 'orders'), [2, 3]);
      cluster.brokerUp(1, 9_001);
      assert.deepEqual(leadersOf(cluster, 'orders'), ['2 in 1', '2 in 0', '3 in 0']);
      assert.deepEqual(isrOf(cluster, 'orders'), [1, 2, 3]);
    });

    it('are nobody while no replica is live, and whoever comes first then', () => {
      const cluster = setup({ brokers: 2 });
      cluster.createTopic('alone', { partitions: 1, replicationFactor: 1 });
      cluster.brokerDown(1);
      assert.deepEqual(leadersOf(cluster, 'alone'), ['-1 in 1']);
      assert.deepEqual(isrOf(cluster, 'alone'), [1]);
      cluster.brokerDown(2);
      assert.deepEqual(leadersOf(cluster, 'alone'), ['-1 in 1']);
      cluster.brokerUp(1, 9_001);
      assert.deepEqual(leadersOf(cluster, 'alone'), ['1 in 2']);
    });

    it('move to a live replica, and nowhere else', () => {
      const cluster = setup();
      cluster.createTopic('orders', { assignments: [[1, 2]] });
      cluster.moveLeader('orders', 0, 2);
      assert.deepEqual(leadersOf(cluster, 'orders'), ['2 in 1']);
      assert.throws(() => cluster.moveLeader('orders', 0, 3), refused('REPLICA_NOT_AVAILABLE'));
      assert.throws(() => cluster.moveLeader('orders', 1, 1), refused('UNKNOWN_TOPIC_OR_PARTITION'));
      cluster.brokerDown(1);
      assert.throws(() => cluster.moveLeader('orders', 0, 1), refused('REPLICA_NOT_AVAILABLE'));
    });

    it('begin their epoch in the log, also if they append nothing', () => {
      const cluster = setup();
      cluster.createTopic('orders');
      const { log } = cluster.partition('orders', 0)!;
      log.append(encodeRecordBatch([{ key: null, value: null, timestamp: 0 }], { compression: 'none' }), {
        leaderEpoch: 0,
      });
      cluster.moveLeader('orders', 0, 2);
      assert.deepEqual(log.endOffsetForEpoch(1), { leaderEpoch: 1, endOffset: 1 });
    });

    it('are live ones of a topic that is made while a broker is down', () => {
      const cluster = setup();
      cluster.brokerDown(1);
      cluster.createTopic('orders', { partitions: 2 });
      assert.deepEqual(leadersOf(cluster, 'orders'), ['2 in 0', '3 in 0']);
    });
  });

  it('tells who waits for a partition that its leader changed, or that it is gone', () => {
    const cluster = setup();
    cluster.createTopic('orders');
    let told = 0;
    const stop = cluster.partition('orders', 0)!.onLeaderChange(() => told++);
    cluster.brokerDown(3);
    assert.equal(told, 0);
    cluster.brokerDown(1);
    assert.equal(told, 1);
    cluster.deleteTopic('orders');
    assert.equal(told, 2);
    stop();
    assert.equal(cluster.partition('orders', 0), undefined);
  });

  it('is controlled by the first live broker', () => {
    const cluster = setup();
    assert.equal(cluster.controllerId, 1);
    cluster.brokerDown(1);
    assert.equal(cluster.controllerId, 2);
  });

  describe('topics', () => {
    it('have an id of their own each time they are made', () => {
      const cluster = setup();
      const { id } = cluster.createTopic('orders');
      assert.match(id, /^[\w][\w-]{21}$/);
      assert.equal(cluster.topicById(id)?.name, 'orders');
      cluster.deleteTopic('orders');
      assert.equal(cluster.topicById(id), undefined);
      assert.notEqual(cluster.createTopic('orders').id, id);
    });

    it('are refused by name', () => {
      const cluster = setup();
      cluster.createTopic('a.b');
      assert.throws(() => cluster.createTopic('a.b'), refused('TOPIC_ALREADY_EXISTS'));
      assert.throws(() => cluster.createTopic('a_b'), refused('INVALID_TOPIC_EXCEPTION'));
      assert.throws(() => cluster.createTopic('a/b'), refused('INVALID_TOPIC_EXCEPTION'));
      assert.equal(cluster.autoCreate('a_b'), undefined);
      assert.equal(cluster.autoCreate('a/b'), undefined);
      assert.equal(cluster.autoCreate('c')?.name, 'c');
    });

    it('may be named as metrics write one that is gone, not one that is there', () => {
      const cluster = setup();
      cluster.createTopic('a.b');
      assert.equal(cluster.autoCreate('a_b'), undefined);
      assert.throws(() => cluster.createTopic('a_b'), refused('INVALID_TOPIC_EXCEPTION'));
      cluster.deleteTopic('a.b');
      assert.equal(cluster.createTopic('a_b').name, 'a_b');
    });

    it('are not made by asking where the config says so', () => {
      const cluster = setup({ config: { 'auto.create.topics.enable': 'false' } });
      assert.equal(cluster.autoCreate('c'), undefined);
    });

    it('are not made to see whether they could be', () => {
      const cluster = setup();
      cluster.createTopic('a', {}, { validateOnly: true });
      assert.equal(cluster.topic('a'), undefined);
      assert.throws(() => cluster.createTopic('a', { partitions: 0 }, { validateOnly: true }));
    });

    it('grow, and never shrink', () => {
      const cluster = setup();
      cluster.createTopic('a', { partitions: 2 });
      cluster.createPartitions('a', 4);
      assert.deepEqual(leadersOf(cluster, 'a'), ['1 in 0', '2 in 0', '3 in 0', '1 in 0']);
      cluster.createPartitions('a', 5, { assignments: [[2, 1, 3]] });
      assert.equal(cluster.partition('a', 4)!.leaderId, 2);
      cluster.createPartitions('a', 9, { validateOnly: true });
      assert.throws(() => cluster.createPartitions('a', 5), refused('INVALID_PARTITIONS'));
      assert.throws(() => cluster.createPartitions('a', 1), refused('INVALID_PARTITIONS'));
      assert.throws(() => cluster.createPartitions('b', 2), refused('UNKNOWN_TOPIC_OR_PARTITION'));
    });
  });
});
