import assert from 'node:assert/strict';
import { startKafka, type KafkaCluster } from '@hearken/tools-kafka';
import { DefaultKafkaProducerFactory, KafkaAdmin, type Producer } from 'hearken';
import { describeWithKafka, uniqueName } from '../support/kafka.js';
import { readTopic } from '../support/read-topic.js';

const PARTITIONS = 4;

describeWithKafka('a producer whose broker restarts', function () {
  this.timeout(300_000);
  let kafka: KafkaCluster;
  let producer: Producer;
  before(async () => {
    kafka = await startKafka({ quickStart: true });
    producer = new DefaultKafkaProducerFactory({ brokers: kafka.brokers, clientId: 'flow' }).createProducer();
  });
  after(async () => {
    await producer.close();
    await kafka.stop();
  });

  for (const [name, restart] of Object.entries({
    'is stopped and started': () => kafka.restart(),
    'is killed and started': async () => {
      await kafka.kill();
      await kafka.start();
    },
  })) {
    it(`under load, when it ${name}: no record fails, is lost, doubled or out of order`, async () => {
      const topic = uniqueName('restart');
      const admin = new KafkaAdmin({ brokers: kafka.brokers });
      await admin.createTopics([{ topic, partitions: PARTITIONS }]);
      await admin.close();

      let isOver = false;
      const sent = [0, 0, 0, 0];
      const offsets: number[][] = [[], [], [], []];
      const keepSending = async (partition: number): Promise<void> => {
        while (!isOver) {
          const batch = Array.from({ length: 10 }, () => producer.send(next(partition)));
          for (const { offset } of await Promise.all(batch)) offsets[partition]!.push(offset);
        }
      };
      const next = (partition: number) => ({ topic, partition, value: Buffer.from(String(sent[partition]!++)) });

      const load = Promise.all([...sent.keys(), ...sent.keys(), ...sent.keys()].map(keepSending));
      await sends(() => sent.every((count) => count > 500));
      await restart();
      const already = sent.map((count) => count + 500);
      await sends(() => sent.every((count, partition) => count > already[partition]!));
      isOver = true;
      await load;

      const total = sent.reduce((sum, count) => sum + count, 0);
      const read = await readTopic(kafka.brokers, topic, total);
      assert.equal(read.length, total);
      for (let partition = 0; partition < PARTITIONS; partition++) {
        const values = read.filter((record) => record.partition === partition).map(({ value }) => Number(value));
        assert.deepEqual(values, [...Array(sent[partition]).keys()]);
        assert.deepEqual(
          offsets[partition]!.sort((a, b) => a - b),
          [...Array(sent[partition]).keys()],
        );
      }
      assert.equal(producer.metrics().recordsFailed, 0);

      /** Resolves when what the load has reached is enough; looks whenever a record of its own is written. */
      async function sends(isEnough: () => boolean): Promise<void> {
        while (!isEnough()) await producer.send({ topic: `${topic}-pulse`, value: null });
      }
    });
  }

  it('while idle: the next record is written', async () => {
    const topic = uniqueName('idle');
    await producer.send({ topic, value: null });
    await kafka.restart();
    assert.equal((await producer.send({ topic, value: null })).offset, 1);
  });
});
