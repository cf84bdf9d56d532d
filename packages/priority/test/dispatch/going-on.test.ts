import assert from 'node:assert/strict';
import {
  drrPolicy,
  strictWithFloorPolicy,
  weightedPolicy,
  type DispatchPolicyFactory,
  type LevelDefinition,
  type PriorityMetrics,
} from '../../dist/index.js';
import { setup, until } from '../container/setup.js';

/** The same policy, but it wants to hear of every end: no record takes over another's slot then. */
const askedEachTime =
  (factory: DispatchPolicyFactory): DispatchPolicyFactory =>
  (shape) => {
    const policy = factory(shape);
    return {
      name: policy.name,
      next: (ready) => policy.next(ready),
      started: (level) => policy.started(level),
      ended: () => undefined,
    };
  };

interface Setting {
  readonly waits: boolean;
  readonly capacity: number;
}

const GIVEN = [300, 600, 900];

/** Levels in the order in which their records started, and what was counted. */
async function orderOf(
  policy: DispatchPolicyFactory,
  { waits, ...own }: Setting & { readonly levels: readonly LevelDefinition[] },
): Promise<{ order: string; metrics: PriorityMetrics }> {
  const order: number[] = [];
  const { container, give } = setup({
    policy,
    ...own,
    listener: (_record, _context, { priority }) => {
      order.push(priority);
      return waits ? Promise.resolve() : undefined;
    },
  });
  for (const level of container.levels) level.pause();
  GIVEN.forEach((count, level) => give(level, count));
  await container.start();
  await until(() => container.levels.every(({ isReady }) => isReady));
  await until(() => container.metrics().levels.every(({ queued }, level) => queued === GIVEN[level]));
  for (const level of [0, 1]) container.level(level).resume();
  container.level(2).resume();
  await until(() => order.length === 1_800);
  await container.stop();
  return { order: order.join(''), metrics: container.metrics() };
}

describe('a record in the slot of the one before', () => {
  it('does not start when the one before paused its level, or is of a policy that was changed meanwhile', async () => {
    const order: number[] = [];
    const { container, give } = setup({
      capacity: 1,
      policy: 'strict',
      starvation: 'allow',
      listener: (_record, _context, { priority }) => {
        order.push(priority);
        if (order.length === 3) container.level(2).pause();
        if (order.length === 5) container.setPolicy('weighted');
        if (order.length === 5) container.level(2).resume();
      },
    });
    for (const level of container.levels) level.pause();
    for (const level of [0, 1, 2]) give(level, 8);
    await container.start();
    await until(() => container.metrics().levels.every(({ queued }) => queued === 8));
    for (const level of [2, 1, 0]) container.level(level).resume();
    await until(() => order.length === 24);
    assert.equal(order.slice(0, 12).join(''), '222112122122', 'level 0 is resumed when both others have come to rest');
    assert.equal(container.metrics().slots, 0);
    await container.stop();
  });

  const policies = { weighted: weightedPolicy(), drr: drrPolicy(), 'strict-with-floor': strictWithFloorPolicy() };
  const levels = [{ minShare: 0.05 }, { minShare: 0.1 }, {}];
  const settings: Record<string, Setting> = {
    'that ends at once': { waits: false, capacity: 1 },
    'that ends at once, with limits': { waits: false, capacity: 4 },
    'that ends in a microtask': { waits: true, capacity: 1 },
  };
  for (const [name, policy] of Object.entries(policies))
    for (const [how, own] of Object.entries(settings))
      it(`is the one that ${name} would have chosen, after one ${how}`, async () => {
        const limits = own.capacity === 4 ? [{ maxSlots: 2 }, { minSlots: 1 }, { maxSlots: 2 }] : [{}, {}, {}];
        const shares = name === 'strict-with-floor' ? levels : [{}, {}, {}];
        const all = { ...own, levels: shares.map((share, i) => ({ ...share, ...limits[i] })) };
        const [went, asked] = [await orderOf(policy, all), await orderOf(askedEachTime(policy), all)];
        assert.equal(went.order, asked.order);
        assert.deepEqual(
          went.metrics.levels.map(({ started, share, processed }) => ({ started, share, processed })),
          asked.metrics.levels.map(({ started, share, processed }) => ({ started, share, processed })),
        );
        assert.equal(went.metrics.inversions, asked.metrics.inversions);
        assert.equal(went.metrics.slots, 0);
      });
});
