import assert from 'node:assert/strict';
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

describeWithKafka('a partition whose only node is down', function () {
  this.timeout(300_000);

  it('holds up no other of its topic, and is read when the node is back', async () => {
    await using cluster = await ThreeNodes.start();
    const kafka = { brokers: cluster.brokers, logger: silentLogger };
    const topic = uniqueName('leaderless');
    const admin = new KafkaAdmin(kafka);
    await admin.createTopics([{ topic, replicaAssignment: [[1], [2], [3]], config: { 'min.insync.replicas': 1 } }]);
    await using template = new KafkaTemplate(new DefaultKafkaProducerFactory(kafka));
    for (const partition of [0, 1, 2]) await template.send({ topic, partition, value: null });
    const [, , third] = cluster.nodes;
    await third!.kill();
    await until('nobody leads it', async () => {
      const [description] = await admin.describeTopics([topic]);
      return description?.partitions[2]?.leader === undefined;
    });

    const read: number[] = [];
    const container = new MessageListenerContainer(
      new DefaultKafkaConsumerFactory(kafka, { groupId: uniqueName('group'), autoOffsetReset: 'earliest' }),
      { topics: [topic], listener: ({ partition }) => void read.push(partition) },
      { logger: silentLogger },
    );
    await container.start();
    await until('the others are read', () => read.length === 2);
    assert.deepEqual(read.sort(), [0, 1]);
    assert.deepEqual(container.snapshot().partitions.map(({ position }) => position).sort(), [1, 1, undefined]); // prettier-ignore
    await third!.start();
    await until('it is read too', () => read.includes(2));
    await container.stop();
    await admin.close();
  });
});
