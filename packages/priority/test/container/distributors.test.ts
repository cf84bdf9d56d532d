import assert from 'node:assert/strict';
import { ExponentialQuotaDistributor, FixedQuotaDistributor, type QuotaDistributor } from '../../dist/index.js';
import { counts, setup, until, type Own } from './setup.js';

/** The shares of 500 records while all levels have more. */
async function sharesWith(own: Own): Promise<number[]> {
  const order: number[] = [];
  const { container, give } = setup({
    capacity: 50,
    ...own,
    listener: (_record, _context, { priority }) => void order.push(priority),
  } as Own);
  for (const level of container.levels) level.pause();
  for (const level of [0, 1, 2]) give(level, 2_000);
  await container.start();
  await until(() => container.levels.every(({ isReady }) => isReady));
  for (const level of container.levels) level.resume();
  await until(() => order.length >= 1_500);
  await container.stop();
  // From where all are at work: the first to resume had some for itself.
  return counts(order.slice(1_000, 1_500).join('')).map((count) => count / 500);
}

/** Level 1 above all. */
class MiddleFirst implements QuotaDistributor {
  distribution(maxPriority: number, capacity: number): ReadonlyMap<number, number> {
    const rest = Math.floor(capacity / 10);
    return new Map([0, 1, 2].map((level) => [level, level === 1 ? capacity - rest * (maxPriority - 1) : rest]));
  }
}

function assertShares(shares: readonly number[], expected: readonly number[]): void {
  shares.forEach((share, level) => assert.ok(Math.abs(share - (expected[level] ?? 0)) <= 0.05, shares.join()));
}

describe('PriorityListenerContainer: quota distributors', () => {
  for (const policy of ['weighted', 'drr', 'flipkart-burst'] as const) {
    it(`gives '${policy}' its weights: exponential by default, else as the user's says`, async () => {
      assertShares(await sharesWith({ policy }), [0.14, 0.28, 0.58]);
      assertShares(await sharesWith({ policy, quotaDistributor: new MiddleFirst() }), [0.1, 0.8, 0.1]);
    });
  }

  it('takes the proportions of the default where the capacity is too small for its shares', () => {
    const { container } = setup({ capacity: 1 });
    assert.deepEqual(container.snapshot().policy.weights, [1, 2, 4]);
  });

  it('refuses at once what a distributor cannot give', () => {
    const tooSmall = { capacity: 6, quotaDistributor: new ExponentialQuotaDistributor() };
    assert.throws(() => setup(tooSmall), { code: 'QUOTA_CAPACITY_TOO_SMALL' });
    const wrong = { capacity: 50, quotaDistributor: new FixedQuotaDistributor([1, 2, 3]) };
    assert.throws(() => setup(wrong), { code: 'INVALID_DISTRIBUTION' });
  });

  it('refuses weights of levels beside a distributor', () => {
    const both = { levels: [{ weight: 1 }, { weight: 2 }], quotaDistributor: new MiddleFirst() };
    assert.throws(() => setup(both), /quotaDistributor: cannot go with weights/);
  });
});
