import assert from 'node:assert/strict';
import { FixedQuotaDistributor, validateDistribution, type QuotaDistributor } from '@hearken/priority';
import { exerciseQuotaDistributor } from '@hearken/priority/testing';

const returning = (distribution: unknown): QuotaDistributor => ({
  distribution: () => distribution as ReadonlyMap<number, number>,
});

const problemsWith = (distribution: unknown): readonly string[] => {
  try {
    validateDistribution(returning(distribution), 3, 50);
  } catch (error) {
    assert.equal((error as { code?: string }).code, 'INVALID_DISTRIBUTION');
    return (error as { problems: readonly string[] }).problems;
  }
  return [];
};

describe("a distributor's shares", () => {
  it('are taken by level', () => {
    const shares = new Map([
      [2, 40],
      [0, 4],
      [1, 6],
    ]);
    assert.deepEqual(validateDistribution(returning(shares), 3, 50), [4, 6, 40]);
  });

  it('are asked for with the number of levels and the capacity', () => {
    const asked: number[][] = [];
    const distributor: QuotaDistributor = {
      distribution: (...given) => {
        asked.push(given);
        return new Map([[0, 9]]);
      },
    };
    validateDistribution(distributor, 1, 9);
    assert.deepEqual(asked, [[1, 9]]);
  });

  it('are refused with everything that is wrong with them', () => {
    const shares = new Map<unknown, unknown>([
      [0, 1.5],
      [1, 0],
      [3, 5],
      ['2', 5],
    ]);
    assert.deepEqual(problemsWith(shares), [
      'level 0 must get a whole number from 1, got 1.5',
      'level 1 must get a whole number from 1, got 0',
      'level 2 is missing',
      'there is no level 3',
      "there is no level '2'",
    ]);
  });

  it('must add up to the capacity', () => {
    assert.deepEqual(problemsWith(new Map([10, 20, 30].entries())), ['they add up to 60, not to 50']);
  });

  it('must come in a map', () => {
    assert.deepEqual(problemsWith([10, 20, 20]), ['it must return a Map, got an array of 3']);
    assert.deepEqual(problemsWith(undefined), ['it must return a Map, got undefined']);
    assert.deepEqual(problemsWith(Promise.resolve(new Map())), ['it must return a Map, got a Promise']);
  });

  it('name their distributor when they are wrong', () => {
    class HalfAndHalf implements QuotaDistributor {
      distribution(): ReadonlyMap<number, number> {
        return new Map([25, 25].entries());
      }
    }
    assert.throws(() => validateDistribution(new HalfAndHalf(), 3, 50), {
      message: /^the shares of HalfAndHalf cannot/,
    });
    assert.throws(() => validateDistribution(returning(null), 3, 50), {
      message: /^the shares of the quotaDistributor/,
    });
  });
});

describe('FixedQuotaDistributor', () => {
  exerciseQuotaDistributor(new FixedQuotaDistributor([30, 5, 15]), {
    levels: [3],
    leastCapacity: () => 50,
    largestCapacity: () => 50,
    favoursHigherLevels: false,
  });

  it('gives the shares it was given', () => {
    assert.deepEqual(new FixedQuotaDistributor([7, 14, 29]).distribution(3, 50), new Map([7, 14, 29].entries()));
  });

  it('refuses other levels, another capacity, and shares that are none', () => {
    const refused = { code: 'INVALID_DISTRIBUTION' };
    assert.throws(() => new FixedQuotaDistributor([7, 14, 29]).distribution(2, 21), refused);
    assert.throws(() => new FixedQuotaDistributor([7, 14, 29]).distribution(3, 51), refused);
    assert.throws(() => new FixedQuotaDistributor([0, 21, 29]).distribution(3, 50), refused);
  });
});
