import assert from 'node:assert/strict';
import { awaitCommitted } from '@hearken/testing';
import {
  DeadLetterPublishingRecoverer,
  DefaultErrorHandler,
  DefaultKafkaConsumerFactory,
  FixedBackOff,
  json,
  MessageListenerContainer,
  nullable,
  silentLogger,
  type ConsumerRecord,
  type KafkaAdmin,
  type KafkaTemplate,
} from 'hearken';
import { bootstrapServers, describeWithKafka, uniqueName } from '../support/kafka.js';
import { openClients } from '../support/suite-clients.js';
import { runSpring, type SpringLetter } from './spring-dead-letters.js';

const PARTITION = 1;
const RECORDS = [
  { key: '"k"', value: '{"id":1}' },
  { key: '"k"', value: 'no JSON' },
  { key: 'no JSON', value: '{"id":2}' },
  { key: null, value: null },
] as const;

const NO_REASON = {
  ...{ exception: null, message: null, stackTrace: null, cause: null },
  ...{ keyException: null, keyMessage: null, keyStackTrace: null },
} as const;

describeWithKafka('dead letters between Spring Kafka and us', () => {
  const kafka = () => ({ brokers: bootstrapServers(), clientId: 'interop' });
  const groupId = uniqueName('billing');
  const topic = uniqueName('orders');
  /** By who failed, first and last. */
  const letters = {
    ours: `${topic}-ours`,
    springs: `${topic}-springs`,
    oursThenSprings: `${topic}-ours-springs`,
    springsThenOurs: `${topic}-springs-ours`,
    springsTwice: `${topic}-springs-springs`,
  };
  let template: KafkaTemplate;
  let admin: KafkaAdmin;
  let readBySpring: SpringLetter[];
  openClients((clients) => ({ admin, template } = clients), kafka);

  before(async function () {
    this.timeout(300_000); // the first time Maven fetches Spring
    const config = { 'message.timestamp.type': 'LogAppendTime' };
    await admin.createTopics([
      { topic, partitions: 2 },
      ...Object.values(letters).map((name) => ({ topic: name, partitions: 2, config })),
    ]);
    for (const { key, value } of RECORDS)
      await template.send(topic, value, { partition: PARTITION, key, headers: { trace: 't', nothing: null } });

    await failHere(topic, letters.ours);
    await admin.deleteGroups([groupId]); // for Spring to begin at the beginning, with the same name
    readBySpring = await runSpring(bootstrapServers(), [
      ['fail', groupId, topic, letters.springs, String(RECORDS.length)],
      ['fail', groupId, letters.springs, letters.springsTwice, String(RECORDS.length)],
      ['fail', groupId, letters.ours, letters.oursThenSprings, String(RECORDS.length)],
      ['read', letters.ours, String(RECORDS.length)],
    ]);
    await admin.deleteGroups([groupId]);
    await failHere(letters.springs, letters.springsThenOurs);
  });
  async function failHere(from: string, to: string): Promise<void> {
    const container = new MessageListenerContainer(
      new DefaultKafkaConsumerFactory(kafka(), { groupId, autoOffsetReset: 'earliest' }),
      {
        topics: [from],
        keySerde: nullable(json()),
        valueSerde: nullable(json()),
        errorHandler: new DefaultErrorHandler({
          backOff: new FixedBackOff({ intervalMs: 1, maxRetries: 1 }),
          recoverer: new DeadLetterPublishingRecoverer(template, {
            destination: ({ partition }) => ({ topic: to, partition }),
          }),
        }),
        listener: () => {
          throw new NoSuchCustomer('no such customer', { cause: new RangeError('id') });
        },
      },
      { logger: silentLogger },
    );
    await container.start();
    await awaitCommitted({ admin, groupId }, [{ topic: from, partition: PARTITION, offset: RECORDS.length }]);
    await container.stop();
  }

  it('of ours are what Spring’s listeners declare', async () => {
    const failed = await read(topic);
    assert.deepEqual(
      readBySpring.map((letter) => ({ ...letter, stackTrace: null, keyStackTrace: null })),
      failed.map(({ offset, timestamp }) => ({
        ...{ topic, partition: PARTITION, offset, timestamp, timestampType: 'CreateTime', group: groupId },
        ...reason(offset),
      })),
    );
    for (const { message, stackTrace, keyMessage, keyStackTrace } of readBySpring) {
      const trace = stackTrace ?? keyStackTrace ?? '';
      assert.ok(trace.includes(message ?? keyMessage ?? '') && trace.includes('\n    at '), trace);
    }
  });

  const reason = (offset: number): Partial<SpringLetter> => {
    const undecodable = (part: string) => `the ${part} of ${topic}-${PARTITION} offset ${offset} cannot be decoded`;
    if (offset === 1)
      return { ...NO_REASON, exception: 'DeserializationError', cause: 'SyntaxError', message: undecodable('value') };
    if (offset === 2)
      return {
        ...NO_REASON,
        keyException: 'DeserializationError',
        cause: 'SyntaxError',
        keyMessage: undecodable('key'),
      };
    return { ...NO_REASON, exception: 'NoSuchCustomer', cause: 'RangeError', message: 'no such customer' };
  };

  it('of ours are Spring’s, byte for byte, but for what each says of its own error', async () => {
    const [ours, springs] = await Promise.all([read(letters.ours), read(letters.springs)]);
    assert.deepEqual(ours.map(comparable), springs.map(comparable));
    assert.deepEqual(
      springs.map(({ partition, key, value }) => ({ partition, key: key?.toString(), value: value?.toString() })),
      RECORDS.map(({ key, value }) => ({ partition: PARTITION, key: key ?? undefined, value: value ?? undefined })),
    );
  });

  it('that fail again keep the places they came from, the newest last, wherever they failed', async () => {
    const [springsThenOurs, springsTwice, oursThenSprings] = await Promise.all(
      [letters.springsThenOurs, letters.springsTwice, letters.oursThenSprings].map(read),
    );
    assert.deepEqual(springsThenOurs!.map(comparable), springsTwice!.map(comparable));
    assert.deepEqual(oursThenSprings!.map(headerNames), springsTwice!.map(headerNames));
    for (const { headers } of springsThenOurs!) {
      assert.deepEqual(headers.getAll('kafka_dlt-original-topic').map(String), [topic, letters.springs]);
      assert.deepEqual(headers.getAll('kafka_dlt-original-timestamp-type').map(String), [
        'CreateTime',
        'LogAppendTime',
      ]);
    }
  });
});

class NoSuchCustomer extends Error {}

async function read(topic: string): Promise<ConsumerRecord[]> {
  const factory = new DefaultKafkaConsumerFactory({ brokers: bootstrapServers() }, { autoOffsetReset: 'earliest' });
  const consumer = factory.createConsumer();
  try {
    await consumer.assign([{ topic, partition: PARTITION }]);
    const records: ConsumerRecord[] = [];
    while (records.length < RECORDS.length) records.push(...(await consumer.poll(10_000, 1_000)));
    return records;
  } finally {
    await consumer.close();
  }
}

const headerNames = ({ headers }: ConsumerRecord): string[] => Array.from(headers, ([name]) => name);

const comparable = ({ partition, key, value, headers }: ConsumerRecord): unknown => ({
  partition,
  key,
  value,
  headers: Array.from(headers, ([name, bytes]) => [name, name.includes('exception') ? 'its own' : bytes]),
});
