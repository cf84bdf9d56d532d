import assert from 'node:assert/strict';
import fc from 'fast-check';
import { backOffMs } from '../../dist/cluster/back-off.js';

describe('backOffMs', () => {
  it('doubles from 50 ms to 1 s', () => {
    const even = [1, 2, 3, 4, 5, 6, 7].map((failures) => backOffMs(failures, 0.5));
    assert.deepEqual(even, [50, 100, 200, 400, 800, 1_000, 1_000]);
  });

  it('is another time each time, so that not all come back at once', () => {
    assert.deepEqual([backOffMs(3, 0), backOffMs(3, 0.999)], [160, 240]);
  });

  it('stays within a fifth of that, however many failures', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10_000 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (failures, random) => {
          const even = Math.min(50 * 2 ** (failures - 1), 1_000);
          const actual = backOffMs(failures, random);
          assert.ok(actual >= Math.floor(even * 0.8) && actual <= Math.ceil(even * 1.2), `${actual} after ${failures}`);
        },
      ),
    );
  });
});
