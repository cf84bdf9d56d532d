import assert from 'node:assert/strict';
import { Recorder, RecordingLogger } from '@hearken/testing';
import { runKafkaTool } from '@hearken/tools-kafka';
import { DefaultKafkaConsumerFactory, DefaultKafkaProducerFactory, KafkaAdmin } from 'hearken';
import { bootstrapServers, describeWithKafka, uniqueName } from '../support/kafka.js';

const RECORDS = 58;
const RECORD_BYTES = 20_000;
/** In bytes a second. Kafka takes the average of 11 s: what is above eleven times as much costs a wait, here of about 1.6 s. */
const QUOTA = 100_000;
const BATCH_BYTES = 500_000;
/** Shorter than the waits. */
const REQUEST_TIMEOUT_MS = 1_000;

describeWithKafka('A client over its quota', function () {
  this.timeout(90_000);

  it('is slowed down, and notices nothing else', async () => {
    const [clientId, topic] = [uniqueName('client'), uniqueName('topic')];
    const logger = new RecordingLogger();
    const kafka = { brokers: bootstrapServers(), clientId, logger };
    await using admin = new KafkaAdmin({ brokers: bootstrapServers() });
    await admin.createTopics([{ topic }]);
    await limit(clientId);

    await using producers = new DefaultKafkaProducerFactory(kafka, {
      requestTimeoutMs: REQUEST_TIMEOUT_MS,
      batchSizeBytes: BATCH_BYTES,
    });
    const producer = producers.createProducer();
    const value = Buffer.alloc(RECORD_BYTES);
    const sent = Promise.all(Array.from({ length: RECORDS }, () => producer.send({ topic, value })));
    const consumer = new DefaultKafkaConsumerFactory(kafka, {
      groupId: uniqueName('group'),
      autoOffsetReset: 'earliest',
      requestTimeoutMs: REQUEST_TIMEOUT_MS,
    }).createConsumer();
    await consumer.subscribe([topic]);
    const offsets = new Recorder<number>();
    while (offsets.count < RECORDS) for (const { offset } of await consumer.poll(60_000)) offsets.record(offset);
    await sent;
    await producer.send({ topic, value: Buffer.from('held until the wait is over') });
    await consumer.close();

    assert.deepEqual(
      offsets.items,
      Array.from({ length: RECORDS }, (_, i) => i),
    );
    const waits = logger
      .at('debug')
      .filter(({ message }) => message.includes('throttles'))
      .map(({ details }) => (details as { throttleTimeMs: number }).throttleTimeMs);
    assert.ok(Math.max(...waits) > REQUEST_TIMEOUT_MS, `it was told to wait ${waits.join()} ms`);
    assert.deepEqual([...logger.at('warn'), ...logger.at('error')], []);
    const closed = logger.at('debug').filter(({ message }) => message === 'connection closed');
    assert.ok(closed.every(({ details }) => (details as { reason: { code: string } }).reason.code === 'CLIENT_CLOSED'));
  });
});

/** Quotas are kept by the cluster for a client id, and nobody else has this one. */
async function limit(clientId: string): Promise<void> {
  const quota = `producer_byte_rate=${QUOTA},consumer_byte_rate=${QUOTA}`;
  const at = ['--bootstrap-server', bootstrapServers().join()];
  const whom = ['--entity-type', 'clients', '--entity-name', clientId];
  await runKafkaTool('kafka.admin.ConfigCommand', [...at, '--alter', '--add-config', quota, ...whom]);
}
