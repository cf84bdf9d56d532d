import assert from 'node:assert/strict';
import {
  codeOf,
  DefaultKafkaProducerFactory,
  silentLogger,
  type KafkaAdmin,
  type Producer,
  type ProducerOptions,
  type RecordMetadata,
} from 'hearken';
import { bootstrapServers, describeWithKafka, uniqueName } from '../support/kafka.js';
import { readLogs } from '../support/partition-log.js';
import { openClients } from '../support/suite-clients.js';

describeWithKafka('a producer with several batches of a partition in flight', function () {
  this.timeout(300_000);
  let admin: KafkaAdmin;
  let producer: Producer;
  openClients((clients) => ({ admin } = clients));
  afterEach(() => producer.close());

  async function open(
    { partitions = 1, config = {} }: { partitions?: number; config?: Record<string, string> },
    options: ProducerOptions = {},
  ): Promise<string> {
    const topic = uniqueName('pipeline');
    await admin.createTopics([{ topic, partitions, config }]);
    const kafka = { brokers: bootstrapServers(), logger: silentLogger };
    producer = new DefaultKafkaProducerFactory(kafka, options).createProducer();
    await producer.send({ topic, partition: 0, key: Buffer.from('first'), value: Buffer.from('0') });
    return topic;
  }

  /** The most batches that were in flight while these sends were made, one tick after another. */
  async function watchedWhile(sends: Promise<unknown>[]): Promise<number> {
    let most = 0;
    let isOver = false;
    const settled = Promise.allSettled(sends).then(() => (isOver = true));
    const watch = (): void => {
      most = Math.max(most, producer.metrics().batchesInFlight);
      if (!isOver) setImmediate(watch);
    };
    watch();
    await settled;
    return most;
  }

  const numbered = (number: number, padding = 0): Buffer => Buffer.from(String(number).padEnd(padding));
  const codeOrOffset = (sent: Promise<RecordMetadata>): Promise<number | string | undefined> =>
    sent.then(
      ({ offset }) => offset,
      (error: unknown) => codeOf(error),
    );

  it('has five, and the log has their records in order', async () => {
    const topic = await open({}, { batchSizeBytes: 2_000 });
    const sends = Array.from({ length: 1_000 }, (_, i) =>
      producer.send({ topic, partition: 0, value: numbered(i + 1, 200) }),
    );
    assert.equal(await watchedWhile(sends), 5);
    const offsets = (await Promise.all(sends)).map(({ offset }) => offset);
    assert.deepEqual(offsets, [...Array(1_001).keys()].slice(1));
    assert.deepEqual(await readLogs(bootstrapServers(), topic), [[...Array(1_001).keys()]]);
    assert.equal(producer.metrics().batchesRetried, 0);
  });

  it('loses one record that a compacted topic refuses for want of a key, and none of the 999 around it', async () => {
    const topic = await open({ config: { 'cleanup.policy': 'compact' } }, { batchSizeBytes: 5_000 });
    const sends = Array.from({ length: 1_000 }, (_, i) =>
      producer.send({
        topic,
        partition: 0,
        key: i === 500 ? null : Buffer.from(`key ${i}`),
        value: numbered(i + 1, 100),
      }),
    );
    assert.ok((await watchedWhile(sends)) > 1);
    const ends = await Promise.all(sends.map(codeOrOffset));
    assert.equal(ends[500], 'INVALID_RECORD');
    const written = [...Array(1_001).keys()].filter((number) => number !== 501);
    assert.deepEqual(await readLogs(bootstrapServers(), topic), [written]);
    assert.deepEqual(
      ends.filter((_, i) => i !== 500),
      [...Array(1_000).keys()].slice(1),
    );
  });

  it('takes apart batches that are too large, in order, and makes smaller ones from then on', async () => {
    const topic = await open({ config: { 'max.message.bytes': '3000' } }, { batchSizeBytes: 10_000 });
    const sendMany = (first: number): Promise<RecordMetadata>[] =>
      Array.from({ length: 500 }, (_, i) => producer.send({ topic, partition: 0, value: numbered(first + i, 200) }));
    const sends = sendMany(1);
    assert.ok((await watchedWhile(sends)) > 1);
    const splits = producer.metrics().batchesSplit;
    assert.ok(splits > 2, `${splits}`);
    const more = sendMany(501);
    await Promise.all([...sends, ...more]);
    assert.deepEqual(await readLogs(bootstrapServers(), topic), [[...Array(1_001).keys()]]);
    assert.equal(producer.metrics().batchesSplit, splits);
  });

  it('refuses at once what is for a partition that the topic has no more after it was made anew', async () => {
    const topic = await open({ partitions: 3 }, { allowAutoTopicCreation: false });
    const ends: (number | string | undefined)[][] = [[], [], []];
    let isOver = false;
    const keepSending = async (partition: number): Promise<void> => {
      for (let n = 0; !isOver; n++) {
        ends[partition]!.push(await codeOrOffset(producer.send({ topic, partition, value: numbered(n) })));
      }
    };
    const load = Promise.all([0, 1, 2].map(keepSending));
    await admin.deleteTopics([topic]);
    await admin.createTopics([{ topic, partitions: 1 }]);
    while (ends[1]!.at(-1) !== 'INVALID_PARTITION' || ends[2]!.at(-1) !== 'INVALID_PARTITION') {
      await admin.listTopics(); // a turn of the event loop, and of the broker
    }
    const { offset } = await producer.send({ topic, partition: 0, value: numbered(-1) });
    isOver = true;
    await load;
    const [log] = await readLogs(bootstrapServers(), topic);
    assert.equal(log![offset], -1);
    assert.deepEqual(
      ends[0]!.filter((end) => typeof end === 'string' && end !== 'UNKNOWN_TOPIC_OR_PARTITION'),
      [],
    );
  });
});
