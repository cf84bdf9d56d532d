import assert from 'node:assert/strict';
import type { PriorityContainerProperties } from '../../dist/index.js';
import { counts, setup, until } from './setup.js';

type Own = Pick<PriorityContainerProperties, 'policy' | 'starvation' | 'maxPollRecords' | 'buffer'>;

/** Levels in the order of the first 300 starts, where each takes so long and levels 0 and 2 have 300 records each. */
async function orderOf(own: Own): Promise<{ order: string; inversions: number }> {
  const order: number[] = [];
  const { container, give, clock } = setup({
    capacity: 1,
    ...own,
    listener: (_record, _context, { priority }) => {
      order.push(priority);
      clock.advance(0.03);
    },
  });
  for (const level of container.levels) level.pause();
  for (const level of [0, 2]) give(level, 300);
  await container.start();
  await until(() => [0, 2].every((level) => container.level(level).isReady));
  for (const level of [...container.levels].reverse()) level.resume();
  await until(() => order.length >= 300);
  const { inversions } = container.metrics();
  await container.stop();
  return { order: order.slice(0, 300).join(''), inversions };
}

describe('PriorityListenerContainer: a level that ran dry and polled more, with no time left in its turn', () => {
  for (const own of [{ maxPollRecords: 1 }, { buffer: { records: 15 } }])
    it(`is next all the same under strict, with ${JSON.stringify(own)}`, async () => {
      const { order, inversions } = await orderOf({ policy: 'strict', starvation: 'allow', ...own });
      assert.deepEqual([counts(order), inversions], [[0, 0, 300], 0]);
    });

  it('gets its share under weighted', async () => {
    const { order } = await orderOf({ policy: 'weighted', buffer: { records: 9 } });
    const [bulk = 0, , urgent = 0] = counts(order);
    assert.ok(Math.abs(bulk / 1 - urgent / 4) <= 1 + 1 / 4, `${bulk} and ${urgent}, of weights 1 and 4`);
  });
});
