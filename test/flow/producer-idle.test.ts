import assert from 'node:assert/strict';
import { Recorder } from '@hearken/testing';
import { startKafka, type KafkaCluster } from '@hearken/tools-kafka';
import { DefaultKafkaProducerFactory, KafkaAdmin, type Logger, type ProducerOptions } from 'hearken';
import { describeWithKafka, uniqueName } from '../support/kafka.js';

describeWithKafka('a producer that was idle for longer than the broker keeps connections', function () {
  this.timeout(300_000);
  let kafka: KafkaCluster;
  before(async () => {
    kafka = await startKafka({ quickStart: true, config: { 'connections.max.idle.ms': 500 } });
  });
  after(() => kafka.stop());

  for (const options of [{}, { acks: 1 }, { acks: 0 }] satisfies ProducerOptions[]) {
    it(`sends again, ${JSON.stringify(options)}: nobody is told, nothing is lost or doubled`, async () => {
      const topic = uniqueName('idle');
      const admin = new KafkaAdmin({ brokers: kafka.brokers });
      await admin.createTopics([{ topic, partitions: 1 }]);
      const { logger, warnings, closes } = listening();
      const producer = new DefaultKafkaProducerFactory({ brokers: kafka.brokers, logger }, options).createProducer();
      for (const closed of [2, 3, 4]) {
        await producer.send({ topic, value: null });
        await closes.received(closed); // for metadata and for records; then, for records again
      }
      await producer.close();
      const [partition] = await admin.offsets(topic);
      assert.equal(partition?.end, 3);
      assert.deepEqual(warnings, []);
      await admin.close();
    });
  }
});

/** A logger that tells of connections that the broker has closed. */
function listening() {
  const warnings: unknown[] = [];
  const closes = new Recorder<string>();
  const warn = (...entry: unknown[]): void => void warnings.push(entry);
  const debug = (_details: unknown, message = ''): void => {
    if (message === 'connection closed') closes.record(message);
  };
  const logger: Logger = { debug, info: () => undefined, warn, error: warn };
  return { logger, warnings, closes };
}
