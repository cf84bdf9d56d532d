import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { topicPartitionKey } from '@hearken/core/internal';
import fc from 'fast-check';
import type { Assignments, GroupMember, PartitionAssignor } from '../../../dist/consumer/assignors/assignor.js';
import { rangeAssignor } from '../../../dist/consumer/assignors/range.js';
import { roundRobinAssignor } from '../../../dist/consumer/assignors/round-robin.js';

/** What Apache Kafka's assignors computed; AssignorVectors.java made it. */
interface Vector {
  readonly counts: Readonly<Record<string, number>>;
  readonly members: readonly GroupMember[];
  readonly range: Readonly<Record<string, readonly string[]>>;
  readonly roundrobin: Readonly<Record<string, readonly string[]>>;
}

const VECTORS = new URL('../../../test/consumer/assignors/vectors.json', import.meta.url);
const vectors = JSON.parse(readFileSync(VECTORS, 'utf8')) as readonly Vector[];

const asWritten = (assignments: Assignments): Record<string, string[]> =>
  Object.fromEntries(
    [...assignments].map(([member, partitions]) => [member, partitions.map(topicPartitionKey).toSorted()]),
  );

const NOTHING = { owned: fc.constant([]), generationId: fc.constant(-1) };

const topics = fc.uniqueArray(fc.stringMatching(/^[a-c]{1,2}$/), { maxLength: 5 });
const group = topics.chain((names) =>
  fc.record({
    counts: fc
      .tuple(...names.map(() => fc.integer({ min: 1, max: 12 })))
      .map((counts) => new Map(names.map((name, i) => [name, counts[i] ?? 1]))),
    members: fc.uniqueArray(
      fc.record({ memberId: fc.string({ minLength: 1, maxLength: 3 }), topics: fc.subarray(names), ...NOTHING }),
      { selector: ({ memberId }) => memberId, minLength: 1, maxLength: 7 },
    ),
  }),
);

for (const [name, assignor] of Object.entries({ range: rangeAssignor, roundrobin: roundRobinAssignor })) {
  describe(`the ${name} assignor`, () => {
    const both = assignor satisfies PartitionAssignor;

    it("computes what Java's computes", () => {
      assert.ok(vectors.length >= 100);
      for (const vector of vectors) {
        const counts = new Map(Object.entries(vector.counts));
        const computed = asWritten(both.assign(vector.members, counts));
        for (const [memberId, partitions] of Object.entries(vector[name as 'range' | 'roundrobin'])) {
          assert.deepEqual(computed[memberId], partitions.toSorted());
        }
      }
    });

    it('has its name on the wire', () => assert.equal(both.protocolName, name));

    it('gives every wanted partition to one member that wants it, whatever the order of the members', () => {
      const law = fc.property(group, ({ counts, members }) => {
        const assignments = both.assign(members, counts);
        assert.deepEqual([...assignments.keys()].toSorted(), members.map(({ memberId }) => memberId).toSorted());
        const wanted = [...counts].filter(([topic]) => members.some((member) => member.topics.includes(topic)));
        const expected = wanted.flatMap(([topic, count]) => Array.from({ length: count }, (_, p) => `${topic}:${p}`));
        assert.deepEqual([...assignments.values()].flat().map(topicPartitionKey).toSorted(), expected.toSorted());
        for (const { memberId, topics: own } of members) {
          for (const { topic } of assignments.get(memberId) ?? []) assert.ok(own.includes(topic));
        }
        assert.deepEqual(asWritten(both.assign(members.toReversed(), counts)), asWritten(assignments));
      });
      fc.assert(law);
    });

    it('is even, to one partition of each topic, when all want the same', () => {
      const law = fc.property(group, ({ counts, members }) => {
        const alike = members.map((member) => ({ ...member, topics: [...counts.keys()] }));
        for (const topic of counts.keys()) {
          const shares = [...both.assign(alike, counts).values()].map(
            (p) => p.filter((at) => at.topic === topic).length,
          );
          assert.ok(Math.max(...shares) - Math.min(...shares) <= 1);
        }
      });
      fc.assert(law);
    });
  });
}
