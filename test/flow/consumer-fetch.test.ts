import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { decodeRequest, encodeRequest, fetchApi, type FetchRequest } from '@hearken/protocol';
import { TcpProxy, type ProxyFrame } from '@hearken/testing';
import {
  DefaultKafkaConsumerFactory,
  type Consumer,
  type ConsumerOptions,
  type ConsumerRecord,
  type TopicPartition,
} from 'hearken';
import { bootstrapServers, describeWithKafka, uniqueName } from '../support/kafka.js';
import { KafkajsPeer } from '../support/kafkajs-peer.js';

const FOREVER_MS = 3_600_000;

describeWithKafka('what a consumer asks for', function () {
  this.timeout(300_000);
  let peer: KafkajsPeer;
  before(async () => (peer = await KafkajsPeer.connect(bootstrapServers())));
  after(() => peer.close());

  let proxy: TcpProxy;
  beforeEach(async () => (proxy = await TcpProxy.start()));
  afterEach(() => proxy.stop());

  const open = (options: ConsumerOptions = {}): Consumer => {
    const kafka = { brokers: bootstrapServers(), clientId: 'flow', socketFactory: proxy.socketFactory };
    return new DefaultKafkaConsumerFactory(kafka, { autoOffsetReset: 'earliest', ...options }).createConsumer();
  };
  const sent = (where?: (request: FetchRequest) => boolean): Promise<ProxyFrame> =>
    proxy.awaitFrame({ api: 'Fetch', direction: 'request', where: (frame) => where?.(fetchIn(frame)) ?? true });
  const answered = (): Promise<ProxyFrame> => proxy.awaitFrame({ api: 'Fetch', direction: 'response' });

  it('names a thousand partitions once: an idle fetch is under 100 bytes each way, and news are a partition or two', async () => {
    const topic = await peer.createTopic(1_000);
    const consumer = open({ fetchMaxWaitMs: 50 });
    const partitions = Array.from({ length: 1_000 }, (_, partition) => ({ topic, partition }));
    await consumer.endOffsets(partitions); // once all have leaders: none is found late, and fetched later
    const opening = sent();
    await consumer.assign(partitions);
    assert.equal(partitionsIn(fetchIn(await opening)), 1_000);
    await sent(); // leaders tell the end of each log once
    for (let i = 0; i < 3; i++) {
      const [request, response] = await Promise.all([sent(), answered()]);
      assert.equal(partitionsIn(fetchIn(request)), 0);
      assert.ok(request.bytes.length < 100, `${request.bytes.length} bytes to the broker`);
      assert.ok(response.bytes.length < 100, `${response.bytes.length} bytes from the broker`);
    }
    const moved = sent((request) => partitionsIn(request) > 0);
    await peer.fill(topic, 417, 3);
    assert.deepEqual(offsets(await pollRecords(consumer)), [0, 1, 2]);
    assert.deepEqual(positionsIn(fetchIn(await moved)), { 417: 3 });
    const forgets = sent(({ forgottenTopicsData }) => forgottenTopicsData.length > 0);
    consumer.pause([{ topic, partition: 5 }]);
    await peer.fill(topic, 417, 1); // ends the fetch that is out
    assert.deepEqual((await forgets).apiVersion, 13);
    await consumer.close();
    await peer.deleteTopic(topic);
  });

  it('opens a new session when an answer is lost, and no record with it', async () => {
    const topic = await peer.createTopic(2);
    const consumer = open();
    await consumer.assign([0, 1].map((partition) => ({ topic, partition })));
    await peer.fill(topic, 0, 3);
    assert.equal((await pollRecords(consumer)).length, 3);
    const lost = proxy.cut({ api: 'Fetch', direction: 'response', nth: 1 });
    const anew = sent(({ sessionEpoch }) => sessionEpoch === 0);
    await peer.fill(topic, 1, 3);
    await lost.struck;
    assert.deepEqual(positionsIn(fetchIn(await anew)), { 0: 3, 1: 0 });
    assert.deepEqual(offsets(await pollRecords(consumer)), [0, 1, 2]);
    await consumer.close();
  });

  it('opens a new session when the broker has forgotten it, at once', async () => {
    const topic = await peer.createTopic(2);
    const consumer = open({ fetchMaxWaitMs: 50, metadataMaxAgeMs: 1_000_000 });
    await consumer.assign([0, 1].map((partition) => ({ topic, partition })));
    const known = await sent(({ sessionEpoch }) => sessionEpoch > 0);
    const anew = sent(({ sessionEpoch }) => sessionEpoch === 0);
    await closeSession(known);
    assert.deepEqual(positionsIn(fetchIn(await anew)), { 0: 0, 1: 0 });
    await peer.fill(topic, 1, 2);
    assert.equal((await pollRecords(consumer)).length, 2);
    await consumer.close();
  });

  describe('while the broker holds a fetch', () => {
    // With these waits a test that hangs on an open long poll runs into its time-out.
    const slow: ConsumerOptions = { fetchMaxWaitMs: 600_000, requestTimeoutMs: 1_200_000 };

    /** Two partitions with three records each, read to the end; the broker holds the next fetch. */
    async function atTheEnd(): Promise<{ readonly consumer: Consumer; readonly at: (p: number) => TopicPartition }> {
      const topic = await peer.createTopic(3);
      await Promise.all([peer.fill(topic, 0, 3), peer.fill(topic, 1, 3)]);
      const at = (partition: number): TopicPartition => ({ topic, partition });
      const consumer = open(slow);
      const asked: Record<number, number> = {};
      const held = sent((request) => {
        Object.assign(asked, positionsIn(request));
        return asked[0] === 3 && asked[1] === 3;
      });
      await consumer.assign([at(0), at(1)]);
      for (let read = 0; read < 6;) read += (await consumer.poll(FOREVER_MS)).count;
      await held;
      return { consumer, at };
    }

    it('a pause holds for the next poll, also for what that fetch brings', async () => {
      const { consumer, at } = await atTheEnd();
      consumer.pause([at(0)]);
      await peer.fill(at(0).topic, 0, 2); // answers the fetch that was sent before
      await peer.fill(at(1).topic, 1, 1);
      assert.deepEqual(partitions(await pollRecords(consumer)), [1]);
      assert.equal(consumer.position(at(0)), 3);
      consumer.resume([at(0)]);
      assert.deepEqual(offsets(await pollRecords(consumer)), [3, 4]);
      await consumer.close();
    });

    it('a resume hands out at once what is buffered, without asking anybody', async () => {
      const { consumer, at } = await atTheEnd();
      consumer.seek(at(0), 0);
      assert.deepEqual(offsets((await consumer.poll(FOREVER_MS, 1)) as Iterable<ConsumerRecord>), [0]);
      consumer.pause([at(0)]);
      await proxy.stop(); // nobody can be asked
      assert.ok((await consumer.poll(0)).isEmpty);
      consumer.resume([at(0)]);
      assert.deepEqual(offsets(await consumer.poll(0)), [1, 2]);
      await consumer.close();
    });

    it('a seek goes there, and drops what that fetch brings of where it was', async () => {
      const { consumer, at } = await atTheEnd();
      const spare = sent(({ sessionEpoch }) => sessionEpoch === -1);
      consumer.seek(at(0), 1);
      assert.deepEqual(positionsIn(fetchIn(await spare)), { 0: 1 });
      await peer.fill(at(0).topic, 0, 2); // answers the fetch from 3 on, which was sent before the seek
      const read: ConsumerRecord[] = [];
      while (read.length < 4) read.push(...(await consumer.poll(FOREVER_MS)));
      assert.deepEqual(offsets(read), [1, 2, 3, 4]);
      await consumer.close();
    });

    it('a partition that is assigned in addition is read at once', async () => {
      const { consumer, at } = await atTheEnd();
      await peer.fill(at(2).topic, 2, 2);
      await consumer.assign([at(0), at(1), at(2)]);
      assert.deepEqual(partitions(await pollRecords(consumer)), [2, 2]);
      await consumer.close();
    });
  });

  /** As another client could: the broker takes a session for whoever names it. */
  async function closeSession(frame: ProxyFrame): Promise<void> {
    const [host = '', port = ''] = frame.broker.split(':');
    const socket = connect(Number(port), host);
    const version = fetchApi.maxVersion;
    const request = { ...fetchIn(frame), sessionEpoch: -1, topics: [], forgottenTopicsData: [] };
    for (const chunk of encodeRequest(
      fetchApi,
      version,
      { correlationId: 1, clientId: uniqueName('other') },
      request,
    )) {
      socket.write(chunk);
    }
    await new Promise((resolve) => socket.once('data', resolve));
    socket.destroy();
  }
});

const fetchIn = ({ bytes }: ProxyFrame): FetchRequest => decodeRequest(fetchApi, bytes.subarray(4)).request;

const positionsIn = ({ topics }: FetchRequest): Record<number, number> =>
  Object.fromEntries(topics.flatMap((topic) => topic.partitions.map((one) => [one.partition, one.fetchOffset])));

const partitionsIn = ({ topics }: FetchRequest): number =>
  topics.reduce((sum, topic) => sum + topic.partitions.length, 0);

/** The next poll that has records: one may tell a position alone. */
async function pollRecords(consumer: Consumer): Promise<readonly ConsumerRecord[]> {
  for (;;) {
    const polled = await consumer.poll(FOREVER_MS);
    if (!polled.isEmpty) return [...polled];
  }
}

const offsets = (records: Iterable<ConsumerRecord>): number[] => Array.from(records, ({ offset }) => offset);

const partitions = (records: Iterable<ConsumerRecord>): number[] => Array.from(records, ({ partition }) => partition);
