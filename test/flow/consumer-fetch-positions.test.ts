import assert from 'node:assert/strict';
import { Recorder, RecordingLogger } from '@hearken/testing';
import {
  DefaultKafkaConsumerFactory,
  KafkaAdmin,
  MessageListenerContainer,
  type Consumer,
  type ConsumerOptions,
  type ConsumerRecord,
} from 'hearken';
import { bootstrapServers, describeWithKafka, uniqueName } from '../support/kafka.js';
import { KafkajsPeer } from '../support/kafkajs-peer.js';
import { until } from '../support/until.js';

const FOREVER_MS = 3_600_000;

describeWithKafka('where a consumer goes on', function () {
  this.timeout(300_000);
  let peer: KafkajsPeer;
  let admin: KafkaAdmin;
  before(async () => {
    peer = await KafkajsPeer.connect(bootstrapServers());
    admin = new KafkaAdmin({ brokers: bootstrapServers(), clientId: 'flow' });
  });
  after(() => Promise.all([peer.close(), admin.close()]));

  let logger: RecordingLogger;
  beforeEach(() => void (logger = new RecordingLogger()));
  const warnings = (): string[] => logger.at('warn').map(({ message }) => message);

  const consumers: Consumer[] = [];
  afterEach(() => Promise.all(consumers.splice(0).map((consumer) => consumer.close())));

  const factory = (options: ConsumerOptions): DefaultKafkaConsumerFactory =>
    new DefaultKafkaConsumerFactory(
      { brokers: bootstrapServers(), clientId: 'flow', logger },
      { autoOffsetReset: 'earliest', ...options },
    );
  const open = (options: ConsumerOptions = {}): Consumer => {
    const consumer = factory(options).createConsumer();
    consumers.push(consumer);
    return consumer;
  };
  const recreate = async (topic: string): Promise<void> => {
    await peer.deleteTopic(topic);
    await until('the topic can be made anew', () =>
      peer.createTopic(1, topic).then(
        () => true,
        () => false,
      ),
    );
  };

  describe('when its topic was deleted and made anew', () => {
    it('reads the new one from its beginning, although that has grown past where it stood', async () => {
      const topic = await peer.createTopic(1);
      const at = { topic, partition: 0 };
      await peer.fill(topic, 0, 5);
      const consumer = open();
      await consumer.assign([at]);
      assert.deepEqual(offsets(await pollRecords(consumer, 5)), range(0, 5));
      consumer.pause([at]); // so that it sees nothing of the new topic before that is longer than the old one was
      await recreate(topic);
      await peer.fill(topic, 0, 9);
      consumer.resume([at]);
      const moved = await consumer.poll(FOREVER_MS);
      assert.deepEqual(moved.nextOffsets, [{ ...at, offset: 0 }]);
      assert.deepEqual(offsets(await pollRecords(consumer, 9)), range(0, 9));
      assert.deepEqual(warnings(), ['consumer: the topic was deleted and made anew, reading is reset']);
    });

    it("stops with 'none', and goes on where it is sought", async () => {
      const topic = await peer.createTopic(1);
      const at = { topic, partition: 0 };
      await peer.fill(topic, 0, 5);
      const consumer = open({ autoOffsetReset: 'none' });
      await consumer.assign([at]);
      consumer.seek(at, 2);
      await pollRecords(consumer, 3);
      await recreate(topic);
      await peer.fill(topic, 0, 9);
      await assert.rejects(consumer.poll(FOREVER_MS), { code: 'TOPIC_RECREATED', offset: 5, partition: at });
      await assert.rejects(consumer.poll(FOREVER_MS), { code: 'TOPIC_RECREATED' });
      consumer.seek(at, 7);
      assert.deepEqual(offsets(await pollRecords(consumer, 2)), [7, 8]);
    });

    it('a container hears every record of the new one, and commits up to its end', async () => {
      const [topic, groupId] = [await peer.createTopic(1), uniqueName('group')];
      const heard = new Recorder<string>();
      await using container = new MessageListenerContainer(factory({ groupId }), {
        topics: [topic],
        listener: ({ value }) => heard.record(String(value)),
      });
      const resets: unknown[] = [];
      container.on('position:reset', (reset) => resets.push(reset));
      await container.start();
      await peer.fill(topic, 0, 5);
      await heard.received(5);
      await recreate(topic);
      await peer.fill(topic, 0, 3);
      await heard.received(8);
      assert.deepEqual(heard.items.slice(5), ['0', '1', '2']);
      assert.deepEqual(resets, [{ topic, partition: 0, reason: 'topic-recreated', from: 5, to: 0 }]);
      await lagIsZero(groupId, topic);
    });
  });

  describe('when records were deleted under it', () => {
    for (const [autoOffsetReset, expected] of [
      ['earliest', [6, 7, 8, 9]],
      ['latest', []],
    ] as const) {
      it(`goes on at the ${autoOffsetReset === 'earliest' ? 'first that is left' : 'end'} with '${autoOffsetReset}'`, async () => {
        const topic = await peer.createTopic(1);
        const at = { topic, partition: 0 };
        await peer.fill(topic, 0, 10);
        await peer.deleteRecords(topic, 0, 6);
        const consumer = open({ autoOffsetReset });
        await consumer.assign([at]);
        consumer.seek(at, 2);
        assert.equal((await consumer.poll(FOREVER_MS)).nextOffsets[0]?.offset, expected[0] ?? 10);
        await peer.produce(topic, 0, [{ value: 'new' }]);
        assert.deepEqual(offsets(await pollRecords(consumer, expected.length + 1)), [...expected, 10]);
        assert.deepEqual(warnings(), ['consumer: the log does not hold this offset, reading is reset']);
      });
    }

    it("stops with 'none', once and until it is sought", async () => {
      const topic = await peer.createTopic(1);
      const at = { topic, partition: 0 };
      await peer.fill(topic, 0, 10);
      await peer.deleteRecords(topic, 0, 6);
      const consumer = open({ autoOffsetReset: 'none' });
      await consumer.assign([at]);
      consumer.seek(at, 2);
      await assert.rejects(consumer.poll(FOREVER_MS), { code: 'OFFSET_OUT_OF_RANGE', offset: 2 });
      assert.equal(consumer.position(at), 2);
      consumer.seek(at, 6);
      assert.deepEqual(offsets(await pollRecords(consumer, 4)), [6, 7, 8, 9]);
    });
  });

  describe('behind the last record', () => {
    const listenTo = (topic: string, groupId: string, heard: Recorder<string>): MessageListenerContainer =>
      new MessageListenerContainer(factory({ groupId }), {
        topics: [topic],
        listener: ({ value }) => heard.record(String(value)),
      });

    it('passes markers and aborted records at the end: lag is 0', async () => {
      const [topic, groupId] = [await peer.createTopic(1), uniqueName('group')];
      const heard = new Recorder<string>();
      await using container = listenTo(topic, groupId, heard);
      await container.start();
      await peer.transactions(topic, 0, [
        { values: ['a', 'b'], outcome: 'commit' },
        { values: ['x', 'y'], outcome: 'abort' },
      ]);
      await heard.received(2);
      await lagIsZero(groupId, topic);
      assert.deepEqual(heard.items, ['a', 'b']);
    });

    it('passes a log of markers and aborted records alone', async () => {
      const [topic, groupId] = [await peer.createTopic(1), uniqueName('group')];
      await peer.transactions(topic, 0, [{ values: ['x', 'y'], outcome: 'abort' }]);
      const heard = new Recorder<string>();
      await using container = listenTo(topic, groupId, heard);
      await container.start();
      await lagIsZero(groupId, topic);
      assert.equal(heard.count, 0);
    });

    it('passes what compaction took from under it', async () => {
      const [topic, groupId] = [uniqueName('topic'), uniqueName('group')];
      const config = { 'segment.ms': '1', 'min.cleanable.dirty.ratio': '0.01' };
      await admin.createTopics([{ topic, partitions: 1, config }]);
      const at = { topic, partition: 0 };
      const consumer = open({ groupId });
      for (let i = 0; i < 10; i++) await peer.produce(topic, 0, [{ key: 'k', value: String(i) }]); // a segment each
      await consumer.assign([at]);
      assert.deepEqual(offsets(await pollRecords(consumer, 10)), range(0, 10));
      await peer.configureTopic(topic, { ...config, 'cleanup.policy': 'compact' }); // not before: it may be done at once
      await until('the log is compacted', async () => {
        const [first] = await readAll(topic);
        return first !== undefined && first.offset > 0;
      });
      consumer.seek(at, 2);
      const left = await pollRecords(consumer, 1);
      assert.ok((left[0]?.offset ?? 0) > 2);
      while (consumer.position(at) < 10) await consumer.poll(FOREVER_MS);
      await consumer.commit([{ ...at, offset: consumer.position(at) }]);
      await lagIsZero(groupId, topic);
    });
  });

  async function readAll(topic: string): Promise<readonly ConsumerRecord[]> {
    const at = { topic, partition: 0 };
    const reader = open();
    await reader.assign([at]);
    const records: ConsumerRecord[] = [];
    while (reader.position(at) < 10) records.push(...(await reader.poll(FOREVER_MS)));
    return records;
  }

  /** As Kafka counts it: the end of the log less what is committed. */
  const lagIsZero = (groupId: string, topic: string): Promise<unknown> =>
    until(`${groupId} has committed up to the end of ${topic}`, async () => {
      const [committed] = await admin.committedOffsets(groupId, [topic]);
      const [log] = await admin.offsets(topic);
      return committed !== undefined && committed.offset === log?.end;
    });
});

/** Polls until it has so many. */
async function pollRecords(consumer: Consumer, count: number): Promise<readonly ConsumerRecord[]> {
  const records: ConsumerRecord[] = [];
  while (records.length < count) records.push(...(await consumer.poll(FOREVER_MS)));
  return records;
}

const offsets = (records: readonly ConsumerRecord[]): number[] => records.map(({ offset }) => offset);

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);
