import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { codeOf, isKafkaError, KafkaConfigError } from '@hearken/core';
import { apiVersionsApi, joinGroupApi, metadataApi } from '@hearken/protocol';
import { eventLoopTurn, ManualClock } from '@hearken/testing';
import { EmbeddedKafka, type EmbeddedKafkaOptions } from '../dist/index.js';
import { aBatch, fetch, produce, setup, stopAll, type Setup } from './handlers/setup.js';
import { RawClient } from './raw-client.js';

const NOBODY = { clientSoftwareName: '', clientSoftwareVersion: '' };

const allTopics = async (client: RawClient) => {
  const { topics } = await client.send(metadataApi, 9, {
    topics: null,
    allowAutoTopicCreation: false,
    includeClusterAuthorizedOperations: false,
    includeTopicAuthorizedOperations: false,
  });
  return topics.map(({ name, partitions }) => `${name}:${partitions.length}`);
};

const portOf = (address: string | undefined): number => Number(address?.split(':')[1]);

/** What keeps a process alive. */
const openPorts = (): string[] =>
  process.getActiveResourcesInfo().filter((kind) => ['TCPServerWrap', 'TCPSocketWrap'].includes(kind));

/** The only deadline is the test's own. */
const until = async (isMet: () => boolean): Promise<void> => {
  while (!isMet()) await eventLoopTurn();
};

/** Resolves when one client waits for records and another has joined a group. */
async function busy({ kafka, client, other }: Setup): Promise<void> {
  const served = [kafka.awaitRequest({ api: 'Fetch' }), kafka.awaitRequest({ api: 'JoinGroup' })];
  void fetch(client, { maxWaitMs: 30_000 });
  void other.send(joinGroupApi, 5, aJoin);
  await Promise.all(served);
}

