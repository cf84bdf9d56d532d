import assert from 'node:assert/strict';
import fc from 'fast-check';
import { SlidingArray } from '../../dist/log/sliding-array.js';
import { memoryAfterGc } from './memory-after-gc.js';

type Step = { readonly push: number } | { readonly dropFirst: number } | { readonly truncate: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ push: fc.integer({ min: 1, max: 60 }) }) },
  { weight: 2, arbitrary: fc.record({ dropFirst: fc.nat(80) }) },
  { weight: 1, arbitrary: fc.record({ truncate: fc.nat(80) }) },
);

describe('SlidingArray', () => {
  it('is an array that is sliced', () => {
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const sliding = new SlidingArray<number>();
        let plain: number[] = [];
        let next = 0;
        for (const each of steps) {
          if ('push' in each) {
            for (let i = 0; i < each.push; i++) {
              plain.push(next);
              sliding.push(next++);
            }
          } else if ('dropFirst' in each) {
            plain = plain.slice(each.dropFirst);
            sliding.dropFirst(each.dropFirst);
          } else {
            plain = plain.slice(0, each.truncate);
            sliding.truncate(each.truncate);
          }
          assert.deepEqual([...sliding], plain);
          assert.deepEqual([sliding.length, sliding.last], [plain.length, plain.at(-1)]);
          assert.deepEqual([sliding.at(0), sliding.at(-1), sliding.at(plain.length)], [plain[0], undefined, undefined]);
          const middle = next >>> 1;
          assert.equal(
            sliding.countWhile((n) => n < middle),
            plain.filter((n) => n < middle).length,
          );
        }
      }),
      { numRuns: 200 },
    );
  });

  it('takes the room of what it holds, however much went through it', () => {
    const window = new SlidingArray<number>();
    const before = memoryAfterGc().heapUsed;
    for (let i = 0; i < 1_000_000; i++) {
      window.push(i);
      if (window.length > 1000) window.dropFirst(1);
    }
    assert.equal(window.at(0), 999_000);
    assert.ok(memoryAfterGc().heapUsed - before < 3_000_000);
  });
});
