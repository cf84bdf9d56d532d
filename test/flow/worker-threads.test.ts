import assert from 'node:assert/strict';
import { awaitCommitted, Recorder } from '@hearken/testing';
import {
  DefaultKafkaConsumerFactory,
  DefaultKafkaProducerFactory,
  KafkaAdmin,
  KafkaTemplate,
  MessageListenerContainer,
  silentLogger,
  workerThreadListener,
} from 'hearken';
import { bootstrapServers, describeWithKafka, uniqueName } from '../support/kafka.js';

describeWithKafka('worker threads', function () {
  this.timeout(180_000); // it computes for 20 s, on a busy machine too

  it('compute for longer than the session, and nothing is lost, done twice or rebalanced', async () => {
    const kafka = { brokers: bootstrapServers(), clientId: 'worker-threads' };
    const [topic, groupId] = [uniqueName('worker-threads'), uniqueName('group')];
    const [admin, template] = [new KafkaAdmin(kafka), new KafkaTemplate(new DefaultKafkaProducerFactory(kafka))];
    await admin.createTopics([{ topic, partitions: 2 }]);
    // The shortest session that a broker allows by itself, and three of them of nothing but computing.
    const sessionTimeoutMs = 6_000;
    for (const partition of [0, 1]) await template.send(topic, '20000', { partition });
    const threads = workerThreadListener(new URL('../support/burning-listener.js', import.meta.url), { threads: 2 });
    const calls = new Recorder<string>();
    const container = new MessageListenerContainer(
      new DefaultKafkaConsumerFactory(kafka, {
        ...{ groupId, sessionTimeoutMs, heartbeatIntervalMs: 1_000 },
        autoOffsetReset: 'earliest',
      }),
      {
        topics: [topic],
        concurrency: 2,
        listener: async (record, context) => {
          calls.record(`${record.partition}/${record.offset} ${context.attempt}`);
          await threads.onMessage(record, context);
        },
      },
      { logger: silentLogger },
    );
    const [assigned, lost] = [new Recorder<unknown>(), new Recorder<unknown>()];
    container.on('partitions:assigned', assigned.record);
    for (const event of ['partitions:revoked', 'partitions:lost'] as const) container.on(event, lost.record);
    await container.start();
    const done = [0, 1].map((partition) => ({ topic, partition, offset: 1 }));
    await awaitCommitted({ admin, groupId }, done, { timeoutMs: 150_000 });
    assert.deepEqual([assigned.count, lost.count], [1, 0], 'the group kept its member, and did not rebalance');
    const { completed, failed } = threads.metrics();
    assert.deepEqual({ completed, failed }, { completed: 2, failed: 0 });
    assert.deepEqual([...calls.items].sort(), ['0/0 1', '1/0 1']);
    await container.stop();
    for (const one of [threads, template, admin]) await one.close();
  });
});
