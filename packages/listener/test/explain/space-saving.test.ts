import assert from 'node:assert/strict';
import fc from 'fast-check';
import { SpaceSaving } from '../../dist/explain/space-saving.js';

/** Few values often and many seldom, in runs and in turn. */
const stream = fc.array(
  fc.record({
    id: fc.oneof({ weight: 2, arbitrary: fc.nat(3) }, { weight: 1, arbitrary: fc.nat(60) }).map(String),
    times: fc.integer({ min: 1, max: 4 }),
    passes: fc.boolean(),
  }),
  { maxLength: 300 },
);

describe('SpaceSaving', () => {
  it('counts nothing too low or by more than n / k too high, and misses nothing above that, of whatever stream', () => {
    const sizes = fc.record({ capacity: fc.integer({ min: 1, max: 16 }), memory: fc.integer({ min: 8, max: 1_000 }) });
    fc.assert(
      fc.property(sizes, stream, ({ capacity, memory }, values) => {
        const counted = new SpaceSaving<string>(capacity, memory);
        const truth = new Map<string, number>();
        let total = 0;
        for (const { id, times, passes } of values) {
          if (passes) counted.pass(times);
          else counted.add(id, () => id, times);
          if (!passes) truth.set(id, (truth.get(id) ?? 0) + times);
          total += times;
          if (total < memory) continue;
          total /= 2;
          for (const [known, count] of truth) truth.set(known, count / 2);
        }
        assert.equal(counted.total, total);
        const top = counted.top(capacity);
        for (const { value, count, error } of top) {
          const trueCount = truth.get(value) ?? 0;
          assert.ok(count >= trueCount && count - error <= trueCount, `${value}: ${count} ± ${error}, ${trueCount}`);
          assert.ok(error <= total / capacity);
        }
        const found = new Set(top.map(({ value }) => value));
        for (const [id, count] of truth) assert.ok(count <= total / capacity || found.has(id), `${id} has no counter`);
      }),
      { numRuns: 500 },
    );
  });

  it('is exact while there are counters enough, and has those that are most frequent for sure first', () => {
    const counted = new SpaceSaving<string>(3, 1_000);
    for (const id of 'abacabb') counted.add(id, () => id.toUpperCase());
    assert.deepEqual(counted.top(2), [
      { value: 'A', count: 3, error: 0 },
      { value: 'B', count: 3, error: 0 },
    ]);
    counted.add('d', () => 'D'); // takes over from c, which came once
    assert.deepEqual(counted.top(3).at(-1), { value: 'D', count: 2, error: 1 });
  });

  it('makes what is told of a value only when it gets a counter', () => {
    const counted = new SpaceSaving<number>(1, 1_000);
    let made = 0;
    for (let i = 0; i < 5; i++) counted.add('a', () => ++made);
    assert.deepEqual([made, counted.total], [1, 5]);
  });
});
