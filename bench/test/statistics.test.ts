import assert from 'node:assert/strict';
import fc from 'fast-check';
import { median, percentile, rounded } from '../dist/statistics.js';

describe('Statistics', () => {
  it('the median is the middle value, the lower of two, NaN of none', () => {
    assert.equal(median([3, 1, 2]), 2);
    assert.equal(median([4, 1, 3, 2]), 2);
    assert.equal(median([]), NaN);
  });

  it('a percentile by nearest rank is a value, which at least that share does not exceed, and no smaller one is', () => {
    const values = fc.array(fc.double({ noNaN: true }), { minLength: 1, maxLength: 300 });
    const shares = fc.double({ min: 0.001, max: 1, noNaN: true });
    fc.assert(
      fc.property(values, shares, (given, share) => {
        const found = percentile(given, share);
        const atMost = (limit: number): number => given.filter((value) => value <= limit).length;
        const below = given.filter((value) => value < found).length;
        assert.ok(given.includes(found));
        assert.ok(atMost(found) >= given.length * share && below < given.length * share);
      }),
    );
  });

  it('leaves the values as they were', () => {
    const values = [3, 1, 2];
    percentile(values, 0.5);
    assert.deepEqual(values, [3, 1, 2]);
  });

  it('rounds to four significant digits', () => {
    assert.deepEqual([123_456, 0.000_123_456, 7].map(rounded), [123_500, 0.000_123_5, 7]);
  });
});
