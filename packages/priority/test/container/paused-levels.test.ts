import assert from 'node:assert/strict';
import { DefaultErrorHandler, FixedBackOff, type ParkingProperties } from '@hearken/listener';
import { FakeProducer } from '@hearken/testing';
import { addsUp, settled, setup, started, stopped, until, type Bundle } from './setup.js';

const MAX_POLL_INTERVAL_MS = 300_000;

/** Time passes in steps that are shorter than a look of anybody, with turns of the event loop between them. */
async function passes({ clock }: Bundle, ms: number): Promise<void> {
  for (let at = 0; at < ms; at += 10_000) {
    clock.advance(10_000);
    await settled();
  }
}

/** Whatever a level's container, or the container itself, takes for a standstill. */
function standstills({ container }: Bundle): string[] {
  const told: string[] = [];
  for (const name of ['partition:stalled', 'container:stalled'] as const)
    container.on(name, () => void told.push(name));
  for (const name of ['level:starved', 'level:stalled'] as const)
    container.on(name, ({ priority }) => void told.push(`${name} ${priority}`));
  return told;
}

describe('PriorityListenerContainer: levels that are paused', () => {
  it('are not stalled, however long, and the others are', async () => {
    const bundle = await started({ capacity: 3, noProgressTimeoutMs: 60_000, monitorIntervalMs: 30_000 });
    const { container, give, listener } = bundle;
    const told = standstills(bundle);
    container.level(2).pause();
    give(2, 5);
    await until(() => container.level(2).isReady);
    await passes(bundle, 200_000);
    assert.deepEqual(told, []);
    assert.deepEqual([container.health().status, container.snapshot().levels[2]?.isPaused], ['up', true]);

    give(1, 1);
    await until(() => listener.order === '1');
    await passes(bundle, 100_000);
    assert.deepEqual(told, ['partition:stalled', 'level:stalled 1'], 'a listener that hangs is one');
    assert.deepEqual(
      container.health().levels.map(({ status }) => status),
      ['up', 'degraded', 'up'],
    );
    await stopped(bundle);
  });

  it('start nothing that is parked either', async () => {
    const backOff = new FixedBackOff({ intervalMs: 30, maxRetries: 1_000 });
    const once = new FixedBackOff({ maxRetries: 0 });
    const template: ParkingProperties['template'] = {
      execute: async (callback) => await callback(producer),
      partitionsFor: async (topic) => await producer.partitionsFor(topic),
    };
    const { container, give, log, listener, clock } = setup({
      ordering: 'key',
      capacity: 1,
      errorHandler: new DefaultErrorHandler({ backOff: once, onExhausted: 'parkKey' }),
      parking: { template, backOff },
    });
    const producer = new FakeProducer({ log, partitions: 2 });
    await container.start();
    give(2, 1, { key: 'a' });
    (await listener.call('2:0/0')).fail(new Error('not today'));
    await until(() => listener.calls.count === 2);
    container.level(2).pause();
    listener.calls.last?.fail(new Error('nor tomorrow'));
    await until(() => clock.nextDueInMs === 30);
    clock.advance(30);
    await settled();
    assert.equal(listener.calls.count, 2);
    container.level(2).resume();
    await until(() => listener.calls.count === 3);
    listener.calls.last?.end();
    await until(() => container.metrics().levels[2]?.handedBack === 1);
    await container.stop();
  });

  it('do not starve: their time begins when they are resumed', async () => {
    const bundle = await started({ capacity: 1, starvedAfterMs: 20_000, stalledAfterMs: 1_000_000 });
    const { container, give, listener } = bundle;
    const told = standstills(bundle);
    give(0, 1);
    await until(() => listener.order === '0');
    container.level(2).pause();
    give(2, 5);
    await until(() => container.level(2).isReady);
    await passes(bundle, 50_000);
    assert.deepEqual(told, []);
    container.level(2).resume();
    await passes(bundle, 10_000);
    assert.deepEqual(told, []);
    await passes(bundle, 30_000);
    assert.deepEqual(told, ['level:starved 2']);
    await stopped(bundle);
  });

  it('stay in their groups, all of them, for longer than maxPollIntervalMs, and lose nothing', async () => {
    const bundle = setup({ capacity: 3, buffer: { records: 30 } });
    const { container, give, consumer, listener, committed } = bundle;
    const told = standstills(bundle);
    for (const level of container.levels) level.pause();
    await container.start();
    for (const level of [0, 1, 2]) give(level, 100); // more than their buffers have room for
    await until(() => container.levels.every(({ isReady }) => isReady));
    for (let intervals = 0; intervals < 3; intervals++) {
      const polls = [0, 1, 2].map((level) => consumer(level).polls.count);
      await passes(bundle, MAX_POLL_INTERVAL_MS);
      for (const level of [0, 1, 2])
        assert.ok(consumer(level).polls.count > (polls[level] ?? 0), 'it says that it lives');
      assert.equal(container.health().status, 'up');
    }
    assert.deepEqual([told, listener.order, container.state], [[], '', 'running']);
    const { levels } = container.metrics();
    assert.ok(
      levels.every(({ queued }) => queued > 0 && queued <= 20),
      'and polls no more than it has room for',
    );

    for (const level of container.levels) level.resume();
    for (let ended = 0; ended < 300; ended++) {
      await until(() => listener.calls.items.length > ended);
      listener.calls.items[ended]?.end();
    }
    await stopped(bundle);
    for (const level of [0, 1, 2]) assert.deepEqual([committed(level, 0), committed(level, 1)], [50, 50]);
    assert.ok(addsUp(bundle));
  });
});
