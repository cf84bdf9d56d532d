import assert from 'node:assert/strict';
import { EmbeddedKafka, type EmbeddedKafkaOptions } from '@hearken/embedded-broker';
import { DefaultKafkaProducerFactory, silentLogger } from 'hearken';

const TOPIC = 'orders';

/** An idempotent producer on an embedded Kafka; `written` is what the log holds, each as often as it is there. */
async function setup(options: EmbeddedKafkaOptions = {}) {
  const kafka = await EmbeddedKafka.start({ topics: [TOPIC], ...options });
  const producers = new DefaultKafkaProducerFactory({ brokers: kafka.brokers, logger: silentLogger });
  const producer = producers.createProducer();
  return {
    kafka,
    send: (value: string) => producer.send({ topic: TOPIC, partition: 0, value: Buffer.from(value) }),
    written: async () => (await kafka.records(TOPIC)).map(({ value }) => String(value)),
    asked: (name = 'InitProducerId') => kafka.requests.filter(({ api }) => api === name).length,
    async [Symbol.asyncDispose](): Promise<void> {
      await producer.close();
      await producers.close();
      await kafka.stop();
    },
  };
}

describe('an idempotent producer on an embedded Kafka', () => {
  it('asks for its id once, any of the brokers', async () => {
    await using bench = await setup({ brokers: 3 });
    for (const value of ['a', 'b', 'c']) await bench.send(value);
    assert.equal(bench.asked(), 1);
    assert.deepEqual(await bench.written(), ['a', 'b', 'c']);
  });

  it('asks again where the answer is a refusal that passes, or none', async () => {
    await using bench = await setup();
    await bench.kafka.faults.on({ api: 'InitProducerId', times: 1 }).error('COORDINATOR_LOAD_IN_PROGRESS');
    await bench.kafka.faults.on({ api: 'InitProducerId', times: 1 }).truncate(6);
    await bench.send('a');
    assert.equal(bench.asked(), 3);
    assert.deepEqual(await bench.written(), ['a']);
  });

  it('writes each record once though answers are lost, under the same id', async () => {
    await using bench = await setup();
    await bench.send('a');
    await bench.kafka.faults.on({ api: 'Produce', times: 3 }).truncate(6);
    const sent = await Promise.all([bench.send('b'), bench.send('c')]);
    assert.deepEqual(
      sent.map(({ offset }) => offset),
      [1, 2],
    );
    assert.deepEqual([await bench.written(), bench.asked()], [['a', 'b', 'c'], 1]);
  });

  it('goes on under the next epoch of its id where the log lost what it had written', async () => {
    await using bench = await setup();
    for (const value of ['a', 'b', 'c']) await bench.send(value);
    await bench.kafka.faults.partition(TOPIC, 0).truncate(1);
    const { offset } = await bench.send('d');
    assert.equal(offset, 1);
    assert.equal(bench.asked('Produce'), 5, 'the fourth is out of order, the fifth of a new epoch');
    assert.deepEqual([await bench.written(), bench.asked()], [['a', 'd'], 1]);
  });

  for (const [error, asks, how] of [
    ['INVALID_PRODUCER_EPOCH', 2, 'under a new id'],
    ['UNKNOWN_PRODUCER_ID', 1, 'under the next epoch of its id'],
  ] as const) {
    it(`goes on ${how} after ${error}`, async () => {
      await using bench = await setup();
      await bench.send('a');
      await bench.kafka.faults.on({ api: 'Produce', times: 1 }).error(error);
      await bench.send('b');
      assert.deepEqual([await bench.written(), bench.asked()], [['a', 'b'], asks]);
    });
  }
});
