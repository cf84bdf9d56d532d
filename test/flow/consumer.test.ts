import assert from 'node:assert/strict';
import { Signal } from '@hearken/testing';
import { CommitFailedError, KafkaError, type ConsumerOptions, type ConsumerRecord, type TopicPartition } from 'hearken';
import { GroupReader } from '../support/group-reader.js';
import { bootstrapServers, describeWithKafka, uniqueName } from '../support/kafka.js';
import { KafkajsPeer } from '../support/kafkajs-peer.js';
import { until } from '../support/until.js';

const FOREVER_MS = 3_600_000;

describeWithKafka('a consumer', function () {
  this.timeout(300_000);
  let peer: KafkajsPeer;
  before(async () => (peer = await KafkajsPeer.connect(bootstrapServers())));
  after(() => peer.close());

  const readers: GroupReader[] = [];
  afterEach(() => Promise.all(readers.splice(0).map((reader) => reader.close())));
  const open = (options: ConsumerOptions = {}): GroupReader => {
    const reader = new GroupReader({ groupId: uniqueName('group'), ...options });
    readers.push(reader);
    return reader;
  };
  /** Not to be closed by the hook: the test does, or it ends in an error. */
  const forget = (reader: GroupReader): void => void readers.splice(readers.indexOf(reader), 1);

  describe('in a group', () => {
    it('goes on where the group committed', async () => {
      const topic = await peer.createTopic(2);
      await Promise.all([peer.fill(topic, 0, 50), peer.fill(topic, 1, 50)]);
      const groupId = uniqueName('group');
      const first = open({ groupId });
      await first.read([topic]);
      await first.records.received(100);
      await first.consumer.commit([
        { topic, partition: 0, offset: 20 },
        { topic, partition: 1, offset: 50 },
      ]);
      await first.close();

      const second = open({ groupId });
      await second.read([topic]);
      const records = await second.records.received(30);
      assert.deepEqual(offsets(records), range(20, 50));
    });

    it('shares partitions with a second member and takes them back; every record comes once', async () => {
      const topic = await peer.createTopic(4);
      const groupId = uniqueName('group');
      const [a, b] = [open({ groupId }), open({ groupId })];
      for (const reader of [a, b]) reader.whenRevoked = (partitions) => reader.commitPositions(partitions);
      await fillAll(topic, 4, 100);
      await a.read([topic]);
      await a.records.received(400);

      await b.read([topic]);
      const [aOwns, bOwns] = await Promise.all([a.owns(2), b.owns(2)]);
      assert.equal(new Set([...aOwns, ...bOwns].map(({ partition }) => partition)).size, 4);
      assert.equal(a.revoked.items[0]?.length, 4);
      await fillAll(topic, 4, 100);
      await Promise.all([a.records.received(600), b.records.received(200)]);

      await b.close();
      await a.assigned.received(3);
      await fillAll(topic, 4, 100);
      await a.records.received(1_000);
      const seen = [...a.records.items, ...b.records.items].map(({ partition, offset }) => `${partition}:${offset}`);
      assert.equal(new Set(seen).size, 1_200);
      assert.equal(seen.length, 1_200);
      assert.deepEqual([a.lost.count, b.lost.count], [0, 0]);
    });

    it('keeps its partitions until onPartitionsRevoked ends, however long a session is', async () => {
      const topic = await peer.createTopic(2);
      const groupId = uniqueName('group');
      const [a, b] = [open({ groupId, sessionTimeoutMs: 6_000 }), open({ groupId })];
      const [revoking, mayGo] = [new Signal(), new Signal()];
      a.whenRevoked = async (partitions) => {
        revoking.fire();
        await mayGo.wait();
        await a.commitPositions(partitions);
      };
      await a.read([topic]);
      await a.owns(2);
      await peer.fill(topic, 0, 3);
      await a.records.received(3);
      await b.read([topic]);
      await revoking.wait();
      assert.equal(b.assigned.count, 0);
      await until('the group waits', async () => (await peer.group(groupId)).state === 'PreparingRebalance');
      assert.equal(b.assigned.count, 0);
      mayGo.fire();
      await b.owns(1);
      assert.equal((await b.consumer.committed([{ topic, partition: 0 }]))[0]?.offset, 3);
    });

    it('commits for nobody else: refused after an eviction, and the new owner keeps its offset', async () => {
      const topic = await peer.createTopic(1);
      const groupId = uniqueName('group');
      const at = { topic, partition: 0 };
      await peer.fill(topic, 0, 10);
      // The coordinator drops a member that does not give up its partitions within the longest rebalance time-out of all.
      const [a, b] = [open({ groupId, maxPollIntervalMs: 1_000 }), open({ groupId, maxPollIntervalMs: 1_000 })];
      const refused = new Signal<unknown>();
      a.whenRevoked = async () => {
        await b.owns(1);
        await b.records.received(10);
        await b.commitPositions();
        await a.consumer.commit([{ ...at, offset: 3 }]).catch(refused.fire);
      };
      await a.read([topic]);
      await a.records.received(10);
      await b.read([topic]);
      const error = await refused.wait();
      assert.ok(error instanceof CommitFailedError);
      assert.deepEqual(error.partitions, [{ ...at, code: error.code }]);
      assert.match(error.code, /^(UNKNOWN_MEMBER_ID|ILLEGAL_GENERATION)$/);
      assert.equal((await b.consumer.committed([at]))[0]?.offset, 10);
    });

    it('refuses to commit what it does not own', async () => {
      const topic = await peer.createTopic(1);
      const reader = open();
      await reader.read([topic]);
      await reader.owns(1);
      const commit = reader.consumer.commit([{ topic, partition: 7, offset: 1 }]);
      await assert.rejects(commit, { code: 'NOT_ASSIGNED', retriable: false });
    });

    it('leaves no ghost behind when it closes while the coordinator holds its JoinGroup', async () => {
      const topic = await peer.createTopic(2);
      const groupId = uniqueName('group');
      const [a, b] = [open({ groupId }), open({ groupId })];
      const [revoking, mayGo] = [new Signal(), new Signal()];
      a.whenRevoked = () => {
        revoking.fire();
        return mayGo.wait();
      };
      await a.read([topic]);
      await a.owns(2);
      await b.read([topic]);
      await revoking.wait();
      await b.close();
      forget(b);
      mayGo.fire();
      const [, again] = await a.assigned.received(2);
      assert.equal(again?.length, 2);
      await until('the group has one member', async () => (await peer.group(groupId)).members.length === 1);
    });

    it('leaves when nobody polls, and joins again when somebody does', async () => {
      const topic = await peer.createTopic(1);
      const groupId = uniqueName('group');
      const reader = open({ groupId, maxPollIntervalMs: 300 });
      await reader.read([topic]);
      await reader.owns(1);
      await reader.stopPolling();
      await reader.lost.received(1);
      await until('the group is empty', async () => (await peer.group(groupId)).members.length === 0);
      await peer.fill(topic, 0, 5);
      reader.startPolling();
      await reader.records.received(5);
      assert.deepEqual([reader.assigned.count, reader.revoked.count], [2, 0]);
    });

    it('sees topics that come to match its pattern, and partitions that are added', async () => {
      const prefix = uniqueName('pattern');
      await peer.createTopic(1, `${prefix}-a`);
      const reader = open({ metadataMaxAgeMs: 100 });
      await reader.read(new RegExp(`^${prefix}-`, 'g'));
      await reader.owns(1);
      await peer.createTopic(1, `${prefix}-b`);
      await reader.owns(2);
      await peer.addPartitions(`${prefix}-b`, 3);
      await reader.owns(4);
      await peer.fill(`${prefix}-b`, 2, 4);
      assert.equal((await reader.records.received(4))[0]?.topic, `${prefix}-b`);
    });

    it('tells by poll that none of its topics exists', async () => {
      const reader = open();
      const missing = uniqueName('missing');
      await reader.consumer.subscribe([missing], reader);
      const isNamed = (error: unknown): boolean => error instanceof KafkaError && error.message.includes(missing);
      await assert.rejects(reader.consumer.poll(FOREVER_MS), isNamed);
      await assert.rejects(reader.consumer.poll(0), { code: 'UNKNOWN_TOPIC_OR_PARTITION' });
    });

    it('reads a named topic that comes later', async () => {
      const [topic, later] = [await peer.createTopic(1), uniqueName('later')];
      const reader = open({ metadataMaxAgeMs: 100 });
      await reader.read([topic, later]);
      await reader.owns(1);
      await peer.createTopic(1, later);
      await reader.owns(2);
    });
  });

  describe('where reading begins', () => {
    it("begins after the newest record with 'latest', and commits that at once", async () => {
      const topic = await peer.createTopic(1);
      await peer.fill(topic, 0, 5);
      const reader = open({ autoOffsetReset: 'latest' });
      await reader.read([topic]);
      await reader.owns(1);
      assert.equal((await reader.consumer.committed([{ topic, partition: 0 }]))[0]?.offset, 5);
      await peer.produce(topic, 0, [{ value: 'new' }]);
      assert.equal((await reader.records.received(1))[0]?.offset, 5);
    });

    it("does not begin with 'none': poll says so until it is told where", async () => {
      const topic = await peer.createTopic(1);
      const at = { topic, partition: 0 };
      await peer.fill(topic, 0, 5);
      const { consumer } = open({ autoOffsetReset: 'none' });
      await consumer.assign([at]);
      await assert.rejects(consumer.poll(FOREVER_MS), { code: 'NO_OFFSET_FOR_PARTITION', partition: at });
      assert.throws(() => consumer.position(at), { code: 'NO_OFFSET_FOR_PARTITION' });
      consumer.seek(at, 4);
      assert.deepEqual(offsets([...(await consumer.poll(FOREVER_MS))]), [4]);
      consumer.seek(at, 99);
      await assert.rejects(consumer.poll(FOREVER_MS), { code: 'OFFSET_OUT_OF_RANGE', offset: 99 });
      consumer.seek(at, 3);
      assert.deepEqual(offsets([...(await consumer.poll(FOREVER_MS))]), [3, 4]);
    });

    it('goes where autoOffsetReset says when the log does not hold its position', async () => {
      const topic = await peer.createTopic(1);
      const at = { topic, partition: 0 };
      await peer.fill(topic, 0, 10);
      const { consumer } = open();
      await consumer.assign([at]);
      consumer.seek(at, 99);
      const moved = await consumer.poll(FOREVER_MS);
      assert.deepEqual(moved.nextOffsets, [{ ...at, offset: 0 }]); // told at once: a container commits it
      assert.deepEqual(offsets([...(await consumer.poll(FOREVER_MS))]), range(0, 10));
    });

    it('reads without any group', async () => {
      const topic = await peer.createTopic(2);
      await fillAll(topic, 2, 10);
      const reader = new GroupReader({});
      readers.push(reader);
      await reader.consumer.assign([{ topic, partition: 1 }]);
      assert.deepEqual(offsets([...(await reader.consumer.poll(FOREVER_MS))]), range(0, 10));
      await assert.rejects(reader.consumer.commit([{ topic, partition: 1, offset: 1 }]), { code: 'NO_GROUP_ID' });
      await assert.rejects(reader.consumer.subscribe([topic]), { code: 'SUBSCRIPTION_CONFLICT' });
    });

    it('says which partition does not exist', async () => {
      const topic = await peer.createTopic(2);
      const { consumer } = open();
      await assert.rejects(
        consumer.assign([{ topic, partition: 2 }]),
        /UNKNOWN_TOPIC_OR_PARTITION .* has 2 partitions/,
      );
      await assert.rejects(consumer.endOffsets([{ topic: uniqueName('no'), partition: 0 }]), {
        code: 'UNKNOWN_TOPIC_OR_PARTITION',
      });
    });
  });

  describe('what it reads', () => {
    it('leaves out aborted records, and passes the markers', async () => {
      const topic = await peer.createTopic(1);
      await peer.transactions(topic, 0, [
        { values: ['a', 'b'], outcome: 'commit' },
        { values: ['x', 'y', 'z'], outcome: 'abort' },
        { values: ['c'], outcome: 'commit' },
        { values: ['w'], outcome: 'abort' },
      ]);
      const committed = await readToEnd(open(), { topic, partition: 0 });
      assert.deepEqual(values(committed), ['a', 'b', 'c']);
      assert.deepEqual(offsets(committed), [0, 1, 7]);
      const all = await readToEnd(open({ isolationLevel: 'read_uncommitted' }), { topic, partition: 0 });
      assert.deepEqual(values(all), ['a', 'b', 'x', 'y', 'z', 'c', 'w']);
    });

    it('reads compressed batches in order, in pieces of any size', async () => {
      const topic = await peer.createTopic(1);
      const big = Array.from({ length: 300 }, (_, i) => ({ value: `${i}-${'x'.repeat(200)}` }));
      for (let i = 0; i < 5; i++) await peer.produce(topic, 0, big, { gzip: i % 2 === 0 });
      const { consumer } = open();
      await consumer.assign([{ topic, partition: 0 }]);
      const records: ConsumerRecord[] = [];
      while (records.length < 1_500) records.push(...(await consumer.poll(FOREVER_MS, 77)));
      assert.deepEqual(offsets(records), range(0, 1_500));
      assert.ok(values(records).every((value, i) => value.startsWith(`${i % 300}-`)));
    });

    // With these waits a test that hangs on an open long poll runs into its time-out.
    const slow: ConsumerOptions = { fetchMaxWaitMs: 600_000, requestTimeoutMs: 1_200_000 };

    it('serves a resumed partition although a long poll is open', async () => {
      const topic = await peer.createTopic(2);
      const at = (partition: number): TopicPartition => ({ topic, partition });
      const { consumer } = open(slow);
      await consumer.assign([at(0), at(1)]);
      consumer.pause([at(1)]);
      await peer.fill(topic, 1, 3);
      const polled = consumer.poll(FOREVER_MS);
      consumer.resume([at(1)]);
      assert.equal((await polled).count, 3);
    });

    it('goes where it is sought although a long poll is open', async () => {
      const topic = await peer.createTopic(1);
      await peer.fill(topic, 0, 3);
      const { consumer } = open(slow);
      await consumer.assign([{ topic, partition: 0 }]);
      assert.equal((await consumer.poll(FOREVER_MS)).count, 3);
      const polled = consumer.poll(FOREVER_MS);
      consumer.seek({ topic, partition: 0 }, 1);
      assert.deepEqual(offsets([...(await polled)]), [1, 2]);
      await consumer.close();
    });

    it('reads far more than it may buffer', async () => {
      const topic = await peer.createTopic(3);
      const records = Array.from({ length: 200 }, () => ({ value: Buffer.alloc(500) }));
      for (let i = 0; i < 3; i++) for (let p = 0; p < 3; p++) await peer.produce(topic, p, records);
      const { consumer } = open({ fetchMaxBytes: 20_000, maxPartitionFetchBytes: 10_000 });
      await consumer.assign([0, 1, 2].map((partition) => ({ topic, partition })));
      const read: ConsumerRecord[] = [];
      while (read.length < 1_800) read.push(...(await consumer.poll(FOREVER_MS)));
      for (let p = 0; p < 3; p++) {
        assert.deepEqual(offsets(read.filter(({ partition }) => partition === p)), range(0, 600));
      }
    });
  });

  const fillAll = (topic: string, partitions: number, count: number): Promise<unknown> =>
    Promise.all(range(0, partitions).map((partition) => peer.fill(topic, partition, count)));
});

/** Until the position is at the end: behind the last marker, too. */
async function readToEnd({ consumer }: GroupReader, at: TopicPartition): Promise<readonly ConsumerRecord[]> {
  await consumer.assign([at]);
  const [end] = await consumer.endOffsets([at]);
  const records: ConsumerRecord[] = [];
  while (consumer.position(at) < (end?.offset ?? 0)) records.push(...(await consumer.poll(FOREVER_MS)));
  assert.equal(consumer.lag()[0]?.lag, 0);
  return records;
}

const offsets = (records: readonly ConsumerRecord[]): number[] => records.map(({ offset }) => offset);

const values = (records: readonly ConsumerRecord[]): string[] => records.map(({ value }) => String(value));

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);
