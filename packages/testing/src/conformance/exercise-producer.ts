import assert from 'node:assert/strict';
import {
  Headers,
  isKafkaError,
  type ConsumerRecord,
  type Producer,
  type ProducerRecord,
  type RecordMetadata,
  type SendMapper,
} from '@hearken/core';
import { globalRunner, type TestRunner } from './test-runner.js';

/** What the suite needs around a producer. */
export interface ProducerHarness {
  /** A fresh producer that waits for acknowledgements. The suite closes it. */
  readonly createProducer: () => Producer | Promise<Producer>;
  /** Makes a new topic with so many partitions; resolves with its name when it can be sent to. */
  readonly createTopic: (partitions: number) => Promise<string>;
  /** Everything that stands in the partition, from offset 0. */
  readonly read: (topic: string, partition: number) => Promise<readonly ConsumerRecord[]>;
}

/** What every {@link Producer} promises, as far as it shows without breaking anything. */
// Long because an interface is one list of promises; each stands alone, as a test of its own.
export function exerciseProducer(harness: ProducerHarness, runner: TestRunner = globalRunner()): void {
  const withProducer =
    (body: (producer: Producer) => Promise<void>): (() => Promise<void>) =>
    async () => {
      const producer = await harness.createProducer();
      await body(producer).finally(() => producer.close());
    };
  runner.describe('as a Producer', () => {
    const it = (name: string, body: (producer: Producer) => Promise<void>): unknown =>
      runner.it(name, withProducer(body));
    exerciseRecords(harness, it);
    exercisePartitions(harness, it);
    exerciseOrder(harness, it);
    exerciseFailures(harness, it);
    exerciseClose(harness, it);
  });
}

type It = (name: string, body: (producer: Producer) => Promise<void>) => unknown;

function exerciseRecords({ createTopic, read }: ProducerHarness, it: It): void {
  it('writes a record as it was given, and tells where', async (producer) => {
    const topic = await createTopic(2);
    const headers = Headers.from({ trace: ['a', 'b'], none: null, empty: '' });
    const [key, value] = [Buffer.from('key'), Buffer.from([0, 255, 1])];
    const metadata = await producer.send({ topic, partition: 1, timestamp: 1_700_000_000_000, key, value, headers });
    assert.deepEqual(plain(metadata), { topic, partition: 1, offset: 0 });
    assert.equal(metadata.timestamp, 1_700_000_000_000);
    const [written] = await read(topic, 1);
    assert.ok(written !== undefined);
    assert.deepEqual(plain(written), plain(metadata));
    assert.deepEqual([written.timestamp, written.key, written.value], [1_700_000_000_000, key, value]);
    assert.deepEqual([...written.headers], [...headers]);
  });

  it('tells absent from empty', async (producer) => {
    const topic = await createTopic(1);
    const empty = Buffer.alloc(0);
    await producer.send({ topic, value: null });
    await producer.send({ topic, key: null, value: empty });
    await producer.send({ topic, key: empty, value: null });
    const written = await read(topic, 0);
    const parts = written.map(({ key, value }) => [key, value]);
    assert.deepEqual(parts, [
      [null, null],
      [null, empty],
      [empty, null],
    ]);
    assert.ok(written.every(({ headers }) => headers.size === 0));
  });

  it('stamps a record that has no time', async (producer) => {
    const topic = await createTopic(1);
    const before = Date.now();
    const { timestamp } = await producer.send({ topic, value: null });
    assert.ok(timestamp >= before && timestamp <= Date.now());
  });

  it('takes headers in every form', async (producer) => {
    const topic = await createTopic(1);
    const pairs = [['a', '1'], ['b', Buffer.from('2')]] as const; // prettier-ignore
    for (const headers of [Object.fromEntries<Buffer | string>(pairs), pairs, Headers.from(pairs)]) {
      await producer.send({ topic, value: null, headers });
    }
    const expected = [...Headers.from(pairs)];
    for (const { headers } of await read(topic, 0)) assert.deepEqual([...headers], expected);
  });

  it('counts what it did', async (producer) => {
    const topic = await createTopic(1);
    const before = producer.metrics();
    await Promise.all([1, 2, 3].map((n) => producer.send({ topic, value: Buffer.from([n]) })));
    const after = producer.metrics();
    assert.equal(after.recordsSent - before.recordsSent, 3);
    assert.ok(after.batchesSent > before.batchesSent);
    assert.ok(after.batches > before.batches && after.largestBatchRecords >= 1);
    assert.equal(after.batchedRecords - before.batchedRecords, 3);
    assert.ok(after.queueTimeMs >= after.longestQueueTimeMs && after.longestQueueTimeMs >= 0);
    assert.equal(after.batchesInFlight, 0);
    assert.deepEqual([after.recordsFailed, after.bufferedBytes, after.waiting], [before.recordsFailed, 0, 0]);
  });
}

