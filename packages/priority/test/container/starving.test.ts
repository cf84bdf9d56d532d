import assert from 'node:assert/strict';
import { DefaultErrorHandler, FixedBackOff } from '@hearken/listener';
import { started, stopped, until, type Bundle } from './setup.js';

/** Levels that were told to starve in these two seconds. */
function starvedIn({ clock, container }: Bundle): string[] {
  const names: string[] = [];
  const off = container.on('level:starved', ({ name }) => names.push(name));
  for (let i = 0; i < 20; i++) clock.advance(100);
  off();
  return names;
}

const own = { capacity: 2, partitions: 1, starvedAfterMs: 1_000 } as const;

describe('PriorityListenerContainer: a level that starves', () => {
  for (const ordering of ['key', 'partition'] as const)
    it(`is none whose records wait for one that runs, in ${ordering} order: they could not start`, async () => {
      const bundle = await started({ ...own, ordering });
      const { give, listener, container } = bundle;
      give(2, 1);
      await listener.call('2:0/0');
      give(0, 1, { key: 'a' }); // the last slot: nobody asks the level for more
      await listener.call('0:0/0');
      give(0, 1, { key: 'a' });
      await until(() => container.metrics().levels[0]?.queued === 1);
      assert.deepEqual(starvedIn(bundle), []);
      assert.deepEqual([container.metrics().levels[0]?.waitedMs, container.snapshot().levels[0]?.isReady], [0, false]);
      assert.deepEqual(
        container.explain(0).waitsFor.map(({ code }) => code),
        ['listener', 'order'],
      );
      (await listener.call('0:0/0')).end();
      await listener.call('0:0/1');
      await stopped(bundle);
    });

  it('is one of whose records a single one could start', async () => {
    const bundle = await started({ ...own, ordering: 'key' });
    const { give, listener, container } = bundle;
    give(2, 1);
    await listener.call('2:0/0');
    give(0, 1, { key: 'a' });
    await listener.call('0:0/0');
    give(0, 1, { key: 'a' });
    give(0, 1, { key: 'b' });
    await until(() => container.metrics().levels[0]?.queued === 2);
    assert.deepEqual(starvedIn(bundle), ['0']);
    await stopped(bundle);
  });

  it('is one whose record is to be tried again now, and gets no slot', async () => {
    const errorHandler = new DefaultErrorHandler({ backOff: new FixedBackOff({ intervalMs: 10, maxRetries: 1 }) });
    const bundle = await started({ ...own, capacity: 1, errorHandler });
    const { give, listener, container, clock } = bundle;
    give(0, 1);
    (await listener.call('0:0/0')).fail(new Error('no'));
    await until(() => container.metrics().levels[0]?.retrying === 1);
    give(2, 1);
    await listener.call('2:0/0');
    clock.advance(10);
    assert.deepEqual(starvedIn(bundle), ['0']);
    await stopped(bundle);
  });
});
