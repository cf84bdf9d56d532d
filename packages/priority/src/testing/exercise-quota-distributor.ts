import assert from 'node:assert/strict';
import { validateDistribution, type QuotaDistributor } from '../quota/quota-distributor.js';
import { globalRunner, type TestRunner } from './test-runner.js';

export interface QuotaDistributorPromises {
  /** Numbers of levels it is for. @default 1, 2, 3, 8 */
  readonly levels?: readonly number[];
  /** The smallest capacity it can share out. @default 2^levels - 1 */
  readonly leastCapacity?: (levels: number) => number;
  /** A capacity beyond which it is not tried. @default 200 more than the least */
  readonly largestCapacity?: (levels: number) => number;
  /** Whether a higher level never gets less than a lower one. @default true */
  readonly favoursHigherLevels?: boolean;
  /** @default the global one */
  readonly runner?: TestRunner;
}

/** What every {@link QuotaDistributor} promises. */
export function exerciseQuotaDistributor(
  distributor: QuotaDistributor,
  {
    levels = [1, 2, 3, 8],
    leastCapacity = (count) => 2 ** count - 1,
    largestCapacity = (count) => leastCapacity(count) + 200,
    favoursHigherLevels = true,
    runner = globalRunner(),
  }: QuotaDistributorPromises = {},
): void {
  for (const count of levels) {
    runner.describe(`as a QuotaDistributor for ${count === 1 ? 'one level' : `${count} levels`}`, () => {
      const capacities = range(leastCapacity(count), largestCapacity(count));

      runner.it('gives every level a share, and all of the capacity', () => {
        for (const capacity of capacities) validateDistribution(distributor, count, capacity);
      });

      runner.it('gives the same answer to the same question', () => {
        for (const capacity of capacities) {
          const [first, second] = [0, 1].map(() => validateDistribution(distributor, count, capacity));
          assert.deepEqual(first, second);
        }
      });

      if (!favoursHigherLevels) return;
      runner.it('gives a higher level no less than a lower one', () => {
        for (const capacity of capacities) {
          const shares = validateDistribution(distributor, count, capacity);
          assert.deepEqual(
            shares,
            shares.toSorted((a, b) => a - b),
            `of ${capacity}`,
          );
        }
      });
    });
  }
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index);
