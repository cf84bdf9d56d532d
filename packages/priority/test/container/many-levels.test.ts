import assert from 'node:assert/strict';
import { deferred } from '@hearken/core/internal';
import { LargestRemainderQuotaDistributor, type PolicyName } from '../../dist/index.js';
import { addsUp, setup, until, type Own } from './setup.js';

const LEVELS = 16;
const ALL = Array.from({ length: LEVELS }, (_, level) => level);
/** 1 to 16: a level's share is its number and one more, of 136. */
const WEIGHTS = ALL.map((level) => level + 1);
const ROUND = WEIGHTS.reduce((sum, weight) => sum + weight);

const EACH = 400;

/** The levels in the order in which their records start, from when all have some and the slots come free. */
async function orderOf(own: Own): Promise<number[]> {
  const order: number[] = [];
  let isOpen = false;
  const gate = deferred();
  const bundle = setup({
    levels: LEVELS,
    capacity: ROUND,
    partitions: 1,
    listener: (_record, _context, { priority }) => {
      order.push(priority);
      return isOpen ? undefined : gate.promise;
    },
    ...own,
  } as Own);
  const { container, give, committed } = bundle;
  for (const level of ALL) give(level, EACH);
  await container.start();
  await until(() => order.length === ROUND && container.levels.every(({ isReady }) => isReady));
  isOpen = true;
  gate.resolve();
  await until(() => order.length === EACH * LEVELS);
  await container.stop();
  for (const level of ALL) assert.equal(committed(level, 0), EACH);
  assert.ok(addsUp(bundle));
  return order.slice(ROUND);
}

const countsOf = (order: readonly number[]): number[] =>
  ALL.map((level) => order.filter((each) => each === level).length);

describe('PriorityListenerContainer: sixteen levels', () => {
  it('start the most urgent first, and each to its last record', async () => {
    const order = await orderOf({ policy: 'strict', starvation: 'allow' });
    assert.deepEqual(
      order,
      order.toSorted((a, b) => b - a),
    );
  });

  for (const policy of ['weighted', 'drr', 'flipkart-burst'] satisfies PolicyName[])
    it(`have a share each by '${policy}'`, async () => {
      const order = await orderOf({ policy, quotaDistributor: new LargestRemainderQuotaDistributor(WEIGHTS) });
      const counts = countsOf(order.slice(ROUND, 5 * ROUND));
      // By rounds a level may be a whole part late.
      const late = (level: number): number => (policy === 'weighted' ? 1 : level + 1);
      counts.forEach((count, level) => assert.ok(Math.abs(count - 4 * (level + 1)) <= late(level), counts.join()));
    });
});
