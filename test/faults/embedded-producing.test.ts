import assert from 'node:assert/strict';
import type { EmbeddedKafkaOptions, FaultRule } from '@hearken/embedded-broker';
import { EmbeddedKafka } from '@hearken/embedded-broker';
import { TcpProxy } from '@hearken/testing';
import {
  DefaultKafkaProducerFactory,
  ProducerError,
  silentLogger,
  type ProducerOptions,
  type RecordMetadata,
} from 'hearken';

const TOPIC = 'orders';
const IN_FLIGHT = 5;

/** A producer of numbered records, behind a proxy that sees what is on its way. */
async function setup(options: ProducerOptions = {}, kafkaOptions: EmbeddedKafkaOptions = {}) {
  const kafka = await EmbeddedKafka.start({ topics: [TOPIC], ...kafkaOptions });
  const proxy = await TcpProxy.start();
  const factory = new DefaultKafkaProducerFactory(
    { brokers: kafka.brokers, socketFactory: proxy.socketFactory, logger: silentLogger },
    options,
  );
  const producer = factory.createProducer();
  const send = (n: number): Promise<RecordMetadata> =>
    producer.send({ topic: TOPIC, partition: 0, value: Buffer.from(String(n)) });
  return {
    kafka,
    faults: kafka.faults,
    send,
    requests: () => kafka.requests.filter(({ api }) => api === 'Produce').length,

    /** One record that is held by its broker, and four in requests behind it. */
    async fillPipe(first: number): Promise<{ readonly sends: Promise<RecordMetadata>[]; readonly held: FaultRule }> {
      const held = await kafka.faults.on({ api: 'Produce', nth: 1 }).hang();
      const sends: Promise<RecordMetadata>[] = [];
      for (let i = 0; i < IN_FLIGHT; i++) {
        const written = proxy.awaitFrame({ api: 'Produce', direction: 'request' });
        const hit = i === 0 ? held.nextHit() : undefined;
        sends.push(send(first + i));
        await Promise.all([written, hit]);
      }
      return { sends, held };
    },

    /** The log holds 0, 1, 2, …, each once, and each where its sender was told. */
    async assertWritten(ends: readonly RecordMetadata[]): Promise<void> {
      const log = (await kafka.records(TOPIC)).map(({ value }) => Number(value));
      assert.deepEqual(log, [...Array(ends.length).keys()]);
      assert.deepEqual(
        ends.map(({ offset }) => offset),
        log,
      );
    },

    async [Symbol.asyncDispose](): Promise<void> {
      await kafka.faults.clear();
      await producer.close();
      await factory.close();
      await proxy.stop();
      await kafka.stop();
    },
  };
}