describe('EmbeddedKafka', () => {
  afterEach(stopAll);

  it('has the topics that it was started with, told in any way', async () => {
    const { client } = await setup({
      topics: ['a', 'b:3', { topic: 'c' }, { topic: 'd', partitions: 4, configs: { 'retention.bytes': '1000' } }],
      partitions: 2,
    });
    assert.deepEqual(await allTopics(client), ['a:2', 'b:3', 'c:2', 'd:4']);
  });

  it('makes topics later', async () => {
    const { kafka, client } = await setup();
    await kafka.addTopics('a:2', { topic: 'b' });
    assert.deepEqual(await allTopics(client), ['a:2', 'b:1']);
    await assert.rejects(kafka.addTopics('a'), (error) => codeOf(error) === 'REFUSED');
    await assert.rejects(kafka.addTopics('a b'), KafkaConfigError);
  });

  it('tells the records of a topic', async () => {
    const { kafka, client } = await setup({ topics: ['orders:2'] });
    await produce(client, aBatch('a'), { partition: 1 });
    await produce(client, aBatch('b'));
    await produce(client, aBatch('c'));
    const records = await kafka.records('orders');
    assert.deepEqual(
      records.map(({ topic, partition, offset, timestamp, key, value, headers }) => [
        topic,
        partition,
        offset,
        timestamp,
        key,
        String(value),
        headers.size,
      ]),
      [
        ['orders', 0, 0, 1_000, null, 'b', 0],
        ['orders', 0, 1, 1_000, null, 'c', 0],
        ['orders', 1, 0, 1_000, null, 'a', 0],
      ],
    );
    await assert.rejects(kafka.records('none'), (error) => codeOf(error) === 'UNKNOWN_TOPIC');
  });

  describe('options', () => {
    const wrong: readonly (readonly [path: string, options: EmbeddedKafkaOptions])[] = [
      ['brokers', { brokers: 0 }],
      ['brokers', { brokers: 101 }],
      ['partitions', { partitions: 1.5 }],
      ['port', { port: 65_536 }],
      ['port', { port: 65_535, brokers: 2 }],
      ['mode', { mode: 'fast' as 'worker' }],
      ['topics', { topics: 'orders' as unknown as [] }],
      ['topics[1].topic', { topics: ['ok', 'not ok'] }],
      ['topics[0].partitions', { topics: ['orders:x'] }],
      ['topics[0].partitions', { topics: ['orders:0'] }],
      ['topics[0].topic', { topics: [{} as never] }],
      ['topics[0].configs', { topics: [{ topic: 'a', configs: 'x' as never }] }],
      ['config', { config: { 'no.such.config': 1 } }],
      ['config.default.replication.factor', { config: { 'default.replication.factor': 2 } }],
      ['clock', { mode: 'worker', clock: new ManualClock() }],
      ['brokerz', { brokerz: 3 } as EmbeddedKafkaOptions],
    ];
    for (const [path, options] of wrong) {
      it(`are refused for a wrong ${path}: ${JSON.stringify(options)}`, async () => {
        const error: unknown = await EmbeddedKafka.start(options).catch((reason: unknown) => reason);
        assert.ok(error instanceof KafkaConfigError, String(error));
        assert.ok(
          error.problems.some((problem) => problem.path === path),
          error.message,
        );
      });
    }

    it('refuse a topic config that Kafka would refuse, and leave nothing open', async () => {
      const topic = { topic: 'a', configs: { 'no.such.config': '1' } };
      await assert.rejects(EmbeddedKafka.start({ topics: [topic] }), (error) => codeOf(error) === 'REFUSED');
      await until(() => openPorts().length === 0);
    });
  });

  describe('ports', () => {
    it('count up from the one given', async () => {
      const taken = createServer().listen(0, '127.0.0.1');
      await once(taken, 'listening');
      const { port } = taken.address() as AddressInfo;
      taken.close();
      await once(taken, 'close');
      const { kafka } = await setup({ port });
      assert.deepEqual(kafka.brokers, [`127.0.0.1:${port}`]);
      await assert.rejects(EmbeddedKafka.start({ port }), (error) => {
        assert.ok(isKafkaError(error) && error.code === 'PORT_IN_USE');
        return error.message.includes(String(port));
      });
    });
  });

  describe('a broker', () => {
    it('that goes down closes its port and connections, and comes back on the same port', async () => {
      const { kafka, clients } = await setup({ brokers: 2 });
      const before = kafka.brokers;
      await kafka.faults.broker(2).down();
      await clients[1]!.closed;
      await assert.rejects(RawClient.connect(before[1]!), { code: 'ECONNREFUSED' });
      await kafka.faults.broker(2).up();
      assert.deepEqual(kafka.brokers, before);
      using client = await RawClient.connect(before[1]!);
      await client.send(apiVersionsApi, 0, NOBODY);
    });

    it('may be told to go and come as often as one likes, without waiting', async () => {
      const { kafka } = await setup();
      const broker = kafka.faults.broker(1);
      await Promise.all([broker.down(), broker.down(), broker.up(), broker.up(), broker.down(), broker.up()]);
      using client = await RawClient.connect(kafka.brokers[0]!);
      await client.send(apiVersionsApi, 0, NOBODY);
    });

    it('that there is not is an error', async () => {
      const { kafka } = await setup();
      await assert.rejects(kafka.faults.broker(2).down(), (error) => codeOf(error) === 'UNKNOWN_BROKER');
    });
  });

  describe('reset', () => {
    it('makes everything as it was, on the same ports', async () => {
      const { kafka, client } = await setup({ brokers: 2, topics: ['orders'] });
      const before = kafka.brokers;
      await kafka.addTopics('more');
      await produce(client, aBatch('a'));
      await kafka.faults.broker(2).down();
      await kafka.faults.broker(1).pause();
      kafka.faults.on({ api: 'Metadata' }).close();

      await kafka.reset();
      await client.closed;
      assert.deepEqual(kafka.brokers, before);
      for (const broker of before) {
        using again = await RawClient.connect(broker);
        assert.deepEqual(await allTopics(again), ['orders:1']);
      }
      assert.deepEqual(await kafka.records('orders'), []);
    });

    it('leaves no timer of what waited', async () => {
      const broker = await setup({ topics: ['orders'] });
      await busy(broker);
      await broker.kafka.reset();
      await Promise.all([broker.client.closed, broker.other.closed]);
      await until(() => broker.clock.pendingTimers === 0);
    });

    it('may be called twice at once', async () => {
      const { kafka } = await setup({ topics: ['orders'] });
      await Promise.all([kafka.reset(), kafka.reset()]);
      using client = await RawClient.connect(kafka.brokers[0]!);
      assert.deepEqual(await allTopics(client), ['orders:1']);
    });
  });

  describe('stop', () => {
    it('ends whatever waits, and leaves nothing', async () => {
      const broker = await setup({ topics: ['orders'] });
      await busy(broker);
      await broker.kafka.stop();
      await Promise.all([broker.client.closed, broker.other.closed]);
      await until(() => openPorts().length === 0 && broker.clock.pendingTimers === 0);
    });

    it('may be called any number of times, also at once and during a reset', async () => {
      const { kafka } = await setup();
      const reset = kafka.reset().catch((error: unknown) => assert.equal(codeOf(error), 'STOPPED'));
      await Promise.all([kafka.stop(), kafka.stop(), reset]);
      await kafka.stop();
    });

    it('is the end: everything else is refused', async () => {
      const { kafka } = await setup({ topics: ['orders'] });
      await kafka.stop();
      const stopped = (error: unknown): boolean => codeOf(error) === 'STOPPED';
      await assert.rejects(kafka.addTopics('a'), stopped);
      await assert.rejects(kafka.records('orders'), stopped);
      await assert.rejects(kafka.groups(), stopped);
      await assert.rejects(kafka.reset(), stopped);
      await assert.rejects(kafka.faults.broker(1).up(), stopped);
    });

    it('comes by itself at the end of a scope', async () => {
      let address: string | undefined;
      {
        await using kafka = await EmbeddedKafka.start();
        [address] = kafka.brokers;
      }
      const again = await EmbeddedKafka.start({ port: portOf(address) });
      await again.stop();
    });
  });
});

const aJoin = {
  groupId: 'g',
  sessionTimeoutMs: 10_000,
  rebalanceTimeoutMs: 10_000,
  memberId: '',
  groupInstanceId: 'i',
  protocolType: 'consumer',
  protocols: [{ name: 'range', metadata: Buffer.alloc(0) }],
  reason: null,
};
