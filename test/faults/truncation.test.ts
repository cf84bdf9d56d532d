import assert from 'node:assert/strict';
import { RecordingLogger } from '@hearken/testing';
import { startKafka, type KafkaCluster } from '@hearken/tools-kafka';
import {
  DefaultKafkaConsumerFactory,
  DefaultKafkaProducerFactory,
  KafkaAdmin,
  KafkaTemplate,
  silentLogger,
  type Consumer,
  type ConsumerOptions,
} from 'hearken';
import { describeWithKafka, uniqueName } from '../support/kafka.js';
import { until } from '../support/until.js';

const FOREVER_MS = 3_600_000;

describeWithKafka('a log that an unclean election cut off', function () {
  this.timeout(300_000);
  let cluster: KafkaCluster;
  let admin: KafkaAdmin;
  const logger = new RecordingLogger();

  before(async () => {
    cluster = await startKafka({
      nodes: 3,
      heapBytes: 384 * 1024 * 1024,
      quickStart: true,
      config: {
        'min.insync.replicas': 1,
        'unclean.leader.election.enable': true,
        // How soon a killed node is missed, as a broker and as a controller.
        'broker.session.timeout.ms': 2_000,
        'broker.heartbeat.interval.ms': 300,
        'controller.quorum.fetch.timeout.ms': 1_000,
        'controller.quorum.election.timeout.ms': 500,
      },
    });
    admin = new KafkaAdmin({ brokers: cluster.brokers, logger: silentLogger });
  });
  after(async () => {
    await admin.close();
    await cluster.stop();
  });

  const consumerOf = (options: ConsumerOptions): Consumer =>
    new DefaultKafkaConsumerFactory(
      { brokers: cluster.brokers, clientId: 'faults', logger },
      { requestTimeoutMs: 10_000, ...options },
    ).createConsumer();

  async function send(topic: string, values: readonly string[]): Promise<void> {
    const producers = new DefaultKafkaProducerFactory({ brokers: cluster.brokers, logger: silentLogger });
    const template = new KafkaTemplate(producers);
    for (const value of values) await template.send(topic, value, { partition: 0 });
    await template.close();
    await producers.close();
  }

  it("is read on from where it ends, or told of with 'none'", async () => {
    const [leader, follower] = cluster.nodes;
    assert.ok(leader !== undefined && follower !== undefined);
    const topic = uniqueName('truncated');
    const at = { topic, partition: 0 };
    await admin.createTopics([{ topic, replicaAssignment: [[1, 2]] }]);
    const [going, strict] = [consumerOf({ autoOffsetReset: 'latest' }), consumerOf({ autoOffsetReset: 'none' })];
    for (const consumer of [going, strict]) {
      await consumer.assign([at]);
      consumer.seek(at, 0);
    }
    await send(topic, ['a', 'b', 'c']);
    await until('both replicas are in sync', () => inSync(topic, 2));
    await follower.kill();
    await until('the leader is alone', () => inSync(topic, 1));
    await send(topic, ['lost', 'lost', 'lost']);
    for (const consumer of [going, strict]) {
      assert.deepEqual(await valuesOf(consumer, 6), ['a', 'b', 'c', 'lost', 'lost', 'lost']);
    }

    await leader.kill();
    await follower.start();
    await until('the follower leads', async () => (await partitionOf(topic))?.leader === 2);
    await send(topic, ['d', 'e', 'f', 'g', 'h']); // the log is longer than it was: offsets alone would tell nothing
    assert.deepEqual(await valuesOf(going, 5), ['d', 'e', 'f', 'g', 'h']);
    assert.equal(going.position(at), 8);
    const warned = logger.at('warn').map(({ details }) => details);
    assert.ok(
      warned.some((details) => 'endOffset' in details && details.endOffset === 3),
      JSON.stringify(warned),
    );
    await assert.rejects(strict.poll(FOREVER_MS), { code: 'LOG_TRUNCATION', offset: 6, partition: at });
    strict.seek(at, 3);
    assert.deepEqual(await valuesOf(strict, 5), ['d', 'e', 'f', 'g', 'h']);
    await Promise.all([going.close(), strict.close()]);
  });

  const partitionOf = async (topic: string) => (await admin.describeTopics([topic]))[0]?.partitions[0];

  const inSync = async (topic: string, count: number): Promise<boolean> =>
    (await partitionOf(topic))?.inSyncReplicas.length === count;
});

async function valuesOf(consumer: Consumer, count: number): Promise<string[]> {
  const values: string[] = [];
  while (values.length < count) for (const { value } of await consumer.poll(FOREVER_MS)) values.push(String(value));
  return values;
}
