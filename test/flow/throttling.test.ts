import assert from 'node:assert/strict';
import { RecordingLogger } from '@hearken/testing';
import { runKafkaTool } from '@hearken/tools-kafka';
import { DefaultKafkaConsumerFactory, DefaultKafkaProducerFactory, isKafkaError, KafkaAdmin } from 'hearken';
import { bootstrapServers, describeWithKafka, uniqueName } from '../support/kafka.js';

const RECORDS = 67;
const RECORD_BYTES = 20_000;
const BATCH_BYTES = 500_000;
/** In bytes a second. Kafka takes the average of 11 s: what is above eleven times as much costs a wait, here of 3.4 s. */
const QUOTA = 100_000;
/** Shorter than that, also for a fetch, which gets half a second more; and enough for a busy broker to answer. */
const REQUEST_TIMEOUT_MS = 2_500;

describeWithKafka('A client over its quota', function () {
  this.timeout(300_000);

  it('is slowed down, and notices nothing else', async () => {
    const [clientId, topic] = [uniqueName('client'), uniqueName('topic')];
    const kafka = { brokers: bootstrapServers(), clientId };
    await using admin = new KafkaAdmin({ brokers: bootstrapServers() });
    await admin.createTopics([{ topic }]);
    await limit(clientId);

    const sending = new ThrottleLog();
    await using producers = new DefaultKafkaProducerFactory(
      { ...kafka, logger: sending },
      { requestTimeoutMs: REQUEST_TIMEOUT_MS, batchSizeBytes: BATCH_BYTES },
    );
    const producer = producers.createProducer();
    const value = Buffer.alloc(RECORD_BYTES);
    await Promise.all(Array.from({ length: RECORDS }, () => producer.send({ topic, value })));
    await producer.send({ topic, value: Buffer.from('held until the wait is over') });
    sending.assertUnharmed();

    const reading = new ThrottleLog();
    const consumer = new DefaultKafkaConsumerFactory(
      { ...kafka, logger: reading },
      { groupId: uniqueName('group'), autoOffsetReset: 'earliest', requestTimeoutMs: REQUEST_TIMEOUT_MS },
    ).createConsumer();
    await consumer.subscribe([topic]);
    const offsets: number[] = [];
    // Kafka gives a consumer over its quota nothing, until enough of the 11 s have passed. Two waits say enough.
    while (reading.waits.length < 2) for (const { offset } of await consumer.poll(100)) offsets.push(offset);
    assert.ok(offsets.length > 0);
    assert.deepEqual(offsets, [...offsets.keys()]);
    reading.assertUnharmed();
    await consumer.close();
  });
});

class ThrottleLog extends RecordingLogger {
  /** How long the broker told to wait, each time, in milliseconds. */
  get waits(): number[] {
    const told = this.at('debug').filter(({ message }) => message.includes('throttles'));
    return told.map(({ details }) => (details as { throttleTimeMs: number }).throttleTimeMs);
  }

  assertUnharmed(): void {
    assert.ok(Math.max(...this.waits) > REQUEST_TIMEOUT_MS, `it was told to wait ${this.waits.join()} ms`);
    const errors = this.entries.items
      .flatMap(({ details }) => Object.values(details) as unknown[])
      .filter(isKafkaError);
    assert.deepEqual([...this.at('warn'), ...this.at('error'), ...errors], []);
  }
}

/** Quotas are kept by the cluster for a client id, and nobody else has this one. */
async function limit(clientId: string): Promise<void> {
  const quota = `producer_byte_rate=${QUOTA},consumer_byte_rate=${QUOTA}`;
  const at = ['--bootstrap-server', bootstrapServers().join()];
  const whom = ['--entity-type', 'clients', '--entity-name', clientId];
  await runKafkaTool('kafka.admin.ConfigCommand', [...at, '--alter', '--add-config', quota, ...whom]);
}
