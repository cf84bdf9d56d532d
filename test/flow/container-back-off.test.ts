import assert from 'node:assert/strict';
import { awaitCommitted, Recorder } from '@hearken/testing';
import {
  DefaultErrorHandler,
  DefaultKafkaConsumerFactory,
  FixedBackOff,
  MessageListenerContainer,
  silentLogger,
  type KafkaAdmin,
  type KafkaTemplate,
} from 'hearken';
import { bootstrapServers, describeWithKafka, uniqueName } from '../support/kafka.js';
import { openClients } from '../support/suite-clients.js';

/** The shortest that a broker allows by itself. */
const SESSION_MS = 6_000;

describeWithKafka('a record that is tried again', function () {
  this.timeout(180_000);
  let admin: KafkaAdmin;
  let template: KafkaTemplate;
  openClients((clients) => ({ admin, template } = clients));

  it('waits for longer than the session and the poll interval, and its member stays in the group', async () => {
    const [topic, groupId] = [uniqueName('back-off'), uniqueName('group')];
    await admin.createTopics([{ topic, partitions: 1 }]);
    await template.send(topic, 'one');
    await template.send(topic, 'and the one behind it');
    const attempts = new Recorder<string>();
    const backOff = new FixedBackOff({ intervalMs: 2 * SESSION_MS, maxRetries: 1 });
    const container = new MessageListenerContainer(
      new DefaultKafkaConsumerFactory(
        { brokers: bootstrapServers(), logger: silentLogger },
        {
          ...{ groupId, autoOffsetReset: 'earliest', heartbeatIntervalMs: 1_000 },
          ...{ sessionTimeoutMs: SESSION_MS, maxPollIntervalMs: SESSION_MS },
        },
      ),
      {
        topics: [topic],
        shutdownTimeoutMs: 1_000, // below the poll interval
        revokeDrainTimeoutMs: 1_000,
        errorHandler: new DefaultErrorHandler({ backOff }),
        listener: ({ offset }, { attempt }) => {
          attempts.record(`${offset}, attempt ${attempt}`);
          if (offset === 0 && attempt === 1) throw new Error('once');
        },
      },
      { logger: silentLogger },
    );
    const [assigned, gone] = [new Recorder<unknown>(), new Recorder<unknown>()];
    container.on('partitions:assigned', assigned.record);
    for (const event of ['partitions:revoked', 'partitions:lost'] as const) container.on(event, gone.record);
    await container.start();
    await awaitCommitted({ admin, groupId }, [{ topic, partition: 0, offset: 2 }], { timeoutMs: 120_000 });
    assert.deepEqual([assigned.count, gone.count], [1, 0], 'the group kept its member');
    assert.deepEqual(attempts.items, ['0, attempt 1', '0, attempt 2', '1, attempt 1']);
    await container.stop();
  });
});
