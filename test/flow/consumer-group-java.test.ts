import assert from 'node:assert/strict';
import { KafkaAdmin, type AssignorName } from 'hearken';
import { GroupReader } from '../support/group-reader.js';
import { JavaGroup, type JavaMember } from '../support/java-group.js';
import { bootstrapServers, describeWithKafka, uniqueName } from '../support/kafka.js';
import { KafkajsPeer } from '../support/kafkajs-peer.js';
import { until } from '../support/until.js';

type Member = GroupReader | JavaMember;

const isOurs = (member: Member): member is GroupReader => member instanceof GroupReader;
const idOf = (member: Member): string => (isOurs(member) ? member.consumer.groupMetadata().memberId : member.memberId);
const ownedBy = (member: Member): readonly string[] =>
  isOurs(member) ? member.consumer.assignment().map(({ topic, partition }) => `${topic}:${partition}`) : member.owned;
const readBy = (member: Member): readonly string[] =>
  isOurs(member)
    ? member.records.items.map(({ topic, partition, offset }) => `${topic}:${partition}@${offset}`)
    : member.read.items;

/** What Java's documentation says of its assignors, for members that all want the same topics. */
const EXPECTED = {
  /** Topic by topic, consecutive partitions; the first members get one more. */
  range: (partitions: readonly string[][], members: number, member: number): string[] =>
    partitions.flatMap((all) => {
      const sizes = Array.from({ length: members }, (_, i) => Math.floor((all.length + members - 1 - i) / members));
      const start = sizes.slice(0, member).reduce((sum, size) => sum + size, 0);
      return all.slice(start, start + (sizes[member] ?? 0));
    }),
  /** All partitions of all topics in turn. */
  'round-robin': (partitions: readonly string[][], members: number, member: number): string[] =>
    partitions.flat().filter((_, i) => i % members === member),
};

describeWithKafka('a group of Java and Hearken', function () {
  this.timeout(300_000);
  let java: JavaGroup;
  let peer: KafkajsPeer;
  let admin: KafkaAdmin;
  before(async () => {
    admin = new KafkaAdmin({ brokers: bootstrapServers() });
    [java, peer] = await Promise.all([JavaGroup.start(bootstrapServers()), KafkajsPeer.connect(bootstrapServers())]);
  });
  after(() => Promise.all([java[Symbol.asyncDispose](), peer.close(), admin.close()]));

  let groupId: string;
  let topics: string[];
  let members: Member[];
  beforeEach(async () => {
    groupId = uniqueName('group');
    const prefix = uniqueName('java');
    topics = [await peer.createTopic(5, `${prefix}-a`), await peer.createTopic(4, `${prefix}-b`)];
    members = [];
  });
  afterEach(() => Promise.all(members.map(leave)));

  const partitions = (): string[][] =>
    topics.map((topic, i) => Array.from({ length: 5 - i }, (_, partition) => `${topic}:${partition}`));
  const CLASSES = {
    range: 'RangeAssignor',
    'round-robin': 'RoundRobinAssignor',
    'cooperative-sticky': 'CooperativeStickyAssignor',
    'kafkajs-round-robin': '',
  } as const;
  async function join(kind: 'java' | 'ours', assignor: AssignorName): Promise<Member> {
    if (kind === 'java') {
      const member = java.join(groupId, CLASSES[assignor], topics);
      members.push(member);
      return member;
    }
    const reader = new GroupReader({ groupId, partitionAssignors: [assignor] });
    reader.whenRevoked = (gone) => reader.commitPositions(gone);
    members.push(reader);
    await reader.read(topics);
    return reader;
  }
  async function leave(member: Member): Promise<void> {
    members = members.filter((each) => each !== member);
    if (isOurs(member)) return member.close();
    java.leave(member);
    await until('the Java member is gone', () => member.closed);
  }
  /** All partitions are owned, each by one, and the coordinator says so too. */
  const settled = (): Promise<unknown> =>
    until('the group is settled', async () => {
      const owned = members.flatMap(ownedBy).toSorted();
      if (owned.join() !== partitions().flat().join()) return false;
      const [group] = await admin.describeGroups([groupId]);
      return group?.state === 'Stable' && group.members.length === members.length;
    });

  /** The same, and how many each of them owns: a cooperative group takes two rounds to it. */
  const evenly = async (...sizes: readonly number[]): Promise<void> => {
    await until(`they own ${sizes.join()}`, () => members.map((each) => ownedBy(each).length).toSorted().join() === sizes.join()); // prettier-ignore
    await settled();
  };

  for (const assignor of ['range', 'round-robin'] as const) {
    for (const [leader, others] of [
      ['java', ['ours', 'ours']],
      ['ours', ['java', 'ours']],
    ] as const) {
      it(`shares out as Java does by ${assignor}, led by ${leader}`, async () => {
        await join(leader, assignor);
        await settled();
        for (const other of others) await join(other, assignor);
        await settled();
        await until("everybody has what Java's assignor gives", () => {
          const inOrder = members.toSorted((a, b) => (idOf(a) < idOf(b) ? -1 : 1));
          return inOrder.every((member, i) => {
            const expected = EXPECTED[assignor](partitions(), members.length, i);
            return [...ownedBy(member)].toSorted().join() === expected.toSorted().join();
          });
        });
      });
    }
  }

  for (const leader of ['java', 'ours'] as const) {
    it(`moves only what has to move by cooperative-sticky, led by ${leader}; every record is read once`, async () => {
      const fill = (): Promise<unknown> =>
        Promise.all(partitions().flatMap((all, i) => all.map((_, partition) => peer.fill(topics[i] ?? '', partition, 5)))); // prettier-ignore
      const all: Member[] = [];
      const first = await join(leader, 'cooperative-sticky');
      all.push(first);
      await settled();
      await fill();
      await until('all was read', () => all.flatMap(readBy).length === 45);
      const second = await join(leader === 'java' ? 'ours' : 'java', 'cooperative-sticky');
      all.push(second);
      await evenly(4, 5);
      const [before, beforeSecond] = [ownedBy(first), ownedBy(second)];
      all.push(await join('ours', 'cooperative-sticky'));
      await evenly(3, 3, 3);
      assert.ok(ownedBy(first).every((partition) => before.includes(partition)));
      assert.ok(ownedBy(second).every((partition) => beforeSecond.includes(partition)));
      const kept = ownedBy(second);
      await leave(first);
      await evenly(4, 5);
      assert.ok(kept.every((partition) => ownedBy(second).includes(partition)));
      await fill();
      await until('all was read', () => new Set(all.flatMap(readBy)).size === 90);
      assert.equal(all.flatMap(readBy).length, 90);
    });
  }
});
