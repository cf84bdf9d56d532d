import assert from 'node:assert/strict';
import { Recorder, RecordingLogger } from '@hearken/testing';
import {
  DefaultKafkaConsumerFactory,
  DefaultKafkaProducerFactory,
  KafkaTemplate,
  MessageListenerContainer,
  MissingTopicsError,
  silentLogger,
  type KafkaAdmin,
} from 'hearken';
import { bootstrapServers, describeWithKafka, uniqueName } from '../support/kafka.js';
import { openClients } from '../support/suite-clients.js';

describeWithKafka('what a listener container logs', function () {
  this.timeout(300_000);
  const quiet = () => ({ brokers: bootstrapServers(), clientId: 'flow', logger: silentLogger });
  let admin: KafkaAdmin;
  openClients((clients) => ({ admin } = clients), quiet);

  for (const partitionAssignors of [['cooperative-sticky'], ['range']] as const)
    it(`of an ordinary life is no warning: members come and go, records too (${partitionAssignors[0]})`, async () => {
      const [topic, groupId, logger] = [uniqueName('logs'), uniqueName('group'), new RecordingLogger()];
      await admin.createTopics([{ topic, partitions: 4 }]);
      await using template = new KafkaTemplate(new DefaultKafkaProducerFactory(quiet()));
      const heard = new Recorder<unknown>();
      const member = (): MessageListenerContainer =>
        new MessageListenerContainer(
          new DefaultKafkaConsumerFactory(
            { ...quiet(), logger },
            { groupId, autoOffsetReset: 'earliest', heartbeatIntervalMs: 100, partitionAssignors },
          ),
          { topics: [topic], listener: heard.record },
          { logger },
        );
      const [first, second] = [member(), member()];
      const send = () =>
        Promise.all(Array.from({ length: 50 }, (_, i) => template.send(topic, null, { key: `k${i}` })));
      await first.start();
      await send();
      const rebalanced = new Recorder<unknown>();
      first.on('partitions:assigned', rebalanced.record);
      await second.start();
      await rebalanced.received(1);
      await send();
      await heard.received(100);
      const back = rebalanced.next();
      await second.stop();
      await back;
      await send();
      await heard.received(150);
      await first.stop();
      const loud = logger.entries.items.filter(({ level }) => level === 'warn' || level === 'error');
      assert.deepEqual(loud, []);
      const [settings] = logger.entries.items.filter(({ message }) => message === 'a listener container starts');
      assert.equal(settings?.level, 'debug');
      assert.deepEqual((settings.details as { properties: { topics: unknown } }).properties.topics, [topic]);
    });

  it('of a topic that does not exist names it, as does the error, if that is to be fatal', async () => {
    const [topic, missing] = [uniqueName('logs'), uniqueName('missing')];
    await admin.createTopics([{ topic }]);
    const container = new MessageListenerContainer(
      new DefaultKafkaConsumerFactory(quiet(), { groupId: uniqueName('group') }),
      { topics: [topic, missing], missingTopicsFatal: true, listener: () => undefined },
      { logger: silentLogger },
    );
    await assert.rejects(
      container.start(),
      (error) => error instanceof MissingTopicsError && error.topics.join() === missing,
    );
    assert.equal(container.health().live, false);
  });
});
