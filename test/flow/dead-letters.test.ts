import assert from 'node:assert/strict';
import { awaitCommitted, Recorder } from '@hearken/testing';
import {
  DeadLetterPublishingRecoverer,
  DefaultErrorHandler,
  DefaultKafkaConsumerFactory,
  FixedBackOff,
  json,
  MessageListenerContainer,
  silentLogger,
  SkipRecord,
  type KafkaAdmin,
  type KafkaTemplate,
} from 'hearken';
import { bootstrapServers, describeWithKafka, uniqueName } from '../support/kafka.js';
import { readTopic, type PeerReadRecord } from '../support/read-topic.js';
import { openClients } from '../support/suite-clients.js';

describeWithKafka('dead letters', () => {
  const kafka = () => ({ brokers: bootstrapServers(), clientId: 'dead-letters' });
  let template: KafkaTemplate;
  let admin: KafkaAdmin;

  openClients((clients) => ({ admin, template } = clients), kafka);

  it('are what cannot be decoded or processed, as it was, and the rest goes on', async () => {
    const [topic, groupId] = [uniqueName('dead-letters'), uniqueName('group')];
    await admin.createTopics([
      { topic, partitions: 2 },
      { topic: `${topic}-dlt`, partitions: 2 },
    ]);
    const values = ['{"id":1}', 'no json', '{"id":2}', '{"id":3}', '{"id":4}'];
    for (const value of values) await template.send(topic, value, { partition: 1, key: 'k', headers: { trace: 't' } });
    const processed = new Recorder<number>();
    const container = new MessageListenerContainer(
      new DefaultKafkaConsumerFactory(kafka(), { groupId, autoOffsetReset: 'earliest' }),
      {
        topics: [topic],
        valueSerde: json<{ id: number }>(),
        errorHandler: new DefaultErrorHandler({
          backOff: new FixedBackOff({ intervalMs: 1, maxRetries: 1 }),
          recoverer: new DeadLetterPublishingRecoverer(template),
        }),
        listener: ({ value }) => {
          if (value.id === 2) throw new RangeError('no such customer');
          if (value.id === 3) throw new SkipRecord('seen before');
          processed.record(value.id);
        },
      },
      { logger: silentLogger },
    );
    await container.start();
    await awaitCommitted({ admin, groupId }, [{ topic, partition: 1, offset: values.length }]);
    await container.stop();
    assert.deepEqual(processed.items, [1, 4]);
    const { recovered, skipped, retried } = container.metrics();
    assert.deepEqual({ recovered, skipped, retried }, { recovered: 2, skipped: 1, retried: 1 });

    const letters = await readTopic(bootstrapServers(), `${topic}-dlt`, 2);
    assert.deepEqual(letters.map(summary), [
      [1, 'no json', 'DeserializationError', 1],
      [1, '{"id":2}', 'RangeError', 2],
    ]);
    for (const letter of letters) {
      assert.equal(letter.key?.toString(), 'k');
      assert.equal(header(letter, 'trace').toString(), 't');
      assert.equal(header(letter, 'kafka_dlt-original-topic').toString(), topic);
      assert.equal(header(letter, 'kafka_dlt-original-consumer-group').toString(), groupId);
    }
  });
});

function header({ headers }: PeerReadRecord, name: string): Buffer {
  const value = headers[name];
  assert.ok(Buffer.isBuffer(value), name);
  return value;
}

const summary = (letter: PeerReadRecord): unknown[] => [
  letter.partition,
  letter.value?.toString(),
  header(letter, 'kafka_dlt-exception-fqcn').toString(),
  Number(header(letter, 'kafka_dlt-original-offset').readBigInt64BE()),
];
