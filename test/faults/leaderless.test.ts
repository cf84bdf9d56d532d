import assert from 'node:assert/strict';
import { TcpProxy } from '@hearken/testing';
import {
  DefaultKafkaConsumerFactory,
  DefaultKafkaProducerFactory,
  KafkaAdmin,
  KafkaTemplate,
  MessageListenerContainer,
  silentLogger,
} from 'hearken';
import { describeWithKafka, uniqueName } from '../support/kafka.js';
import { ThreeNodes } from '../support/three-nodes.js';
import { until } from '../support/until.js';

const FOREVER_MS = 3_600_000;

describeWithKafka('a partition whose only node is down', function () {
  this.timeout(300_000);
  let cluster: ThreeNodes;
  before(async () => (cluster = await ThreeNodes.start()));
  after(() => cluster.stop());

  it('holds up no other of its topic, and is read when the node is back', async () => {
    const kafka = { brokers: cluster.brokers, logger: silentLogger };
    const topic = uniqueName('leaderless');
    const admin = new KafkaAdmin(kafka);
    await admin.createTopics([{ topic, replicaAssignment: [[3], [1], [2]], config: { 'min.insync.replicas': 1 } }]);
    await using template = new KafkaTemplate(new DefaultKafkaProducerFactory(kafka));
    for (const partition of [0, 1, 2]) await template.send({ topic, partition, value: null });
    const [, , third] = cluster.nodes;
    await third!.kill();
    await until('nobody leads it', async () => {
      const [description] = await admin.describeTopics([topic]);
      return description?.partitions[0]?.leader === undefined;
    });

    const read: number[] = [];
    const container = new MessageListenerContainer(
      new DefaultKafkaConsumerFactory(kafka, { groupId: uniqueName('group'), autoOffsetReset: 'earliest' }),
      { topics: [topic], missingTopicsFatal: true, listener: ({ partition }) => void read.push(partition) },
      { logger: silentLogger },
    );
    await container.start();
    await until('the others are read', () => read.length === 2);
    assert.deepEqual(read.sort(), [1, 2]);
    assert.deepEqual(container.snapshot().partitions.map(({ position }) => position).sort(), [1, 1, undefined]); // prettier-ignore

    const given: number[] = [];
    const reader = new MessageListenerContainer(
      new DefaultKafkaConsumerFactory(kafka, { autoOffsetReset: 'earliest' }),
      {
        topicPartitions: [0, 1, 2].map((partition) => ({ topic, partition })),
        listener: ({ partition }) => void given.push(partition),
      },
      { logger: silentLogger },
    );
    await reader.start();
    await until('the others are read where they are given', () => given.length === 2);
    assert.deepEqual(given.sort(), [1, 2]);
    await third!.start();
    await until('it is read too', () => read.includes(0) && given.includes(0));
    await container.stop();
    await reader.stop();
    await admin.close();
  });

  it('is found when the node is back, although the leader of another never says where that begins', async () => {
    await using proxy = await TcpProxy.start();
    const kafka = { brokers: cluster.brokers, logger: silentLogger };
    const topic = uniqueName('leaderless');
    const admin = new KafkaAdmin(kafka);
    await admin.createTopics([{ topic, replicaAssignment: [[1], [3]], config: { 'min.insync.replicas': 1 } }]);
    const [silent, , third] = cluster.nodes;
    await third!.kill();
    await until('nobody leads it', async () => {
      const [description] = await admin.describeTopics([topic]);
      return description?.partitions[1]?.leader === undefined;
    });
    proxy.swallow({ api: 'ListOffsets', direction: 'request', broker: silent!.address });

    const consumers = new DefaultKafkaConsumerFactory(
      { ...kafka, socketFactory: proxy.socketFactory },
      {
        groupId: uniqueName('group'),
        autoOffsetReset: 'latest',
        requestTimeoutMs: FOREVER_MS,
        metadataMaxAgeMs: FOREVER_MS, // only the look-up itself asks who leads
      },
    );
    const container = new MessageListenerContainer(
      consumers,
      { topics: [topic], listener: () => undefined },
      { logger: silentLogger },
    );
    await container.start();
    await third!.start();
    const positions = (): unknown => container.snapshot().partitions.map(({ position }) => position);
    await until('it is known where it begins', () => container.snapshot().partitions[1]?.position !== undefined);
    assert.deepEqual(positions(), [undefined, 0]);
    await container.stop();
    await admin.close();
  });
});
