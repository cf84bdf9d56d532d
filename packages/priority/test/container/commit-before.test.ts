import assert from 'node:assert/strict';
import { settled, started, stopped, until, type Bundle, type Own } from './setup.js';

/** Ends listeners as they come, until so many have. */
async function endAll({ listener }: Bundle, count: number): Promise<void> {
  for (let ended = 0; ended < count; ended++) {
    await until(() => listener.calls.count > ended);
    listener.calls.items[ended]?.end();
  }
}

describe('PriorityListenerContainer: records that are committed before they start', () => {
  const settings: readonly Own[] = [
    { capacity: 1 },
    { capacity: 4 },
    { capacity: 4, levels: [{}, {}, { maxSlots: 1 }] },
  ];
  for (const own of settings)
    it(`take every slot, with ${JSON.stringify(own)}`, async () => {
      const bundle = await started({ ...own, commitBefore: true });
      const { container, give, listener } = bundle;
      for (const level of [0, 1, 2]) give(level, 4);
      await until(() => listener.calls.count === own.capacity);
      await endAll(bundle, 12);
      await container.stop();
    });

  it('start where a level has nothing left but the slot that is kept for it', async () => {
    const levels = [{}, {}, { minSlots: 1 }];
    const { container, give, listener } = await started({ capacity: 2, levels, commitBefore: true });
    give(0, 4);
    await until(() => listener.order === '0');
    give(2, 4);
    await until(() => listener.order === '02');
    await stopped({ container, listener });
  });

  it('are not ready, nor passed over, while their commit is on its way', async () => {
    const own = { policy: 'strict', starvation: 'allow', commitBefore: true } as const;
    const bundle = await started({ capacity: 1, ...own });
    const { container, give, listener, consumer } = bundle;
    const letCommits = consumer(2).holdCommits();
    give(2, 4);
    await settled();
    assert.equal(container.level(2).isReady, false);
    give(0, 1);
    await until(() => listener.order === '0');
    assert.equal(container.metrics().inversions, 0);
    letCommits();
    await until(() => container.level(2).isReady);
    await endAll(bundle, 5);
    await container.stop();
  });
});
