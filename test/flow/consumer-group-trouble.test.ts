import assert from 'node:assert/strict';
import { Signal } from '@hearken/testing';
import { KafkaAdmin, KafkaError, type ConsumerOptions } from 'hearken';
import { GroupReader } from '../support/group-reader.js';
import { bootstrapServers, describeWithKafka, uniqueName } from '../support/kafka.js';
import { KafkajsPeer } from '../support/kafkajs-peer.js';
import { until } from '../support/until.js';

/** The shortest that brokers take unless they are set otherwise. */
const SESSION_MS = 6_000;

describeWithKafka('a group in trouble', function () {
  this.timeout(300_000);
  let peer: KafkajsPeer;
  let admin: KafkaAdmin;
  before(async () => {
    peer = await KafkajsPeer.connect(bootstrapServers());
    admin = new KafkaAdmin({ brokers: bootstrapServers() });
  });
  after(() => Promise.all([peer.close(), admin.close()]));

  let groupId: string;
  const readers = new Set<GroupReader>();
  beforeEach(() => void (groupId = uniqueName('group')));
  afterEach(async () => {
    await Promise.all([...readers].map((reader) => reader.close()));
    readers.clear();
  });
  const open = async (topic: string | RegExp, options: ConsumerOptions = {}): Promise<GroupReader> => {
    const reader = new GroupReader({ groupId, ...options });
    reader.whenRevoked = (gone) => reader.commitPositions(gone);
    readers.add(reader);
    await reader.read(typeof topic === 'string' ? [topic] : topic);
    return reader;
  };
  const close = (reader: GroupReader): Promise<void> => {
    readers.delete(reader);
    return reader.close();
  };
  /** Kafka describes what is written down of a group, a little behind what it answers to members. */
  const hasMembers = (count: number): Promise<true> =>
    until(`the group has ${count} members`, async () => (await peer.group(groupId)).members.length === count);
  const all = (readersOf: Iterable<GroupReader>): string[] =>
    [...readersOf].flatMap(({ records }) => records.items.map(({ partition, offset }) => `${partition}@${offset}`));

  for (const assignor of ['range', 'cooperative-sticky'] as const) {
    it(`keeps a member whose revoke callback takes longer than a session, and what it commits then (${assignor})`, async () => {
      const topic = await peer.createTopic(2);
      await peer.fill(topic, 0, 10);
      await peer.fill(topic, 1, 10);
      const options = { sessionTimeoutMs: SESSION_MS, heartbeatIntervalMs: 500, partitionAssignors: [assignor] };
      const a = await open(topic, options);
      await a.records.received(20);
      const began = new Signal<number>();
      a.whenRevoked = async (gone) => {
        began.fire(performance.now());
        const start = await began.wait();
        await until('a session is over', () => performance.now() - start > 1.2 * SESSION_MS);
        await a.commitPositions(gone);
      };
      const b = await open(topic, options);
      await b.owns(1);
      assert.equal(a.lost.count, 0);
      const [at] = b.consumer.assignment();
      assert.ok(at !== undefined);
      assert.equal((await b.consumer.committed([at]))[0]?.offset, 10);
      a.whenRevoked = () => Promise.resolve();
    });

    it(`takes twenty members that come and go at once, and reads every record (${assignor})`, async () => {
      const topic = await peer.createTopic(20);
      const options: ConsumerOptions = { partitionAssignors: [assignor] };
      const ever = new Set<GroupReader>();
      const come = async (count: number): Promise<void> => {
        const came = await Promise.all(Array.from({ length: count }, () => open(topic, options)));
        for (const reader of came) ever.add(reader);
      };
      const fill = (): Promise<unknown> =>
        Promise.all(Array.from({ length: 20 }, (_, partition) => peer.fill(topic, partition, 5)));
      const go = (count: number): Promise<unknown> => Promise.all([...readers].slice(0, count).map(close));
      await come(10);
      await Promise.all([fill(), come(10)]);
      await Promise.all([fill(), go(7), come(5)]);
      await Promise.all([fill(), go(9), come(11)]);
      assert.equal(readers.size, 20);
      await until('each owns one partition', () => [...readers].every((r) => r.consumer.assignment().length === 1));
      await until('the group is stable', async () => (await peer.group(groupId)).state === 'Stable');
      await hasMembers(20);
      await fill();
      await until('every record was read', () => new Set(all(ever)).size === 400);
      const { generationId } = [...readers][0]!.consumer.groupMetadata();
      assert.ok([...readers].every(({ consumer }) => consumer.groupMetadata().generationId === generationId));
    });
  }

  it('leaves no ghost, whenever a member closes while it joins', async () => {
    const topic = await peer.createTopic(2);
    const stays = await open(topic, { sessionTimeoutMs: 45_000 });
    await stays.owns(2);
    for (let turns = 0; turns < 30; turns++) {
      const goes = await open(topic);
      // Somewhere between the first look-up and the answer to SyncGroup.
      for (let turn = 0; turn < turns * 4; turn++) await new Promise((resolve) => setImmediate(resolve));
      await close(goes);
    }
    // Whoever was left behind would be waited for until its session ends, by a group that rebalances once more.
    const last = await open(topic);
    await last.owns(1);
    await hasMembers(2);
  });

  it('lets others go on when a member leaves that the coordinator waits for', async () => {
    const topic = await peer.createTopic(2);
    const a = await open(topic);
    await a.owns(2);
    const [revoking, mayGo] = [new Signal(), new Signal()];
    a.whenRevoked = () => {
      revoking.fire();
      return mayGo.wait();
    };
    const b = await open(topic);
    await revoking.wait();
    const before = a.assigned.count;
    await close(b); // answered although the JoinGroup is held, which ends with a's only
    assert.equal(a.assigned.count, before);
    await hasMembers(1);
    mayGo.fire();
    await a.owns(2);
  });

  it('returns a long poll at once when partitions are taken, and the new owner goes on from what was committed', async () => {
    const topic = await peer.createTopic(2);
    await Promise.all([peer.fill(topic, 0, 10), peer.fill(topic, 1, 10)]);
    const a = await open(topic);
    await a.records.received(20);
    await a.stopPolling();
    const polled = a.consumer.poll(3_600_000);
    a.whenRevoked = async (gone) => {
      assert.ok((await polled).isEmpty);
      await a.consumer.commit(gone.map((at) => ({ ...at, offset: 7 })));
    };
    const b = await open(topic);
    const records = await b.records.received(3);
    assert.deepEqual(
      records.map(({ offset }) => offset),
      [7, 8, 9],
    );
  });

  it('refuses a member with other assignors for good, and says why', async () => {
    const topic = await peer.createTopic(1);
    const a = await open(topic, { partitionAssignors: ['range'] });
    await a.owns(1);
    const b = new GroupReader({ groupId, partitionAssignors: ['cooperative-sticky'] });
    await b.consumer.subscribe([topic], b);
    await assert.rejects(
      () => b.consumer.poll(30_000),
      (error) => error instanceof KafkaError && /INCONSISTENT_GROUP_PROTOCOL.*partitionAssignors/.test(error.message),
    );
    await b.consumer.close();
    await hasMembers(1);
  });

  it('drops a member whose callback fails, and lets the others have its partitions', async () => {
    const topic = await peer.createTopic(2);
    const a = new GroupReader({ groupId });
    const failure = new Error('the callback failed');
    a.whenRevoked = () => Promise.reject(failure);
    await a.consumer.subscribe([topic], a);
    const polled = (async () => {
      for (;;) await a.consumer.poll(30_000);
    })();
    await a.owns(2);
    const b = await open(topic);
    await assert.rejects(polled, failure);
    await b.owns(2);
    await hasMembers(1);
    await a.consumer.close();
  });

  it('loses everything when it is thrown out, and comes back as somebody new', async () => {
    const topic = await peer.createTopic(2);
    const a = await open(topic, { groupInstanceId: 'a', partitionAssignors: ['cooperative-sticky'] });
    await a.owns(2);
    const before = a.consumer.groupMetadata().memberId;
    await admin.removeStaticMembers(groupId, ['a']);
    await a.lost.received(1);
    await a.assigned.received(2);
    await a.owns(2);
    assert.notEqual(a.consumer.groupMetadata().memberId, before);
    await a.commitPositions();
  });

  it('finds topics that come to match its pattern, drops those that are deleted, and none of Kafka itself', async () => {
    const prefix = uniqueName('regex');
    await admin.createTopics([{ topic: `${prefix}-a`, partitions: 2 }]);
    const options: ConsumerOptions = { metadataMaxAgeMs: 100, partitionAssignors: ['cooperative-sticky'] };
    const a = await open(new RegExp(`^(${prefix}-|__)`), options);
    a.whenRevoked = () => Promise.resolve(); // nothing can be committed for a topic that is gone
    await a.owns(2);
    await a.consumer.commit([{ topic: `${prefix}-a`, partition: 0, offset: 0 }]); // now __consumer_offsets is there
    await admin.createTopics([{ topic: `${prefix}-b`, partitions: 3 }]);
    await until('the new topic is read, too', () => a.consumer.assignment().length === 5);
    await admin.deleteTopics([`${prefix}-a`]);
    await until('the deleted one is given up', () => a.consumer.assignment().length === 3);
    assert.deepEqual([...new Set(a.consumer.assignment().map(({ topic }) => topic))], [`${prefix}-b`]);
    assert.deepEqual(a.revoked.items.at(-1)?.map(({ topic }) => topic), [`${prefix}-a`, `${prefix}-a`]); // prettier-ignore
  });
});