function exercisePartitions({ createTopic }: ProducerHarness, it: It): void {
  it('tells the partitions of a topic', async (producer) => {
    const topic = await createTopic(3);
    const partitions = await producer.partitionsFor(topic);
    assert.deepEqual(partitions.map(({ partition }) => partition).toSorted(), [0, 1, 2]);
    for (const info of partitions) {
      assert.equal(info.topic, topic);
      assert.ok(info.leader !== undefined && info.replicas.includes(info.leader));
    }
  });

  it('sends to a topic whose partitions it was asked for before', async (producer) => {
    const topic = await createTopic(2);
    await producer.partitionsFor(topic);
    const sent = await Promise.all([1, 2, 3].map(() => producer.send({ topic, partition: 1, value: null })));
    assert.deepEqual(
      sent.map(({ offset }) => offset),
      [0, 1, 2],
    );
  });

  it('sends equal keys to one partition, and different keys to several', async (producer) => {
    const topic = await createTopic(4);
    const keys = Array.from({ length: 40 }, (_, i) => Buffer.from(`key ${i % 20}`));
    const sent = await Promise.all(keys.map((key) => producer.send({ topic, key, value: null })));
    const chosen = sent.map(({ partition }) => partition);
    assert.deepEqual(chosen.slice(0, 20), chosen.slice(20));
    assert.ok(chosen.every((partition) => partition >= 0 && partition < 4));
    assert.ok(new Set(chosen).size > 1);
  });

  it('refuses a partition that does not exist, and harms no other record', async (producer) => {
    const topic = await createTopic(2);
    const [good, bad, other] = await Promise.allSettled([
      producer.send({ topic, partition: 0, value: null }),
      producer.send({ topic, partition: 2, value: null }),
      producer.send({ topic, partition: 1, value: null }),
    ]);
    assert.deepEqual([good.status, other.status], ['fulfilled', 'fulfilled']);
    assert.ok(bad.status === 'rejected' && isKafkaError(bad.reason));
  });
}

function exerciseOrder({ createTopic, read }: ProducerHarness, it: It): void {
  it('writes the records of a partition in the order of the calls, each with an offset of its own', async (producer) => {
    const topic = await createTopic(2);
    const sends: Promise<RecordMetadata>[] = [];
    for (let i = 0; i < 2_000; i++) {
      sends.push(producer.send({ topic, partition: i % 2, value: Buffer.from(String(i)) }));
      if (i % 500 === 499) await sends.at(-1); // several batches
    }
    const offsets = (await Promise.all(sends)).map(({ offset }) => offset);
    assert.deepEqual(
      offsets,
      Array.from(sends, (_, i) => Math.floor(i / 2)),
    );
    for (const partition of [0, 1]) {
      const values = (await read(topic, partition)).map(({ value }) => Number(value));
      assert.deepEqual(
        values,
        Array.from({ length: 1_000 }, (_, i) => 2 * i + partition),
      );
    }
  });

  it('keeps the order of sends with a mapper among those without, and settles as the mapper says, if it has both', async (producer) => {
    if (producer.sendWith === undefined) return;
    const topic = await createTopic(1);
    const mapper: SendMapper<number, [number, RecordMetadata]> = {
      result: (metadata, context) => [context, metadata],
      error: (cause, context) => new Error(`send ${context}`, { cause }),
    };
    const sendWith = (record: ProducerRecord, context: number): Promise<[number, RecordMetadata]> =>
      producer.sendWith?.(record, mapper, context) ?? assert.fail('it had sendWith before');
    const record = { topic, partition: 0, value: null };
    const sends = Array.from({ length: 10 }, async (_, i) => {
      if (i % 2 === 0) return (await producer.send(record)).offset;
      const [context, { offset }] = await sendWith(record, i);
      assert.equal(context, i);
      return offset;
    });
    assert.deepEqual(
      await Promise.all(sends),
      Array.from(sends, (_, i) => i),
    );
    const isMapped = ({ message, cause }: Error): boolean => message === 'send 11' && isKafkaError(cause);
    await assert.rejects(sendWith({ ...record, partition: 1 }, 11), isMapped);
    await producer.close();
    await assert.rejects(sendWith(record, 11), isMapped);
  });

  it('flushes: every record given before is settled', async (producer) => {
    const topic = await createTopic(2);
    let settled = 0;
    const sends = Array.from({ length: 100 }, (_, i) =>
      producer.send({ topic, partition: i % 2, value: null }).then(() => settled++),
    );
    await Promise.all([producer.flush(), producer.flush()]);
    assert.equal(settled, 100);
    await Promise.all(sends);
    await producer.flush();
  });
}

function exerciseFailures({ createTopic, read }: ProducerHarness, it: It): void {
  it('fails one record in the middle of many alone, and keeps the others in order', async (producer) => {
    const topic = await createTopic(1);
    const ends = await Promise.allSettled(
      Array.from({ length: 100 }, (_, i) =>
        producer.send({ topic, partition: i === 50 ? 9 : 0, value: Buffer.from(String(i)) }),
      ),
    );
    assert.deepEqual(
      ends.map(({ status }, i) => (status === 'rejected' ? i : -1)).filter((i) => i >= 0),
      [50],
    );
    const values = (await read(topic, 0)).map(({ value }) => Number(value));
    assert.deepEqual(
      values,
      Array.from({ length: 100 }, (_, i) => i).filter((i) => i !== 50),
    );
  });
}

function exerciseClose({ createTopic, read }: ProducerHarness, it: It): void {
  it('sends what it has taken before it closes', async (producer) => {
    const topic = await createTopic(1);
    const sends = Array.from({ length: 50 }, () => producer.send({ topic, value: null }));
    await producer.close();
    await Promise.all(sends);
    assert.equal((await read(topic, 0)).length, 50);
  });

  it('closes any number of times, and refuses records afterwards', async (producer) => {
    const topic = await createTopic(1);
    await Promise.all([producer.close(), producer.close()]);
    await producer.close();
    const [end] = await Promise.allSettled([producer.send({ topic, value: null })]);
    assert.ok(end.status === 'rejected' && isKafkaError(end.reason));
    assert.deepEqual(await read(topic, 0), []);
  });

  it('closes although it was never used', (producer) => producer.close());
}

const plain = ({ topic, partition, offset }: Omit<RecordMetadata, 'timestamp'>): Omit<RecordMetadata, 'timestamp'> => ({
  topic,
  partition,
  offset,
});
