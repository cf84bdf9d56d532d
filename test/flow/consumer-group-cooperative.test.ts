import assert from 'node:assert/strict';
import { Signal, TcpProxy } from '@hearken/testing';
import type { AssignorName, ConsumerOptions, KafkaOptions, TopicPartition } from 'hearken';
import { GroupReader } from '../support/group-reader.js';
import { bootstrapServers, describeWithKafka, uniqueName } from '../support/kafka.js';
import { KafkajsPeer } from '../support/kafkajs-peer.js';
import { until } from '../support/until.js';

const PARTITIONS = 6;

describeWithKafka('a cooperative group', function () {
  this.timeout(300_000);
  let peer: KafkajsPeer;
  before(async () => (peer = await KafkajsPeer.connect(bootstrapServers())));
  after(() => peer.close());

  let groupId: string;
  let topic: string;
  const readers = new Set<GroupReader>();
  beforeEach(async () => {
    groupId = uniqueName('group');
    topic = await peer.createTopic(PARTITIONS);
  });
  afterEach(async () => {
    await Promise.all([...readers].map((reader) => reader.close()));
    readers.clear();
  });

  const open = async (
    partitionAssignors: readonly AssignorName[] = ['cooperative-sticky'],
    options: ConsumerOptions = {},
    kafka: Pick<KafkaOptions, 'socketFactory'> = {},
  ): Promise<GroupReader> => {
    const reader = new GroupReader({ groupId, partitionAssignors, ...options }, bootstrapServers(), kafka);
    reader.whenRevoked = (partitions) => reader.commitPositions(partitions);
    readers.add(reader);
    await reader.read([topic]);
    return reader;
  };
  const close = (reader: GroupReader): Promise<void> => {
    readers.delete(reader);
    return reader.close();
  };
  /** Ten records in each partition. */
  const fill = (): Promise<unknown> =>
    Promise.all(Array.from({ length: PARTITIONS }, (_, partition) => peer.fill(topic, partition, 10)));
  const assignments = (...all: readonly GroupReader[]): number[][] => all.map(ownedBy);
  const shared = (...all: readonly GroupReader[]): Promise<unknown> =>
    until(`${all.length} members share all partitions evenly`, () => {
      const owned = assignments(...all);
      const isEven = owned.every((each) => Math.abs(each.length - PARTITIONS / all.length) < 1);
      return isEven && new Set(owned.flat()).size === PARTITIONS;
    });

  it('moves only what has to move; what stays is read all along, from where it was, paused if it was', async () => {
    await fill();
    const a = await open();
    await a.records.received(60);
    const paused = { topic, partition: 0 };
    a.consumer.pause([paused]);
    const [revoking, gate] = [new Signal(), new Signal()];
    a.whenRevoked = async (gone) => {
      await a.commitPositions(gone);
      await a.commitPositions(without(a.consumer.assignment(), gone));
      revoking.fire();
      await gate.wait();
    };

    const b = await open();
    await revoking.wait();
    await fill();
    await a.records.received(60 + 20); // two of the three that stay; while its callback is at work
    gate.fire();
    await shared(a, b);
    assert.deepEqual(sizes(a.revoked.items), [3]);
    assert.deepEqual(sizes(a.assigned.items), [6]);
    assert.deepEqual(sizes(a.lost.items), []);

    await b.records.received(30);
    a.consumer.resume([paused]);
    await a.records.received(60 + 30);
    const read = [...a.records.items, ...b.records.items].map(({ partition, offset }) => `${partition}@${offset}`);
    assert.equal(new Set(read).size, read.length);
    assert.equal(read.length, 120);
  });

  it('commits what it keeps while the group rebalances: the commit waits for the next generation', async () => {
    await fill();
    const a = await open();
    await a.records.received(60);
    await using proxy = await TcpProxy.start();
    const b = await open(['cooperative-sticky'], {}, { socketFactory: proxy.socketFactory });
    await shared(a, b);
    const deaf = proxy.hold({ api: 'Heartbeat', direction: 'response' }); // it does not hear of the next round
    const c = await open();
    await until('the first waits for the second', () => a.consumer.groupMetadata().generationId < 0);
    const at = { topic, partition: Math.min(...ownedBy(a)) }; // the highest are given up
    const committing = a.consumer.commit([{ ...at, offset: 7 }]);
    deaf.end();
    await committing;
    assert.equal((await a.consumer.committed([at]))[0]?.offset, 7);
    await shared(a, b, c);
    await close(b); // while its way to the broker is there
  });

  it('takes everything over from a member that goes, and nothing comes twice', async () => {
    await fill();
    const [a, b, c] = [await open(), await open(), await open()];
    await shared(a, b, c);
    const kept = ownedBy(a);
    await close(b);
    await shared(a, c);
    assert.ok(kept.every((partition) => ownedBy(a).includes(partition)));
    await fill();
    await until('all records', () => countOf(a, b, c) >= 120);
    assert.equal(countOf(a, b, c), 120);
  });

  it('changes from range to cooperative and back, member by member, and loses nothing', async () => {
    const both: readonly AssignorName[] = ['cooperative-sticky', 'range'];
    const seen = new Set<string>();
    const all: GroupReader[] = [];
    const join = async (assignors: readonly AssignorName[]): Promise<GroupReader> => {
      const reader = await open(assignors);
      all.push(reader);
      return reader;
    };
    let members = [await join(['range']), await join(['range'])];
    await shared(...members);
    for (const next of [both, ['cooperative-sticky'], both, ['range']] as const) {
      for (const [i, old] of members.entries()) {
        await fill();
        await close(old);
        members = members.with(i, await join(next));
        await shared(...members);
      }
    }
    await fill();
    await until('every record was read', () => {
      for (const { partition, offset } of all.flatMap(({ records }) => records.items))
        seen.add(`${partition}@${offset}`);
      return seen.size === PARTITIONS * 10 * 9;
    });
    assert.ok(all.every(({ lost }) => lost.count === 0));
  });
});

const ownedBy = ({ consumer }: GroupReader): number[] => consumer.assignment().map(({ partition }) => partition);

const sizes = (all: readonly (readonly TopicPartition[])[]): number[] =>
  all.map((each) => each.length).filter((size) => size > 0);

const countOf = (...readers: readonly GroupReader[]): number =>
  readers.reduce((sum, { records }) => sum + records.count, 0);

const without = (partitions: readonly TopicPartition[], gone: readonly TopicPartition[]): readonly TopicPartition[] =>
  partitions.filter(({ partition }) => !gone.some((each) => each.partition === partition));
