import assert from 'node:assert/strict';
import type { TopicPartition } from '@hearken/core';
import { topicPartitionKey } from '@hearken/core/internal';
import fc from 'fast-check';
import type { GroupMember, PartitionAssignor } from '../../../dist/consumer/assignors/assignor.js';
import { assignorsOf } from '../../../dist/consumer/assignors/assignors.js';
import { cooperativeStickyAssignor } from '../../../dist/consumer/assignors/cooperative-sticky.js';
import { rangeAssignor } from '../../../dist/consumer/assignors/range.js';
import { restrictedTo, type GroupPartitions } from '../../../dist/consumer/assignors/restricted.js';

const TOPICS = ['a', 'b', 'c'];
/** A held partition may move once more where members want different topics: as the inner assignor has it. */
const ROUNDS = 4;

const keysOf = (partitions: readonly TopicPartition[] = []): string[] => partitions.map(topicPartitionKey).toSorted();
const upTo = (count: number): number[] => Array.from({ length: count }, (_, partition) => partition);

const counts = fc
  .tuple(...TOPICS.map(() => fc.integer({ min: 1, max: 12 })))
  .map((all) => new Map(TOPICS.map((topic, i) => [topic, all[i] ?? 1])));
/** Of some topics, in any order; some partitions do not exist. */
const parts: fc.Arbitrary<GroupPartitions> = fc
  .dictionary(fc.constantFrom(...TOPICS), fc.uniqueArray(fc.nat(15), { minLength: 1 }))
  .map((all) => new Map(Object.entries(all)));
const members = (topics: fc.Arbitrary<readonly string[]>): fc.Arbitrary<GroupMember[]> =>
  fc
    .uniqueArray(fc.tuple(fc.stringMatching(/^m[0-9a-f]$/), topics), {
      selector: ([memberId]) => memberId,
      minLength: 1,
      maxLength: 8,
    })
    .map((all) => all.map(([memberId, wanted]) => ({ memberId, topics: wanted, owned: [], generationId: -1 })));
const alike = members(fc.constant(TOPICS));
const different = members(fc.subarray(TOPICS));

/** The members after a generation in which each has what it was given. */
function round(assignor: PartitionAssignor, group: readonly GroupMember[], all: ReadonlyMap<string, number>) {
  const assignments = assignor.assign(group, all);
  assert.deepEqual([...assignments.keys()].toSorted(), group.map(({ memberId }) => memberId).toSorted());
  return group.map((member) => ({
    ...member,
    owned: assignments.get(member.memberId) ?? [],
    generationId: member.generationId + 1,
  }));
}

/** Others come, and some go. Who stays holds what it held. */
function changed(before: readonly GroupMember[], after: readonly GroupMember[]): GroupMember[] {
  const generationId = Math.max(...before.map((member) => member.generationId));
  const held = new Map(before.map(({ memberId, owned }) => [memberId, owned]));
  return after.map((member) => ({ ...member, owned: held.get(member.memberId) ?? [], generationId }));
}

const wanted = (group: readonly GroupMember[], all: ReadonlyMap<string, number>, part: GroupPartitions): string[] =>
  [...all].flatMap(([topic, count]) =>
    group.some(({ topics }) => topics.includes(topic))
      ? (part.get(topic) ?? upTo(count))
          .filter((partition) => partition < count)
          .map((partition) => topicPartitionKey({ topic, partition }))
      : [],
  );

const heldIn = (group: readonly GroupMember[]): string[] => keysOf(group.flatMap(({ owned }) => owned));
const sizesOf = (group: readonly GroupMember[]): number[] => group.map(({ owned }) => owned.length);

