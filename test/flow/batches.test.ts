import assert from 'node:assert/strict';
import { awaitCommitted, Recorder, received } from '@hearken/testing';
import {
  BatchListenerFailedError,
  DeadLetterPublishingRecoverer,
  DefaultErrorHandler,
  DefaultKafkaConsumerFactory,
  FixedBackOff,
  json,
  MessageListenerContainer,
  silentLogger,
  type KafkaAdmin,
  type KafkaTemplate,
} from 'hearken';
import { bootstrapServers, describeWithKafka, uniqueName } from '../support/kafka.js';
import { readTopic } from '../support/read-topic.js';
import { openClients } from '../support/suite-clients.js';

interface Numbered {
  readonly id: number;
}

describeWithKafka('batches', () => {
  const kafka = () => ({ brokers: bootstrapServers(), clientId: 'batches' });
  const factoryFor = (groupId: string): DefaultKafkaConsumerFactory =>
    new DefaultKafkaConsumerFactory(kafka(), { groupId, autoOffsetReset: 'earliest' });
  let template: KafkaTemplate;
  let admin: KafkaAdmin;

  openClients((clients) => ({ admin, template } = clients), kafka);

  const send = (topic: string, partition: number, ...values: readonly string[]): Promise<unknown> =>
    Promise.all(values.map((value) => template.send(topic, value, { partition, key: 'k' })));

  it('of which one record cannot be decoded and one fails for good: those two are dead letters, their neighbours are processed', async () => {
    const [topic, groupId] = [uniqueName('batches'), uniqueName('group')];
    await admin.createTopics([
      { topic, partitions: 2 },
      { topic: `${topic}-dlt`, partitions: 2 },
    ]);
    await send(topic, 1, '{"id":1}', 'no json', '{"id":2}', '{"id":3}', '{"id":4}');
    const calls = new Recorder<readonly number[]>();
    const processed: number[] = [];
    const container = new MessageListenerContainer(
      factoryFor(groupId),
      {
        topics: [topic],
        valueSerde: json<Numbered>(),
        errorHandler: new DefaultErrorHandler({
          backOff: new FixedBackOff({ intervalMs: 1, maxRetries: 1 }),
          recoverer: new DeadLetterPublishingRecoverer(template),
        }),
        batchListener: (records) => {
          calls.record(records.map(({ value }) => value.id));
          for (const [index, { value }] of records.entries()) {
            if (value.id === 3) throw new BatchListenerFailedError(index, new RangeError('no such customer'));
            processed.push(value.id);
          }
        },
      },
      { logger: silentLogger },
    );
    await container.start();
    await awaitCommitted({ admin, groupId }, [{ topic, partition: 1, offset: 5 }]);
    await container.stop();
    assert.deepEqual(calls.items, [[1], [2, 3, 4], [3, 4], [4]]);
    assert.deepEqual(processed, [1, 2, 4]);
    const letters = await readTopic(bootstrapServers(), `${topic}-dlt`, 2);
    assert.deepEqual(
      letters.map(({ partition, value, headers }) => [
        partition,
        value?.toString(),
        headers['kafka_dlt-exception-fqcn']?.toString(),
      ]),
      [
        [1, 'no json', 'DeserializationError'],
        [1, '{"id":3}', 'RangeError'],
      ],
    );
  });

  it('are as full as the backlog allows, over all partitions', async () => {
    const [topic, groupId] = [uniqueName('batches'), uniqueName('group')];
    await admin.createTopics([{ topic, partitions: 4 }]);
    for (let partition = 0; partition < 4; partition++)
      await send(topic, partition, ...Array.from({ length: 1_000 }, (_, id) => `{"id":${id}}`));
    const sizes: number[] = [];
    const next = new Map<number, number>();
    const container = new MessageListenerContainer(
      factoryFor(groupId),
      {
        topics: [topic],
        batch: { maxRecords: 100 },
        batchListener: async (records, { partition }) => {
          sizes.push(records.length);
          for (const { offset } of records) {
            assert.equal(offset, next.get(partition) ?? 0);
            next.set(partition, offset + 1);
          }
          await new Promise((resolve) => setImmediate(resolve));
        },
      },
      { logger: silentLogger },
    );
    await container.start();
    await awaitCommitted(
      { admin, groupId },
      [0, 1, 2, 3].map((partition) => ({ topic, partition, offset: 1_000 })),
    );
    await container.stop();
    assert.equal(container.metrics().processed, 4_000);
    assert.ok(sizes.length <= 80, `${sizes.length} batches, where 40 full ones would do`);
  });

  it('that linger wait for what is still to come, and acknowledge a part before a stop', async () => {
    const [topic, groupId] = [uniqueName('batches'), uniqueName('group')];
    await admin.createTopics([{ topic, partitions: 1 }]);
    const sizes = new Recorder<number>();
    const properties = {
      topics: [topic],
      ackMode: 'manual-immediate',
      batch: { maxRecords: 5, lingerMs: 60_000 },
    } as const;
    const first = new MessageListenerContainer(
      factoryFor(groupId),
      {
        ...properties,
        batchListener: (records, { acknowledgment }) => {
          sizes.record(records.length);
          acknowledgment.acknowledge(2);
        },
      },
      { logger: silentLogger },
    );
    await first.start();
    await send(topic, 0, 'a', 'b');
    await send(topic, 0, 'c', 'd');
    await send(topic, 0, 'e');
    await sizes.received(1);
    await first.stop();
    assert.deepEqual(sizes.items, [5]);
    const second = new MessageListenerContainer(
      factoryFor(groupId),
      { topics: [topic], batchListener: () => undefined },
      { logger: silentLogger },
    );
    const rest = received(second, 2);
    await second.start();
    assert.deepEqual(
      (await rest).map(({ value }) => value?.toString()),
      ['d', 'e'],
    );
    await second.stop();
  });
});
