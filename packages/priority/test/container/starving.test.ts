import assert from 'node:assert/strict';
import { DefaultErrorHandler, FixedBackOff } from '@hearken/listener';
import { setup, started, stopped, until, type Bundle } from './setup.js';

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

  it('is none before it has waited for so long, however long the container was made before it started', async () => {
    const bundle = setup({ capacity: 1, policy: 'strict', starvation: 'allow', stalledAfterMs: 60_000 });
    const { clock, container, give, listener, events } = bundle;
    const [starved, stalled] = [events('level:starved'), events('level:stalled')];
    clock.advance(120_000);
    await container.start();
    give(2, 1);
    await listener.call('2:0/0');
    give(0, 1);
    await until(() => container.level(0).isReady);
    assert.equal(container.metrics().levels[0]?.waitedMs, 0);
    for (let i = 0; i < 100; i++) clock.advance(100);
    assert.deepEqual([...starved.items, ...stalled.items], [], 'neither after 10 s');
    assert.ok((container.metrics().levels[0]?.waitedMs ?? Infinity) <= 10_000);
    for (let i = 0; i < 30; i++) clock.advance(100);
    assert.deepEqual(
      starved.items.map(({ priority, waitedMs }) => [priority, waitedMs]),
      [[0, 10_000]],
    );
    for (let i = 0; i < 470; i++) clock.advance(100);
    assert.deepEqual(stalled.items, [], 'not after 60 s');
    for (let i = 0; i < 30; i++) clock.advance(100);
    assert.deepEqual(
      stalled.items.map(({ priority, forMs }) => [priority, forMs]),
      [[2, 60_000]],
    );
    await stopped(bundle);
  });

  it('is none before it has waited for so long, whenever it began to wait between two looks', async () => {
    const bundle = await started({ capacity: 1, policy: 'strict', starvation: 'allow', starvedAfterMs: 1_000 });
    const { clock, container, give, listener, events } = bundle;
    const starved = events('level:starved');
    give(2, 1);
    await listener.call('2:0/0');
    clock.advance(250); // a look: nobody waits
    clock.advance(240);
    give(0, 1);
    await until(() => container.level(0).isReady);
    assert.equal(container.metrics().levels[0]?.waitedMs, 0);
    for (let i = 0; i < 9; i++) clock.advance(100);
    assert.deepEqual(starved.items, [], 'after 900 ms');
    for (let i = 0; i < 4; i++) clock.advance(100);
    assert.equal(starved.items.length, 1);
    await stopped(bundle);
  });

  it('is looked for no more once the container was stopped, even by who is told that it runs', async () => {
    const bundle = setup();
    const { container, clock } = bundle;
    container.on('state:changed', ({ next }) => void (next === 'running' && container.stop()));
    await container.start().catch(() => undefined);
    await container.finished;
    assert.equal(clock.pendingTimers, 0);
  });
});
