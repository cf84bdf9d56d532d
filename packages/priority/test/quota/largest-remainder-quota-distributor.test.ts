import assert from 'node:assert/strict';
import { LargestRemainderQuotaDistributor, validateDistribution } from '@hearken/priority';
import { exerciseQuotaDistributor } from '@hearken/priority/testing';
import fc from 'fast-check';

const sharesOf = (weights: readonly number[], capacity: number): number[] => [
  ...new LargestRemainderQuotaDistributor(weights).distribution(weights.length, capacity).values(),
];

const weights = fc.array(fc.integer({ min: 1, max: 10_000 }), { minLength: 1, maxLength: 16 });
/** With as much to share out that every level gets something. */
const weightsAndCapacity = weights.chain((all) => {
  const total = all.reduce((sum, weight) => sum + weight, 0);
  return fc.tuple(fc.constant(all), fc.integer({ min: total, max: 2 ** 31 - 1 }));
});

describe('LargestRemainderQuotaDistributor', () => {
  exerciseQuotaDistributor(new LargestRemainderQuotaDistributor([1, 1, 2.5, 4]), {
    levels: [4],
    leastCapacity: () => 9, // the lowest parts are 1 then
  });

  it('gives what is left over to the largest fractions', () => {
    assert.deepEqual(sharesOf([1, 2, 4], 50), [7, 14, 29]); // 7.14, 14.29, 28.57
    assert.deepEqual(sharesOf([1, 2, 4], 10), [1, 3, 6]); // 1.43, 2.86, 5.71; Flipkart's: 1, 2, 7
    assert.deepEqual(sharesOf([1, 2, 4], 13), [2, 4, 7]); // 1.86, 3.71, 7.43; Flipkart's: 1, 3, 9
    assert.deepEqual(sharesOf([50, 30, 20], 7), [4, 2, 1]); // 3.5, 2.1, 1.4
  });

  it('gives a tie to the higher level', () => {
    assert.deepEqual(sharesOf([1, 1], 3), [1, 2]);
    assert.deepEqual(sharesOf([1, 1, 1, 1], 6), [1, 1, 2, 2]);
    assert.deepEqual(sharesOf([0.1, 0.2, 0.1], 10), [2, 5, 3]); // 2.5, 5, 2.5
  });

  it('takes fractions for what they are', () => {
    assert.deepEqual(sharesOf([0.5, 1, 2], 50), sharesOf([1, 2, 4], 50));
    assert.deepEqual(sharesOf([1e-9, 3e-9], 4), [1, 3]);
    assert.deepEqual(sharesOf([1 / 3, 1e9], 2 ** 31 - 1), [1, 2 ** 31 - 2]);
  });

  it('adds up, is less than 1 away from the exact part, and never gives more for less weight', () => {
    fc.assert(
      fc.property(weightsAndCapacity, ([all, capacity]) => {
        const shares = validateDistribution(new LargestRemainderQuotaDistributor(all), all.length, capacity);
        const total = BigInt(all.reduce((sum, weight) => sum + weight, 0));
        shares.forEach((share, level) => {
          // |share - capacity * weight / total| < 1, without a division
          const apart = BigInt(share) * total - BigInt(capacity) * BigInt(all[level] ?? 0);
          assert.ok(-total < apart && apart < total);
          for (const [other, weight] of all.entries()) {
            if (weight < (all[level] ?? 0)) assert.ok((shares[other] ?? 0) <= share);
            if (weight === all[level] && other < level) assert.ok((shares[other] ?? 0) <= share);
          }
        });
      }),
    );
  });

  it('refuses a capacity that leaves a level without a share', () => {
    assert.throws(() => sharesOf([1, 100], 10), {
      code: 'QUOTA_CAPACITY_TOO_SMALL',
      message: 'a capacity of 10 is too small: with weights 1, 100 level 0 gets nothing',
    });
    assert.throws(() => sharesOf([1, 1], 1), { code: 'QUOTA_CAPACITY_TOO_SMALL' });
    assert.throws(() => sharesOf([1, 1], -5), { code: 'QUOTA_CAPACITY_TOO_SMALL' });
  });

  it('refuses another number of levels than of weights', () => {
    assert.throws(() => new LargestRemainderQuotaDistributor([1, 2]).distribution(3, 50), {
      code: 'INVALID_DISTRIBUTION',
      message: /there are 2 weights for 3 levels/,
    });
  });

  it('refuses what are no weights, all at once', () => {
    assert.throws(() => new LargestRemainderQuotaDistributor([1, 0, NaN, -1, Infinity]), {
      code: 'INVALID_CONFIG',
      message: /weights\.1: [^]*weights\.2: [^]*weights\.3: [^]*weights\.4: /,
    });
    assert.throws(() => new LargestRemainderQuotaDistributor([]), { code: 'INVALID_CONFIG' });
  });

  it('keeps no hold of the array it was given', () => {
    const given = [1, 1];
    const distributor = new LargestRemainderQuotaDistributor(given);
    given[0] = 100;
    assert.deepEqual([...distributor.distribution(2, 10).values()], [5, 5]);
  });
});
