import assert from 'node:assert/strict';
import { ExponentialQuotaDistributor, validateDistribution } from '@hearken/priority';
import { exerciseQuotaDistributor } from '@hearken/priority/testing';
import fc from 'fast-check';
import { distributions } from '../flipkart/flipkart-vectors.js';

const quotas = new ExponentialQuotaDistributor();

const levelsAndCapacity = fc
  .integer({ min: 1, max: 16 })
  .chain((levels) => fc.tuple(fc.constant(levels), fc.integer({ min: 2 ** levels - 1, max: 2 ** 31 - 1 })));

/** The rule in whole numbers of any size. */
function byTheRule(levels: number, capacity: number): Map<number, number> {
  const parts = 2n ** BigInt(levels) - 1n;
  const shares = Array.from({ length: levels }, (_, level) => Number((BigInt(capacity) * 2n ** BigInt(level)) / parts));
  const given = shares.reduce((sum, share) => sum + share, 0);
  return new Map(shares.map((share, level) => [level, level === levels - 1 ? share + capacity - given : share]));
}

describe('ExponentialQuotaDistributor', () => {
  exerciseQuotaDistributor(quotas, { levels: [1, 2, 3, 8, 16] });

  it('gives 50 over three levels as 29, 14 and 7', () => {
    assert.deepEqual(
      quotas.distribution(3, 50),
      new Map([
        [2, 29],
        [1, 14],
        [0, 7],
      ]),
    );
  });

  it("gives what Flipkart's gives", () => {
    assert.ok(distributions.length > 50);
    for (const { levels, capacity, shares } of distributions) {
      assert.deepEqual(quotas.distribution(levels, capacity), new Map(shares.entries()), `${levels}, ${capacity}`);
    }
  });

  it('is exact for every capacity and keeps the promise of a distributor', () => {
    fc.assert(
      fc.property(levelsAndCapacity, ([levels, capacity]) => {
        assert.deepEqual(quotas.distribution(levels, capacity), byTheRule(levels, capacity));
        const shares = validateDistribution(quotas, levels, capacity);
        assert.ok(shares.every((share, level) => level === 0 || share >= 2 * (shares[level - 1] ?? 0)));
      }),
    );
  });

  it('needs 2^levels - 1', () => {
    for (let levels = 1; levels <= 16; levels++) {
      const least = 2 ** levels - 1;
      assert.deepEqual(
        [...quotas.distribution(levels, least).values()],
        Array.from({ length: levels }, (_, level) => 2 ** level),
      );
      for (const capacity of [least - 1, 0, -1]) {
        assert.throws(() => quotas.distribution(levels, capacity), {
          code: 'QUOTA_CAPACITY_TOO_SMALL',
          message: `a capacity of ${capacity} is too small: ${levels} levels need ${least} at least`,
        });
      }
    }
  });

  it('refuses what are no levels or no capacity, both at once', () => {
    for (const levels of [0, 17, 2.5, NaN, -1]) {
      assert.throws(() => quotas.distribution(levels, 2 ** 31), {
        code: 'INVALID_CONFIG',
        message: /maxPriority: must be a whole number from 1 to 16[^]*capacity: must be a whole number/,
      });
    }
  });
});
