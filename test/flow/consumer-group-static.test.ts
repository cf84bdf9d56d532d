import assert from 'node:assert/strict';
import { KafkaAdmin, KafkaError, type ConsumerOptions } from 'hearken';
import { GroupReader } from '../support/group-reader.js';
import { bootstrapServers, describeWithKafka, uniqueName } from '../support/kafka.js';
import { KafkajsPeer } from '../support/kafkajs-peer.js';
import { until } from '../support/until.js';

describeWithKafka('a group with static members', function () {
  this.timeout(300_000);
  let peer: KafkajsPeer;
  let admin: KafkaAdmin;
  before(async () => {
    peer = await KafkajsPeer.connect(bootstrapServers());
    admin = new KafkaAdmin({ brokers: bootstrapServers() });
  });
  after(() => Promise.all([peer.close(), admin.close()]));

  let groupId: string;
  let topic: string;
  const readers = new Set<GroupReader>();
  beforeEach(async () => {
    groupId = uniqueName('group');
    topic = await peer.createTopic(4);
  });
  afterEach(async () => {
    await Promise.all([...readers].map((reader) => reader.close()));
    readers.clear();
  });
  const open = async (groupInstanceId: string, options: ConsumerOptions = {}): Promise<GroupReader> => {
    const reader = new GroupReader({ groupId, groupInstanceId, ...options });
    readers.add(reader);
    await reader.read([topic]);
    return reader;
  };
  const close = (reader: GroupReader): Promise<void> => {
    readers.delete(reader);
    return reader.close();
  };
  const generation = ({ consumer }: GroupReader): number => consumer.groupMetadata().generationId;
  const share = (...all: readonly GroupReader[]): Promise<unknown> =>
    until('all share the partitions evenly, in one generation', () => {
      const isEven = all.every(({ consumer }) => consumer.assignment().length === 4 / all.length);
      return isEven && new Set(all.map(generation)).size === 1;
    });

  for (const assignor of ['range', 'cooperative-sticky'] as const) {
    it(`gives a member that comes back what it had, and disturbs nobody (${assignor})`, async () => {
      const options = { partitionAssignors: [assignor] };
      const [a, b] = [await open('a', options), await open('b', options)];
      await share(a, b);
      await b.owns(2); // and has been told of it
      const [before, had] = [generation(b), a.consumer.assignment()];
      const told = b.assigned.count;
      for (let restart = 0, member = a; restart < 2; restart++) {
        await close(member);
        member = await open('a', options);
        assert.deepEqual(sorted(await member.owns(2)), sorted(had));
        assert.equal(generation(member), before);
      }
      assert.equal(b.consumer.groupMetadata().groupInstanceId, 'b');
      await until('the group has two members', async () => (await peer.group(groupId)).members.length === 2);
      assert.deepEqual([generation(b), b.assigned.count, b.revoked.count], [before, told, 0]);
    });
  }

  it('lets the leader come back too, which then looks after new partitions', async () => {
    const a = await open('a', { metadataMaxAgeMs: 200 });
    await a.owns(4);
    const before = generation(a);
    await close(a);
    const again = await open('a', { metadataMaxAgeMs: 200 });
    await again.owns(4);
    assert.equal(generation(again), before);
    await peer.addPartitions(topic, 6);
    await again.owns(6);
  });

  it('fences a member whose place another takes, with a hint', async () => {
    const a = await open('a');
    await a.owns(4);
    await a.stopPolling(); // its loop would end in the error that is looked for here
    const polled = pollOn(a);
    const successor = await open('a');
    await assert.rejects(polled, (error) => {
      assert.ok(error instanceof KafkaError);
      assert.equal(error.code, 'FENCED_INSTANCE_ID');
      assert.match(error.message, /groupInstanceId/);
      return true;
    });
    assert.deepEqual(a.lost.items.map((each) => each.length), [4]); // prettier-ignore
    await successor.owns(4);
    await peer.fill(topic, 0, 10);
    await successor.records.received(10);
    await successor.commitPositions();
  });

  it('notices a commit under a place that another took', async () => {
    const a = await open('a', { heartbeatIntervalMs: 10_000 });
    await a.owns(4);
    await a.stopPolling();
    const successor = await open('a');
    await successor.owns(4);
    await assert.rejects(a.consumer.commit([{ topic, partition: 0, offset: 1 }]), { code: 'FENCED_INSTANCE_ID' });
    await assert.rejects(pollOn(a), { code: 'FENCED_INSTANCE_ID' });
  });

  it('is told by an administrator who does not come back: the others take over at once', async () => {
    const [a, b] = [await open('a'), await open('b')];
    await share(a, b);
    await close(b);
    await admin.removeStaticMembers(groupId, ['b']);
    await share(a);
    await assert.rejects(admin.removeStaticMembers(groupId, ['b']), { code: 'UNKNOWN_MEMBER_ID' });
  });
});

/** Polls until that rejects. */
async function pollOn({ consumer }: GroupReader): Promise<never> {
  for (;;) await consumer.poll(30_000);
}

const sorted = (partitions: readonly { partition: number }[]): number[] =>
  partitions.map(({ partition }) => partition).toSorted((x, y) => x - y);
