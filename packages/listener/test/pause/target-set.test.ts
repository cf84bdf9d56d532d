import assert from 'node:assert/strict';
import fc from 'fast-check';
import { TargetSet, type PartitionTarget } from '../../dist/pause/target-set.js';

const TOPICS = ['a', 'b', 'c'];
const EVERY = TOPICS.flatMap((topic) => [0, 1, 2].map((partition) => ({ topic, partition })));

const partition = fc.constantFrom(...EVERY.filter((at) => at.topic !== 'c' && at.partition < 2)); // the others are never named
const target = fc.oneof(fc.constantFrom('a', 'b'), partition);
const words = fc.array(
  fc.record({ isIn: fc.boolean(), targets: fc.option(fc.array(target, { maxLength: 3 }), { nil: undefined }) }),
);

const covers = (targets: readonly PartitionTarget[] | undefined, at: { topic: string; partition: number }): boolean =>
  targets?.some((one) =>
    typeof one === 'string' ? one === at.topic : one.topic === at.topic && one.partition === at.partition,
  ) ?? true;

describe('TargetSet', () => {
  it('holds of every partition, named or not, what was said of it last', () => {
    const law = fc.property(words, (said) => {
      const set = new TargetSet();
      for (const { isIn, targets } of said) {
        if (isIn) set.add(targets);
        else set.remove(targets);
      }
      for (const at of EVERY) {
        const last = said.findLast(({ targets }) => covers(targets, at));
        assert.equal(set.has(at), last?.isIn ?? false, `${at.topic}-${at.partition}`);
      }
    });
    fc.assert(law, { numRuns: 1_000 });
  });

  it('says of a topic, and of everything, what holds of the partitions that were not named', () => {
    const set = new TargetSet();
    set.add(['a']);
    set.remove([{ topic: 'a', partition: 0 }]);
    assert.deepEqual([set.has('a'), set.has('b'), set.has()], [true, false, false]);
    set.add(undefined);
    set.remove(['b']);
    assert.deepEqual([set.has('a'), set.has('b'), set.has()], [true, false, true]);
  });
});
