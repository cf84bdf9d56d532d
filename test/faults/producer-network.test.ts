import assert from 'node:assert/strict';
import { TcpProxy, type FrameMatch } from '@hearken/testing';
import {
  codeOf,
  DefaultKafkaProducerFactory,
  ProducerError,
  silentLogger,
  type KafkaAdmin,
  type Producer,
  type ProducerOptions,
  type RecordMetadata,
} from 'hearken';
import { bootstrapServers, describeWithKafka, uniqueName } from '../support/kafka.js';
import { readLogs } from '../support/partition-log.js';
import { openClients } from '../support/suite-clients.js';

const IN_FLIGHT = 5;
const REQUESTS: FrameMatch = { api: 'Produce', direction: 'request' };
const RESPONSES: FrameMatch = { api: 'Produce', direction: 'response' };

describeWithKafka('an idempotent producer on a bad network', () => {
  let admin: KafkaAdmin;
  let proxy: TcpProxy;
  let topic: string;
  let producer: Producer;
  openClients((clients) => ({ admin } = clients));
  beforeEach(async () => {
    topic = uniqueName('network');
    await admin.createTopics([{ topic, partitions: 1 }]);
    proxy = await TcpProxy.start();
  });
  afterEach(async () => {
    await producer.close();
    await proxy.stop();
  });

  function open(options: ProducerOptions = {}): void {
    const kafka = { brokers: bootstrapServers(), socketFactory: proxy.socketFactory, logger: silentLogger };
    producer = new DefaultKafkaProducerFactory(kafka, options).createProducer();
  }

  /** Records numbered from `first`, in one batch if none is in flight. */
  const send = (first: number, count = 1): Promise<RecordMetadata>[] =>
    Array.from({ length: count }, (_, i) => producer.send({ topic, partition: 0, value: valueOf(first + i) }));
  const valueOf = (n: number): Buffer => Buffer.from(`${n}`.padEnd(20));

  /** So many batches, the next one sent when the one before is on its way; none arrives yet. */
  async function fillPipe(): Promise<{ readonly sends: Promise<RecordMetadata>[]; readonly release: () => void }> {
    const held = proxy.hold(REQUESTS);
    const sends: Promise<RecordMetadata>[] = [];
    for (let i = 1; i <= IN_FLIGHT; i++) {
      const written = proxy.awaitFrame(REQUESTS);
      sends.push(...send(i * 10, 10));
      await written;
    }
    return { sends, release: () => held.end() };
  }

  /** The log holds these numbers and nothing else, each where its sender was told. */
  async function assertWritten(numbers: readonly number[], ends: readonly RecordMetadata[]): Promise<void> {
    const [log] = await readLogs(bootstrapServers(), topic);
    assert.deepEqual(log, numbers);
    assert.deepEqual(
      ends.map(({ offset }) => log[offset]),
      numbers.slice(-ends.length),
    );
  }

  const numbers = (first: number, count: number): number[] => Array.from({ length: count }, (_, i) => first + i);

  for (const nth of [1, 3, IN_FLIGHT]) {
    for (const [loss, lose] of Object.entries({
      'is cut off': () => proxy.cut({ ...RESPONSES, nth }),
      'is cut off half way': () => proxy.cut({ ...RESPONSES, nth }, { afterBytes: 20 }),
      'never comes': () => proxy.swallow({ ...RESPONSES, nth }),
    })) {
      it(`five batches in flight, and answer ${nth} ${loss}: each record once, in order`, async () => {
        open({ requestTimeoutMs: 2_000 });
        const first = await Promise.all(send(0, 10));
        const { sends, release } = await fillPipe();
        const lost = lose();
        release();
        const ends = [...first, ...(await Promise.all(sends))];
        assert.equal(lost.hits, 1);
        await assertWritten(numbers(0, 60), ends);
      });
    }
  }

  for (const nth of [1, 3, IN_FLIGHT]) {
    it(`five batches in flight, and the connection is cut inside request ${nth}: each record once, in order`, async () => {
      open();
      const first = await Promise.all(send(0, 10));
      const cut = proxy.cut({ ...REQUESTS, nth }, { afterBytes: 50 });
      const sends: Promise<RecordMetadata>[] = [];
      for (let i = 1; i <= IN_FLIGHT; i++) {
        const written = proxy.awaitFrame(REQUESTS);
        sends.push(...send(i * 10, 10));
        await written;
      }
      const ends = [...first, ...(await Promise.all(sends))];
      assert.equal(cut.hits, 1);
      await assertWritten(numbers(0, 60), ends);
    });
  }

  it('every request arrives twice: each record once, in order', async () => {
    open({ batchSizeBytes: 1_000 });
    const doubled = proxy.duplicate(REQUESTS);
    const ends = await Promise.all(send(0, 1_000));
    assert.ok(doubled.hits > 10, `${doubled.hits} requests`);
    await assertWritten(numbers(0, 1_000), ends);
  });

  it('no answer comes until the time is up: the outcome is told as unknown, and as many records after it are written', async () => {
    open({ requestTimeoutMs: 1_000, deliveryTimeoutMs: 4_000 });
    const before = await Promise.all(send(0, 10));
    const lost = proxy.swallow(RESPONSES);
    const failed = await Promise.allSettled(send(10, 10));
    lost.end();
    for (const end of failed) {
      assert.ok(end.status === 'rejected' && end.reason instanceof ProducerError);
      assert.deepEqual([codeOf(end.reason), end.reason.mayBeWritten], ['DELIVERY_TIMEOUT', true]);
    }
    assert.ok(lost.hits > 1, 'it was sent again meanwhile');
    const after = await Promise.all(send(20, 10));
    const [log] = await readLogs(bootstrapServers(), topic);
    assert.deepEqual(log, numbers(0, 30));
    assert.deepEqual(
      [...before, ...after].map(({ offset }) => log[offset]),
      [...numbers(0, 10), ...numbers(20, 10)],
    );
  });

  it('no request arrives until the time is up: those records are not there, and the next are written', async () => {
    open({ requestTimeoutMs: 1_000, deliveryTimeoutMs: 4_000 });
    const before = await Promise.all(send(0, 10));
    const lost = proxy.swallow(REQUESTS);
    const failed = await Promise.allSettled(send(10, 10));
    assert.deepEqual(new Set(failed.map(({ status }) => status)), new Set(['rejected']));
    lost.end();
    const after = await Promise.all(send(20, 10));
    await assertWritten([...numbers(0, 10), ...numbers(20, 10)], [...before, ...after]);
  });
});