describe('an idempotent producer under load, on an embedded Kafka: each record once, in order, when', () => {
  for (const [what, effect] of [
    ['is written and its answer lost', 'dropResponse'],
    ['is lost', 'dropRequest'],
    ['finds its connection closed', 'close'],
    ['is written and its answer cut off', 'truncate'],
  ] as const) {
    it(`every third request ${what}`, async () => {
      await using bench = await setup({ batchSizeBytes: 2_000, requestTimeoutMs: 200 });
      for (const nth of [3, 6, 9, 12, 15]) {
        const rule = bench.faults.on({ api: 'Produce', nth });
        await (effect === 'truncate' ? rule.truncate(nth * 2) : rule[effect]());
      }
      const ends = await Promise.all(Array.from({ length: 5_000 }, (_, n) => bench.send(n)));
      assert.ok(bench.requests() > 15, `${bench.requests()} requests`);
      await bench.assertWritten(ends);
    });
  }

  it('five requests are in flight and the leader moves', async () => {
    await using bench = await setup({}, { brokers: 2 });
    const first = await bench.send(0);
    const { sends, held } = await bench.fillPipe(1);
    const from = bench.kafka.requests.at(-1)!.nodeId;
    await bench.faults.partition(TOPIC, 0).moveLeader(3 - from);
    await held.remove();
    await bench.assertWritten([first, ...(await Promise.all(sends))]);
    assert.equal(bench.kafka.requests.filter(({ api }) => api === 'Produce').at(-1)?.nodeId, 3 - from);
  });

  for (const code of ['NOT_LEADER_OR_FOLLOWER', 'NOT_ENOUGH_REPLICAS', 'KAFKA_STORAGE_ERROR', 'REQUEST_TIMED_OUT']) {
    for (const nth of [1, 3]) {
      it(`five are in flight, and number ${nth + 1} is refused twice with ${code}`, async () => {
        await using bench = await setup();
        const first = await bench.send(0);
        const { sends, held } = await bench.fillPipe(1);
        const rule = await bench.faults.on({ api: 'Produce', nth, times: 2 }).error(code);
        await held.remove();
        await bench.assertWritten([first, ...(await Promise.all(sends))]);
        assert.equal(rule.hits, 2);
      });
    }
  }

  it('five are in flight, and one is refused with NOT_ENOUGH_REPLICAS_AFTER_APPEND', async () => {
    await using bench = await setup();
    const first = await bench.send(0);
    const { sends, held } = await bench.fillPipe(1);
    const rule = await bench.faults.on({ api: 'Produce', nth: 2 }).respond(async (request, { handle }) => {
      const answer = (await handle(request)) as { responses: { partitionResponses: { errorCode: number }[] }[] };
      answer.responses[0]!.partitionResponses[0]!.errorCode = 20;
      return answer;
    });
    await held.remove();
    await bench.assertWritten([first, ...(await Promise.all(sends))]);
    assert.equal(rule.hits, 1);
  });

  it('its broker goes down with five in flight and more buffered, and comes back', async () => {
    await using bench = await setup();
    const first = await bench.send(0);
    const { sends } = await bench.fillPipe(1);
    await bench.faults.broker(1).down();
    for (let n = 6; n < 500; n++) sends.push(bench.send(n));
    await bench.faults.clear();
    await bench.faults.broker(1).up();
    await bench.assertWritten([first, ...(await Promise.all(sends))]);
  });
});

describe('a producer, on an embedded Kafka', () => {
  it('is told which records are refused for good among five requests in flight; the others are written, in order', async () => {
    await using bench = await setup();
    await bench.send(0);
    const { sends, held } = await bench.fillPipe(1);
    await bench.faults.on({ api: 'Produce', nth: 2 }).error('TOPIC_AUTHORIZATION_FAILED');
    await held.remove();
    const ends = await Promise.allSettled(sends);
    const [refused, ...others] = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason as unknown] : []));
    assert.deepEqual([(refused as { code: string }).code, others], ['TOPIC_AUTHORIZATION_FAILED', []]);
    const log = (await bench.kafka.records(TOPIC)).map(({ value }) => Number(value));
    assert.deepEqual(log, [0, 1, 2, 4, 5]);
  });

  it('that is told to wait for longer than its request time-out takes nothing for lost', async () => {
    await using bench = await setup({ requestTimeoutMs: 1_000 });
    await bench.faults.on({ api: 'Produce', nth: 1 }).throttle(1_100);
    const ends = [await bench.send(0), await bench.send(1)];
    await bench.assertWritten(ends);
    assert.equal(bench.requests(), 2);
  });

  it('says of what it gives up that it may be written; what is sent after it is', async () => {
    await using bench = await setup({ requestTimeoutMs: 500, deliveryTimeoutMs: 2_000 });
    await bench.send(0);
    const held = await bench.faults.on({ api: 'Produce' }).hang();
    for (const end of await Promise.allSettled([bench.send(1), bench.send(2)])) {
      assert.ok(end.status === 'rejected' && end.reason instanceof ProducerError, 'it is refused');
      assert.deepEqual([end.reason.code, end.reason.mayBeWritten], ['DELIVERY_TIMEOUT', true]);
    }
    await held.remove();
    await Promise.all([bench.send(3), bench.send(4)]);
    const log = (await bench.kafka.records(TOPIC)).map(({ value }) => Number(value));
    assert.deepEqual(
      log.filter((n) => n !== 1 && n !== 2),
      [0, 3, 4],
    );
    assert.deepEqual(log, [...new Set(log)].sort());
  });
});
