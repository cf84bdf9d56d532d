import assert from 'node:assert/strict';
import { TcpProxy } from '@hearken/testing';
import {
  codeOf,
  DefaultKafkaProducerFactory,
  ProducerError,
  type KafkaAdmin,
  type Producer,
  type ProducerOptions,
  type ProducerRecord,
  type RecordMetadata,
} from 'hearken';
import { bootstrapServers, describeWithKafka, uniqueName } from '../support/kafka.js';
import { readTopic, type PeerReadRecord } from '../support/read-topic.js';
import { openClients } from '../support/suite-clients.js';

describeWithKafka('the producer on real Kafka', function () {
  this.timeout(300_000);
  let admin: KafkaAdmin;
  const open: Producer[] = [];
  openClients((clients) => ({ admin } = clients));
  afterEach(async () => {
    await Promise.all(open.splice(0).map((producer) => producer.close()));
  });

  function producerOf(options: ProducerOptions = {}, kafka: object = {}): Producer {
    const factory = new DefaultKafkaProducerFactory(
      { brokers: bootstrapServers(), clientId: 'flow', ...kafka },
      options,
    );
    const producer = factory.createProducer();
    open.push(producer);
    return producer;
  }

  async function newTopic(partitions: number, config: Record<string, string> = {}): Promise<string> {
    const topic = uniqueName('produced');
    await admin.createTopics([{ topic, partitions, config }]);
    return topic;
  }

  const outcome = (sent: Promise<RecordMetadata>): Promise<RecordMetadata | string | undefined> =>
    sent.catch((error: unknown) => codeOf(error) ?? String(error));

  it('writes 20 000 records that another client reads as they were, where it said, in order', async () => {
    const topic = await newTopic(7);
    const producer = producerOf();
    const records = Array.from({ length: 20_000 }, (_, i): ProducerRecord & { partition: number } => ({
      topic,
      partition: i % 7,
      key: i % 3 === 0 ? null : Buffer.from(`key ${i % 100}`),
      value: i % 11 === 0 ? null : Buffer.from(`value ${i} ${'ü'.repeat(i % 50)}`),
      timestamp: 1_700_000_000_000 + ((i * 7919) % 100_000),
      headers: i % 5 === 0 ? { number: String(i), twice: ['a', 'b'], empty: '' } : {},
    }));
    const metadata = await Promise.all(records.map((record) => producer.send(record)));
    const read = new Map(
      (await readTopic(bootstrapServers(), topic, records.length)).map((record) => [placeOf(record), record]),
    );
    assert.equal(read.size, records.length);
    for (const [i, record] of records.entries()) {
      const { key, value, timestamp, headers } = read.get(placeOf(metadata[i]!))!;
      assert.deepEqual([key, value, timestamp], [record.key, record.value, record.timestamp]);
      const expected = {
        number: Buffer.from(String(i)),
        twice: [Buffer.from('a'), Buffer.from('b')],
        empty: Buffer.alloc(0),
      };
      assert.deepEqual({ ...headers }, i % 5 === 0 ? expected : {});
    }
    for (let partition = 0; partition < 7; partition++) {
      const offsets = metadata.filter((one) => one.partition === partition).map(({ offset }) => offset);
      assert.deepEqual(offsets, [...offsets.keys()]);
    }
  });

  for (const options of [{ compression: 'gzip' }, { acks: 1 }, { idempotent: false }] satisfies ProducerOptions[]) {
    it(`writes with ${JSON.stringify(options)}`, async () => {
      const topic = await newTopic(2);
      const producer = producerOf(options);
      const values = Array.from({ length: 3_000 }, (_, i) => `${i} ${'x'.repeat(i % 200)}`);
      await Promise.all(
        values.map((value, i) => producer.send({ topic, partition: i % 2, value: Buffer.from(value) })),
      );
      assertInOrder(await readTopic(bootstrapServers(), topic, values.length), values);
    });
  }

  it('writes with acks 0, not knowing where', async () => {
    const topic = await newTopic(1);
    const producer = producerOf({ acks: 0 });
    const values = ['0', '1', '2'];
    const metadata = await Promise.all(values.map((value) => producer.send({ topic, value: Buffer.from(value) })));
    assert.deepEqual(
      metadata.map(({ offset }) => offset),
      [-1, -1, -1],
    );
    assertInOrder(await readTopic(bootstrapServers(), topic, 3), values);
  });

  it('makes a topic on demand, all sends at once', async () => {
    const topic = uniqueName('on-demand');
    const producer = producerOf();
    const values = Array.from({ length: 100 }, (_, i) => String(i));
    await Promise.all(values.map((value) => producer.send({ topic, partition: 0, value: Buffer.from(value) })));
    assertInOrder(await readTopic(bootstrapServers(), topic, 100), values);
  });

  it('refuses a topic that is not there without auto-creation, and makes none', async () => {
    const topic = uniqueName('absent');
    const producer = producerOf({ allowAutoTopicCreation: false });
    assert.equal(await outcome(producer.send({ topic, value: null })), 'UNKNOWN_TOPIC_OR_PARTITION');
    assert.ok(!(await admin.listTopics()).includes(topic));
  });

  it('finds a topic made, and a partition added, just before', async () => {
    const topic = await newTopic(1);
    const producer = producerOf({ allowAutoTopicCreation: false });
    assert.equal((await producer.send({ topic, value: null })).partition, 0);
    assert.equal(await outcome(producer.send({ topic, value: null, partition: 2 })), 'INVALID_PARTITION');
    await admin.createPartitions([{ topic, partitions: 3 }]);
    assert.deepEqual(await outcome(producer.send({ topic, value: null, partition: 2, timestamp: 5 })), {
      topic,
      partition: 2,
      offset: 0,
      timestamp: 5,
    });
  });

  it('rejects only what is larger than the topic allows; the batch it was in is written without it', async () => {
    const topic = await newTopic(1, { 'max.message.bytes': '5000' });
    const producer = producerOf();
    const values = Array.from({ length: 100 }, (_, i) => `${i} ${'x'.repeat(i === 50 ? 6_000 : 300)}`);
    const outcomes = await Promise.all(
      values.map((value) => outcome(producer.send({ topic, value: Buffer.from(value) }))),
    );
    assert.equal(outcomes[50], 'MESSAGE_TOO_LARGE');
    const written = values.filter((_, i) => i !== 50);
    assertInOrder(await readTopic(bootstrapServers(), topic, 99), written);
    assert.deepEqual(
      outcomes.filter((_, i) => i !== 50).map((one) => (one as RecordMetadata).offset),
      [...written.keys()],
    );
    assert.equal((await producer.send({ topic, value: null })).offset, 99);
  });

  it('rejects only the records a compacted topic refuses, which have no key', async () => {
    const topic = await newTopic(1, { 'cleanup.policy': 'compact' });
    const producer = producerOf();
    const values = Array.from({ length: 20 }, (_, i) => String(i));
    const keyless = (i: number): boolean => i % 6 === 2;
    const sends = values.map((value, i) =>
      outcome(producer.send({ topic, key: keyless(i) ? null : Buffer.from(value), value: Buffer.from(value) })),
    );
    for (const [i, one] of (await Promise.all(sends)).entries()) {
      if (keyless(i)) assert.equal(one, 'INVALID_RECORD');
      else assert.equal(typeof one, 'object', JSON.stringify(one));
    }
    const written = values.filter((_, i) => !keyless(i));
    assertInOrder(await readTopic(bootstrapServers(), topic, written.length), written);
  });

  it("tells the broker's time on a topic with log append time", async () => {
    const topic = await newTopic(1, { 'message.timestamp.type': 'LogAppendTime' });
    const producer = producerOf();
    const before = Date.now();
    const { timestamp } = await producer.send({ topic, value: null, timestamp: 5 });
    assert.ok(timestamp >= before, `${timestamp}`);
  });

  it('spreads records without a key over all partitions', async () => {
    const topic = await newTopic(4);
    const producer = producerOf({ batchSizeBytes: 1_000 });
    const sends = Array.from({ length: 2_000 }, () => producer.send({ topic, value: Buffer.alloc(100) }));
    const counts = [0, 0, 0, 0];
    for (const { partition } of await Promise.all(sends)) counts[partition]!++;
    for (const count of counts) assert.ok(count > 100, counts.join());
  });

  it('writes each record once, in order, on a network that loses answers', async () => {
    const topic = await newTopic(3);
    // Now and then rather than each so many: two producers' worth of answers must not fall into step with it.
    await using proxy = await TcpProxy.start();
    let answers = 0;
    const losses = proxy.cut({
      direction: 'response',
      where: ({ bytes }) => bytes.length > 0 && ++answers > 4 && (answers * 2_654_435_761) % 2 ** 32 < 2 ** 32 / 8,
    });
    const producer = producerOf({ batchSizeBytes: 2_000 }, { socketFactory: proxy.socketFactory });
    const values = Array.from({ length: 3_000 }, (_, i) => String(i));
    const metadata = await Promise.all(
      values.map((value, i) => producer.send({ topic, partition: i % 3, value: Buffer.from(value) })),
    );
    await producer.close();
    assert.ok(losses.hits >= 3, `${losses.hits} answers lost`);
    const read = await readTopic(bootstrapServers(), topic, values.length);
    assertInOrder(read, values);
    const byPlace = new Map(read.map((record) => [placeOf(record), record.value?.toString()]));
    for (const [i, value] of values.entries()) assert.equal(byPlace.get(placeOf(metadata[i]!)), value);
  });

  it('rejects in bounded time, with a hint, where nothing listens', async () => {
    const producer = producerOf({}, { brokers: ['127.0.0.1:1'], bootstrapTimeoutMs: 500 });
    const outcomes = await Promise.all([1, 2].map(() => outcome(producer.send({ topic: 't', value: null }))));
    assert.deepEqual(outcomes, ['CONNECTION_FAILED', 'CONNECTION_FAILED']);
    await producer.close();
    await assert.rejects(producer.send({ topic: 't', value: null }), ProducerError);
  });
});

const placeOf = ({ partition, offset }: { partition: number; offset: number }): string => `${partition}:${offset}`;

/** Each value once, and those of a partition in the order they were sent; values begin with their number. */
function assertInOrder(read: readonly PeerReadRecord[], values: readonly string[]): void {
  const numbers = new Map<number, number[]>();
  for (const { partition, value } of read) {
    const of = numbers.get(partition) ?? [];
    numbers.set(partition, of);
    of.push(Number.parseInt(value?.toString() ?? ''));
  }
  for (const of of numbers.values()) {
    assert.deepEqual(
      of,
      [...of].sort((a, b) => a - b),
    );
  }
  const all = read.map(({ value }) => value?.toString());
  assert.deepEqual(all.sort(), [...values].sort());
}
