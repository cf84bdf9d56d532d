import assert from 'node:assert/strict';
import {
  DefaultKafkaConsumerFactory,
  DefaultKafkaProducerFactory,
  type ConsumerRecord,
  type ProducerOptions,
  type TopicPartition,
} from 'hearken';
import { exerciseConsumer, exerciseProducer, type RecordInit } from '@hearken/testing';
import { GroupReader } from '../../support/group-reader.js';
import { uniqueName } from '../../support/kafka.js';
import { until } from '../../support/until.js';
import type { ContractBroker } from '../contract-broker.js';
import { stableGroup } from '../group-member.js';
import { committedIn } from '../group-requests.js';
import { aBatch, produce } from '../partition-requests.js';

const PRODUCERS: Readonly<Record<string, ProducerOptions>> = {
  'with its defaults': {},
  'that lingers and compresses': { lingerMs: 5, batchSizeBytes: 4_096, compression: 'gzip' },
  'that is not idempotent': { idempotent: false, acks: 1 },
};

export function ourClientCases(broker: ContractBroker): void {
  const createTopic = (partitions: number): Promise<string> => broker.topic(partitions);

  for (const [kind, options] of Object.entries(PRODUCERS)) {
    describe(`a producer ${kind}`, () => {
      exerciseProducer({
        createProducer: () => new DefaultKafkaProducerFactory(broker.kafka, options).createProducer(),
        createTopic,
        read: (topic, partition) => readToEnd(broker, { topic, partition }),
      });
    });
  }

  describe('a consumer', () => {
    const options = { autoOffsetReset: 'earliest' } as const;
    exerciseConsumer({
      createConsumer: (groupId) =>
        new DefaultKafkaConsumerFactory(broker.kafka, { ...options, groupId }).createConsumer(),
      createTopic,
      produce: (topic, partition, records) => send(broker, { topic, partition }, records),
      uniqueGroup: () => uniqueName('group'),
    });
  });

  it('describe a group whose leader gave out what is no assignment', async () => {
    const groupId = uniqueName('group');
    await stableGroup(broker, groupId);
    const group = await until('it is stable', async () => {
      const [described] = await broker.admin.describeGroups([groupId]);
      return described?.state === 'Stable' && described;
    });
    assert.deepEqual(
      group.members.map(({ assignment }) => assignment),
      [[]],
    );
  });

  describe('consumers of one group', () => {
    const reader = (groupId: string, options: ConstructorParameters<typeof GroupReader>[0] = {}): GroupReader => {
      const made = new GroupReader({ groupId, ...options }, broker.brokers);
      broker.during({ [Symbol.asyncDispose]: () => made.close() });
      return made;
    };

    for (const assignor of ['range', 'round-robin', 'cooperative-sticky'] as const) {
      it(`share partitions out, and again when one closes: ${assignor}`, async () => {
        const [topic, groupId] = [await broker.topic(4), uniqueName('group')];
        const [one, other] = [assignor, assignor].map((each) => reader(groupId, { partitionAssignors: [each] }));
        await one!.read([topic]);
        await one!.owns(4);
        await other!.read([topic]);
        await other!.owns(2);
        if (assignor === 'cooperative-sticky') assert.equal(one!.revoked.last?.length, 2);
        else await one!.owns(2);
        await other!.close();
        await one!.assigned.first((partitions) => partitions.length === (assignor === 'cooperative-sticky' ? 2 : 4));
        for (let partition = 0; partition < 4; partition++) {
          await produce(broker, topic, aBatch([`to ${partition}`]), { partition });
        }
        await one!.records.received(4);
      });
    }

    it('go on where the one before committed', async () => {
      const [topic, groupId] = [await broker.topic(), uniqueName('group')];
      await produce(broker, topic, aBatch(['a', 'b', 'c', 'd']));
      const first = reader(groupId);
      await first.read([topic]);
      await first.records.received(4);
      await first.consumer.commit([{ topic, partition: 0, offset: 3 }]);
      await first.close();
      assert.equal((await committedIn(broker, groupId, topic)).committedOffset, 3);
      const second = reader(groupId);
      await second.read([topic]);
      assert.equal(String((await second.records.received(1))[0]?.value), 'd');
    });

    it('that are static come back to what they had', async () => {
      const [topic, groupId] = [await broker.topic(4), uniqueName('group')];
      const stays = reader(groupId, { groupInstanceId: 'stays' });
      const goes = reader(groupId, { groupInstanceId: 'goes' });
      await stays.read([topic]);
      await goes.read([topic]);
      const owned = await goes.owns(2);
      await stays.owns(2);
      const rebalances = stays.assigned.count;
      await goes.close();
      const back = reader(groupId, { groupInstanceId: 'goes' });
      await back.read([topic]);
      assert.deepEqual(sorted(await back.owns(2)), sorted(owned));
      assert.equal(stays.assigned.count, rebalances);
    });

    it("share with kafkajs'", async () => {
      const [topic, groupId] = [await broker.topic(4), uniqueName('group')];
      const ours = reader(groupId, { partitionAssignors: ['kafkajs-round-robin'] });
      await ours.read([topic]);
      await ours.owns(4);
      const theirs = await broker.kafkajsConsumer({ groupId });
      await theirs.subscribe({ topics: [topic] });
      await theirs.run({ eachMessage: () => Promise.resolve() });
      await ours.owns(2);
      await theirs.disconnect();
      await until('it has all again', () => ours.consumer.assignment().length === 4);
    });
  });
}

const sorted = (partitions: readonly TopicPartition[]): number[] => partitions.map(({ partition }) => partition).sort();

async function send(broker: ContractBroker, at: TopicPartition, records: readonly RecordInit[]): Promise<void> {
  await using factory = new DefaultKafkaProducerFactory(broker.kafka);
  const producer = factory.createProducer();
  await Promise.all(
    records.map(({ key = null, value = null, timestamp, headers }) =>
      producer.send({
        ...{ ...at, key: bytesOf(key), value: bytesOf(value) },
        ...(timestamp === undefined ? {} : { timestamp }),
        ...(headers === undefined ? {} : { headers }),
      }),
    ),
  );
}

async function readToEnd(broker: ContractBroker, at: TopicPartition): Promise<readonly ConsumerRecord[]> {
  const consumer = broker.consumer({ autoOffsetReset: 'earliest' });
  const [end] = await consumer.endOffsets([at]);
  await consumer.assign([at]);
  const records: ConsumerRecord[] = [];
  while (consumer.position(at) < end!.offset) records.push(...(await consumer.poll(60_000)));
  return records;
}

const bytesOf = (part: Buffer | string | null): Buffer | null => (typeof part === 'string' ? Buffer.from(part) : part);
