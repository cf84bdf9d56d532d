import assert from 'node:assert/strict';
import {
  createPriorityTopics,
  partitionBuckets,
  PlacedNaming,
  PriorityKafkaTemplate,
  PriorityRegistry,
} from '@hearken/priority';
import { Recorder } from '@hearken/testing';
import {
  DefaultKafkaConsumerFactory,
  DefaultKafkaProducerFactory,
  json,
  KafkaAdmin,
  KafkaTemplate,
  MessageListenerContainer,
} from 'hearken';
import { bootstrapServers, describeWithKafka, uniqueName } from '../support/kafka.js';
import { readTopic } from '../support/read-topic.js';

const LEVELS = ['bulk', 'normal', 'urgent'] as const;

describeWithKafka('a priority template', () => {
  const kafka = () => ({ brokers: bootstrapServers(), clientId: 'priority-template' });
  let factory: DefaultKafkaProducerFactory;
  let admin: KafkaAdmin;

  before(() => {
    factory = new DefaultKafkaProducerFactory(kafka());
    admin = new KafkaAdmin(kafka());
  });
  after(async () => {
    await factory.close();
    await admin.close();
  });

  it('creates topics once, and sends a key to the same partition of every level', async () => {
    const orders = uniqueName('orders');
    const created = await createPriorityTopics(admin, orders, LEVELS.slice(0, 2), { partitions: 5 });
    assert.deepEqual(
      created.map(({ topic, partitions }) => [topic, partitions]),
      [
        [`${orders}-0`, 5],
        [`${orders}-1`, 5],
      ],
    );
    const grown = await createPriorityTopics(admin, orders, LEVELS, { config: { 'retention.ms': 60_000 } });
    assert.deepEqual(
      grown.map(({ partitions, created: isNew }) => [partitions, isNew]),
      [
        [5, false],
        [5, false],
        [5, true],
      ],
    );

    const template = new PriorityKafkaTemplate(factory, {
      levels: LEVELS,
      valueSerde: json<{ id: number }>(),
      priorityHeader: true,
      unequalPartitions: 'fail',
    });
    const keys = Array.from({ length: 20 }, (_, id) => `customer-${id}`);
    const sent = LEVELS.flatMap((level) =>
      keys.map((key, id) => template.send(orders, level, { id }, { key, headers: { trace: `t-${id}` } })),
    );
    const partitions = new Map<string, Set<number>>();
    for (const { record, metadata } of await Promise.all(sent)) {
      partitions.set(record.key as string, (partitions.get(record.key as string) ?? new Set()).add(metadata.partition));
    }
    assert.ok([...partitions.values()].every((seen) => seen.size === 1));
    assert.ok(new Set([...partitions.values()].flatMap((seen) => [...seen])).size > 1);

    const urgent = await readTopic(bootstrapServers(), `${orders}-2`, keys.length);
    assert.equal(urgent.length, keys.length);
    for (const { key, value, headers } of urgent) {
      const { id } = JSON.parse(String(value)) as { id: number };
      assert.equal(String(key), `customer-${id}`);
      assert.deepEqual([String(headers.trace), String(headers['x-priority'])], [`t-${id}`, '2']);
    }
    await template.close();
  });

  it('refuses keys where levels differ in partitions', async () => {
    const orders = uniqueName('orders');
    await admin.createTopics([
      { topic: `${orders}-0`, partitions: 3 },
      { topic: `${orders}-1`, partitions: 4 },
    ]);
    await assert.rejects(createPriorityTopics(admin, orders, 2), { code: 'UNEQUAL_PARTITIONS' });
    const template = new PriorityKafkaTemplate(factory, { levels: 2, unequalPartitions: 'fail' });
    await template.send(orders, 1, 'first', { key: 'k' });
    await assert.rejects(template.send(orders, 0, 'second', { key: 'k' }), { code: 'UNEQUAL_PARTITIONS' });
    await template.send(orders, 0, 'third');
    assert.equal((await template.partitionsFor(orders)).length, 7);
    await template.close();
  });

  it('shares partitions of one topic out among levels, as a registry reads them', async () => {
    const jobs = uniqueName('jobs');
    const naming = new PlacedNaming({ jobs: partitionBuckets(jobs, [1, 3]) });
    await createPriorityTopics(admin, 'jobs', 2, { naming });
    const template = new PriorityKafkaTemplate(factory, { levels: 2, naming });
    const sent = Array.from({ length: 30 }, (_, i) =>
      template.send('jobs', i % 3 === 0 ? 0 : 1, `job-${i}`, i % 2 === 0 ? { key: `k-${i % 6}` } : {}),
    );
    const places = (await Promise.all(sent)).map(({ metadata }) => metadata);
    const registry = new PriorityRegistry({ topics: ['jobs'], levels: 2, naming });
    places.forEach((place, i) => {
      assert.deepEqual(registry.resolve(place), { topic: 'jobs', priority: i % 3 === 0 ? 0 : 1 });
    });
    assert.equal(new Set(places.map(({ partition }) => partition)).size, 4);

    const [urgent] = registry.places(1);
    const values = new Recorder<string>();
    const container = new MessageListenerContainer(
      new DefaultKafkaConsumerFactory(kafka(), { autoOffsetReset: 'earliest' }),
      {
        topicPartitions: (urgent?.partitions ?? []).map((partition) => ({ topic: urgent?.topic ?? '', partition })),
        listener: ({ value }) => values.record(String(value)),
      },
    );
    await container.start();
    await values.received(20);
    await container.stop();
    assert.ok(values.items.every((value) => Number(value.slice('job-'.length)) % 3 !== 0));
    await template.close();
  });

  it('shares the producer of its factory', async () => {
    const orders = uniqueName('orders');
    await createPriorityTopics(admin, orders, 2, { partitions: 1 });
    const plain = new KafkaTemplate(factory);
    await using template = new PriorityKafkaTemplate(factory, { levels: 2 });
    await plain.send(`${orders}-0`, 'a');
    await template.send(orders, 0, 'b');
    assert.equal(plain.metrics().recordsSent, template.metrics().recordsSent);
    await plain.close();
    const { metadata } = await template.send(orders, 0, 'c');
    assert.equal(metadata.offset, 2);
  });
});