describe('an assignor that is restricted to partitions of a topic', () => {
  for (const name of ['range', 'round-robin', 'cooperative-sticky', 'kafkajs-round-robin'] as const) {
    const restricted = (groupPartitions: GroupPartitions): PartitionAssignor => {
      const [assignor] = assignorsOf({ partitionAssignors: [name], groupPartitions });
      assert.ok(assignor);
      return assignor;
    };

    it(`${name}: gives each of them to one member, and no other, whoever comes and goes`, () => {
      const law = fc.property(counts, parts, different, different, (all, part, before, after) => {
        const assignor = restricted(part);
        let group = round(assignor, before, all);
        assert.deepEqual(heldIn(group), wanted(before, all, part).toSorted());
        group = changed(group, after);
        for (let i = 0; i < ROUNDS; i++) group = round(assignor, group, all);
        assert.deepEqual(heldIn(group), wanted(after, all, part).toSorted());
        for (const { owned, topics } of group) for (const { topic } of owned) assert.ok(topics.includes(topic));
      });
      fc.assert(law);
    });

    it(`${name}: shares them out as it does the partitions of a topic that has no others`, () => {
      const law = fc.property(counts, parts, alike, (all, part, group) => {
        const asMany = new Map([...all].map(([topic, count]) => [topic, wanted(group, new Map([[topic, count]]), part).length])); // prettier-ignore
        const [inner] = assignorsOf({ partitionAssignors: [name] });
        assert.ok(inner);
        assert.deepEqual(sizesOf(round(restricted(part), group, all)), sizesOf(round(inner, group, asMany)));
      });
      fc.assert(law);
    });
  }

  it('moves no more than evenness asks for, if it is a sticky one', () => {
    const law = fc.property(counts, parts, alike, alike, (all, part, before, come) => {
      const assignor = restrictedTo(part, cooperativeStickyAssignor);
      const known = new Set(before.map(({ memberId }) => memberId));
      const held = round(assignor, before, all);
      const group = changed(held, [...before, ...come.filter(({ memberId }) => !known.has(memberId))]);
      const total = heldIn(held).length;
      const [least, larger] = [Math.floor(total / group.length), total % group.length];
      const needed = sizesOf(group)
        .toSorted((a, b) => b - a)
        .reduce((sum, size, i) => sum + Math.max(0, size - least - (i < larger ? 1 : 0)), 0);
      const kept = new Set(
        round(assignor, group, all).flatMap(({ memberId, owned }) => keysOf(owned).map((key) => `${memberId} ${key}`)),
      );
      const moved = group.flatMap(({ memberId, owned }) => keysOf(owned).filter((key) => !kept.has(`${memberId} ${key}`))); // prettier-ignore
      assert.equal(moved.length, needed);
    });
    fc.assert(law);
  });

  it('does not mind what is held elsewhere, and shares out what comes to exist', () => {
    const assignor = restrictedTo(new Map([['a', [2, 3, 4]]]), cooperativeStickyAssignor);
    const owned = [0, 1, 2].map((partition) => ({ topic: 'a', partition }));
    const group = [{ memberId: 'm1', topics: ['a'], owned, generationId: 3 }];
    const given = (count: number): string[] => keysOf(assignor.assign(group, new Map([['a', count]])).get('m1'));
    assert.deepEqual(given(4), ['a:2', 'a:3']);
    assert.deepEqual(given(5), ['a:2', 'a:3', 'a:4']);
    assert.deepEqual(given(12), ['a:2', 'a:3', 'a:4'], 'partitions that are added are nobody’s');
    assert.deepEqual(given(2), []);
  });

  it('has a name of its own for each part, however that is written', () => {
    const nameOf = (part: GroupPartitions): string => restrictedTo(part, rangeAssignor).protocolName;
    const part = new Map([['b', [3, 0, 3]], ['a', [4, 2, 3, 7]]]); // prettier-ignore
    assert.equal(nameOf(part), 'range(a:2-4,7;b:0,3)');
    const canonical = (each: GroupPartitions): unknown =>
      [...each].map(([topic, partitions]) => [topic, partitions.toSorted((a, b) => a - b)]).toSorted();
    const law = fc.property(parts, parts, (one, other) => {
      const isSame = JSON.stringify(canonical(one)) === JSON.stringify(canonical(other));
      assert.equal(nameOf(one) === nameOf(other), isSame);
      assert.equal(nameOf(new Map([...one].reverse().map(([topic, all]) => [topic, all.toReversed()]))), nameOf(one));
    });
    fc.assert(law);
  });

  it('is the inner one where nothing is restricted', () => {
    assert.deepEqual(assignorsOf({ partitionAssignors: ['range'] }), [rangeAssignor]);
  });
});
