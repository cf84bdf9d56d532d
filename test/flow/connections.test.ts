import assert from 'node:assert/strict';
import { TcpProxy, type ApiName } from '@hearken/testing';
import { DefaultKafkaConsumerFactory, DefaultKafkaProducerFactory, KafkaAdmin, type ConsumerOptions } from 'hearken';
import { bootstrapServers, describeWithKafka, uniqueName } from '../support/kafka.js';

const API_NAMES: Readonly<Record<number, ApiName>> = {
  0: 'Produce',
  1: 'Fetch',
  2: 'ListOffsets',
  3: 'Metadata',
  8: 'OffsetCommit',
  9: 'OffsetFetch',
  10: 'FindCoordinator',
  11: 'JoinGroup',
  12: 'Heartbeat',
  13: 'LeaveGroup',
  14: 'SyncGroup',
  18: 'ApiVersions',
  22: 'InitProducerId',
};

/** Looks at everything one client sends, and tells which requests went over which of its connections. */
class Watched implements AsyncDisposable {
  readonly #proxy: TcpProxy;
  readonly #requests = new Map<number, Set<string>>();

  private constructor(proxy: TcpProxy) {
    this.#proxy = proxy;
    proxy.swallow({
      direction: 'request',
      where: ({ connection, apiKey }) => {
        if (apiKey === undefined) return false; // the end of it
        const names = this.#requests.get(connection) ?? new Set();
        this.#requests.set(connection, names.add(API_NAMES[apiKey] ?? String(apiKey)));
        return false;
      },
    });
  }

  static async start(): Promise<Watched> {
    return new Watched(await TcpProxy.start());
  }

  get proxy(): TcpProxy {
    return this.#proxy;
  }

  get kafka() {
    return { brokers: bootstrapServers(), socketFactory: this.#proxy.socketFactory };
  }

  /** For each connection what went over it beside the handshake, in the order of the alphabet. */
  get connections(): string[] {
    const names = Array.from(this.#requests.values(), (all) => [...all].filter((name) => name !== 'ApiVersions'));
    return names.map((some) => some.sort().join()).sort();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#proxy.stop();
  }
}

describeWithKafka('The connections of clients', function () {
  this.timeout(300_000);

  async function topicWithOneRecord(): Promise<string> {
    const topic = uniqueName('topic');
    await using admin = new KafkaAdmin({ brokers: bootstrapServers() });
    await admin.createTopics([{ topic }]);
    await using producers = new DefaultKafkaProducerFactory({ brokers: bootstrapServers() });
    await producers.createProducer().send({ topic, value: Buffer.from('v') });
    return topic;
  }

  const consumerOf = (watched: Watched, options: ConsumerOptions = {}) =>
    new DefaultKafkaConsumerFactory(watched.kafka, {
      groupId: uniqueName('group'),
      autoOffsetReset: 'earliest',
      heartbeatIntervalMs: 100,
      ...options,
    }).createConsumer();

  it('of a consumer: what the broker may hold back has one of its own', async () => {
    const topic = await topicWithOneRecord();
    await using watched = await Watched.start();
    const consumer = consumerOf(watched);
    await consumer.subscribe([topic]);
    const beat = watched.proxy.awaitFrame({ api: 'Heartbeat' });
    while ((await consumer.poll(100)).count === 0);
    await consumer.commit([{ topic, partition: 0, offset: 1 }]);
    await beat;
    await consumer.close();
    assert.deepEqual(watched.connections, [
      'Fetch',
      'FindCoordinator,ListOffsets,Metadata,OffsetCommit,OffsetFetch',
      'Heartbeat,JoinGroup,LeaveGroup,SyncGroup',
      'Metadata', // finds the brokers, and is closed
    ]);
  });

  it('of a consumer that leaves: not behind its JoinGroup', async () => {
    const topic = await topicWithOneRecord();
    await using watched = await Watched.start();
    const consumer = consumerOf(watched);
    // The first is answered with a member id, the second when the group is complete.
    using held = watched.proxy.hold({ api: 'JoinGroup', direction: 'response', nth: 2 });
    await consumer.subscribe([topic]);
    const polling = consumer.poll(60_000);
    const { connection } = await held.struck;
    const leave = watched.proxy.awaitFrame({ api: 'LeaveGroup' });
    const closing = consumer.close();
    assert.notEqual((await leave).connection, connection);
    await closing;
    await polling.catch(() => undefined); // closed under it
  });

  it('of a producer', async () => {
    const topic = await topicWithOneRecord();
    await using watched = await Watched.start();
    await using producers = new DefaultKafkaProducerFactory(watched.kafka);
    const producer = producers.createProducer();
    await Promise.all([1, 2, 3].map((n) => producer.send({ topic, value: Buffer.from(String(n)) })));
    assert.deepEqual(watched.connections, ['InitProducerId,Metadata', 'Metadata', 'Produce']);
  });
});
