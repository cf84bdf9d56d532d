import assert from 'node:assert/strict';
import { Recorder } from '@hearken/testing';
import {
  DefaultKafkaConsumerFactory,
  MessageListenerContainer,
  silentLogger,
  string,
  type KafkaAdmin,
  type KafkaTemplate,
} from 'hearken';
import { bootstrapServers, describeWithKafka, uniqueName } from '../support/kafka.js';
import { openClients } from '../support/suite-clients.js';
import { until } from '../support/until.js';

describeWithKafka('a listener container with a topicPattern', function () {
  this.timeout(300_000);
  const kafka = () => ({ brokers: bootstrapServers(), clientId: 'topic-pattern' });
  let admin: KafkaAdmin;
  let template: KafkaTemplate;
  openClients((clients) => ({ admin, template } = clients), kafka);

  it('finds topics as they come, lets go of those that are deleted, and goes on with the rest', async () => {
    const prefix = uniqueName('pattern');
    const [first, second, other] = [`${prefix}-one`, `${prefix}-two`, uniqueName('other')];
    await admin.createTopics([{ topic: first }, { topic: other }].map((topic) => ({ ...topic, partitions: 1 })));
    const heard = new Recorder<string>();
    const container = new MessageListenerContainer(
      new DefaultKafkaConsumerFactory(kafka(), {
        groupId: uniqueName('group'),
        autoOffsetReset: 'earliest',
        metadataMaxAgeMs: 300,
        heartbeatIntervalMs: 100,
      }),
      {
        topicPattern: new RegExp(`^${prefix}-`),
        valueSerde: string(),
        listener: ({ topic, value }) => heard.record(`${topic === first ? 'one' : 'two'}: ${value}`),
      },
      { logger: silentLogger },
    );
    const topics = (): readonly string[] =>
      container
        .assignment()
        .map(({ topic }) => topic)
        .sort();
    await container.start();
    assert.deepEqual(topics(), [first]);
    for (const topic of [first, other]) await template.send(topic, 'a');
    await heard.received(1);

    await admin.createTopics([{ topic: second, partitions: 2 }]);
    await template.send(second, 'b', { partition: 1 });
    await heard.received(2);
    assert.deepEqual(topics(), [first, second, second]);

    await admin.deleteTopics([first]);
    await until('the deleted topic is gone', () => topics().length === 2);
    await template.send(second, 'c', { partition: 0 });
    await heard.received(3);
    assert.deepEqual(heard.items, ['one: a', 'two: b', 'two: c']);
    assert.equal(container.state, 'running');
    const { drained } = await container.stop();
    assert.ok(drained);
  });
});
