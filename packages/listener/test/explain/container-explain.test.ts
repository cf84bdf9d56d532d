import assert from 'node:assert/strict';
import { AsyncTaskExecutor, CircuitBreakerTaskExecutor, RateLimitedTaskExecutor } from '@hearken/executor';
import { eventLoopTurn, ManualClock } from '@hearken/testing';
import { DefaultErrorHandler, FixedBackOff } from '../../dist/index.js';
import { startedBatches } from '../batch-setup.js';
import { distinct, keyed, setup, started, stopNow, tp, until, type Bundle } from '../setup.js';

const LATENCY_MS = 50;

/** Ends all that runs, `LATENCY_MS` after it began, so many times, and lets whatever can start in between. */
async function rounds({ listener, clock }: Bundle, count: number): Promise<void> {
  let ended = 0;
  for (let round = 0; round < count; round++) {
    clock.advance(LATENCY_MS);
    const calls = listener.calls.items;
    for (const { end } of calls.slice(ended)) end();
    ended = calls.length;
    for (let turn = 0; turn < 5; turn++) await eventLoopTurn();
  }
}

describe('MessageListenerContainer: explain', () => {
  it('knows nothing of latency before it was asked, and tells what is there', async () => {
    const bundle = await started({ concurrency: 2, ordering: 'key' });
    const { container, listener, give, clock } = bundle;
    give(0, ...keyed('a', 'a', 'b', 'c', 'd'));
    await listener.call('0/2');
    clock.advance(70);
    const { partitions, ...first } = container.explain();
    assert.deepEqual(first, {
      binding: 'concurrency',
      reason: 'all 2 slots are taken, at an unknown time a call: unknown how many at most',
      bounds: { concurrency: undefined, hottestKey: undefined, eventLoop: undefined },
      recordsPerSecond: undefined,
      latencyMs: undefined,
      concurrency: 2,
      inFlight: 2,
      queued: 3,
      queuedBytes: 3,
      liveLanes: 4,
      readyLanes: 2,
      hottest: [],
    });
    const zero = { ...tp(0), queued: 3, liveLanes: 4, readyLanes: 2, windowSpan: 5, incompletes: 5 };
    const one = { ...tp(1), queued: 0, liveLanes: 0, readyLanes: 0, windowSpan: 0, incompletes: 0, oldest: undefined };
    assert.deepEqual(partitions, [{ ...zero, oldest: { offset: 0, ageMs: 70 } }, one]);
    (await listener.call('0/2')).end();
    await listener.call('0/3');
    const [now] = container.explain().partitions;
    assert.deepEqual([now?.windowSpan, now?.incompletes, now?.oldest?.offset], [5, 4, 0]);
    await stopNow(bundle);
  });

  it('says that slots bind, at C / L', async () => {
    const bundle = await started({ concurrency: 4, ordering: 'key' });
    bundle.give(0, ...distinct(200));
    await bundle.listener.calls.received(4);
    bundle.container.explain();
    await rounds(bundle, 30);
    const { binding, bounds, latencyMs, recordsPerSecond, reason } = bundle.container.explain();
    assert.deepEqual([binding, latencyMs, bounds.concurrency, recordsPerSecond], ['concurrency', 50, 80, 80]);
    assert.equal(reason, 'all 4 slots are taken, at 50.0 ms a call: 80 records a second at most');
    await stopNow(bundle);
  });

  it('says that a key binds, which, its share, and 1 / (L * p)', async () => {
    const bundle = await started({ concurrency: 10, ordering: 'key', bufferRecords: 40 });
    bundle.container.explain();
    // Every second record is of one key; no two others are of the same.
    bundle.give(0, ...Array.from({ length: 400 }, (_, i) => ({ key: i % 2 === 0 ? 'hot' : `key-${i}` })));
    await bundle.listener.calls.received(10);
    await rounds(bundle, 100);
    const { binding, bounds, hottest, recordsPerSecond, reason } = bundle.container.explain();
    assert.equal(binding, 'hottest-key');
    const [hot] = hottest;
    assert.deepEqual([hot?.topic, hot?.partition, hot?.key], ['t', 0, 'hot']);
    assert.ok(Math.abs(hot!.share - 0.5) < 0.06 && hot!.shareAtMost >= hot!.share, `${hot?.share}`);
    assert.equal(Math.round(bounds.hottestKey! * hot!.share), 20, 'one key does 20 in a second, at 50 ms each');
    assert.ok(Math.abs(recordsPerSecond! - bounds.hottestKey!) < 0.15 * bounds.hottestKey!, `${recordsPerSecond}`);
    assert.match(reason, /^\d+ records wait behind others of their key, the hottest of which has \d+\.\d %/);
    await stopNow(bundle);
  });

  it('knows of a hot key before it is what binds, by the key that the records are ordered by', async () => {
    const keySelector = ({ value }: { readonly value: Buffer | null }): Buffer | null => value;
    const bundle = await started({ concurrency: 2, ordering: 'key', keySelector });
    bundle.container.explain();
    bundle.give(0, ...Array.from({ length: 900 }, (_, i) => ({ value: i % 3 === 0 ? 'hot' : `key-${i}` })));
    await bundle.listener.calls.received(2);
    await rounds(bundle, 5);
    const { binding, hottest } = bundle.container.explain();
    const [hot, next] = hottest;
    assert.deepEqual([binding, hot?.key], ['concurrency', 'hot']);
    assert.ok(Math.abs(hot!.share - 1 / 3) < 0.1 && next!.share < 0.05, `${hot?.share}, ${next?.share}`);
    await stopNow(bundle);
  });

  it('tells of a hot key also its part of its partition, which others hide', async () => {
    const bundle = await started({ concurrency: 2, ordering: 'key' });
    bundle.container.explain();
    bundle.give(0, ...Array.from({ length: 30 }, (_, i) => ({ key: i % 2 === 0 ? 'hot' : `key-${i}` })));
    bundle.give(1, ...distinct(30));
    await until(() => bundle.container.metrics().polled === 60);
    const [hot] = bundle.container.explain().hottest;
    assert.deepEqual([hot?.key, hot?.share, hot?.shareOfPartition], ['hot', 0.25, 0.5]);
    await stopNow(bundle);
  });

  it('names no key where records without one wait for nothing, and counts them all the same', async () => {
    const bundle = await started({ concurrency: 2, ordering: 'key' });
    bundle.container.explain();
    bundle.give(0, ...keyed('a', null, null, null));
    await bundle.listener.calls.received(2);
    const { hottest } = bundle.container.explain();
    assert.deepEqual(hottest, [{ ...tp(0), key: 'a', share: 0.25, shareAtMost: 0.25, shareOfPartition: 0.25 }]);
    await stopNow(bundle);
  });

  it('says that a partition binds where that is what is in order', async () => {
    const bundle = await started({ concurrency: 10, ordering: 'partition' });
    bundle.container.explain();
    bundle.give(0, ...distinct(30));
    await bundle.listener.calls.received(1);
    await rounds(bundle, 20);
    const { binding, bounds, hottest } = bundle.container.explain();
    assert.deepEqual([binding, bounds.hottestKey], ['hottest-partition', 20]);
    assert.deepEqual(hottest, [{ ...tp(0), key: null, share: 1, shareAtMost: 1, shareOfPartition: 1 }]);
    await stopNow(bundle);
  });

  it('says that there is nothing left to do', async () => {
    const bundle = await started({ concurrency: 10 });
    const { container, listener, give } = bundle;
    assert.equal(container.explain().binding, 'input');
    give(0, ...distinct(1));
    await listener.calls.received(1);
    await rounds(bundle, 1);
    assert.deepEqual([container.explain().binding, container.explain().latencyMs], ['input', LATENCY_MS]);
    await container.stop();
  });

  it('says that it is paused, or that its executor is', async () => {
    const taskExecutor = new AsyncTaskExecutor({ concurrency: 2 });
    const bundle = await started({ taskExecutor });
    const { container, give, listener } = bundle;
    give(0, ...distinct(5));
    await listener.calls.received(1);
    container.pause();
    assert.equal(container.explain().binding, 'paused');
    container.resume();
    taskExecutor.concurrency = 0;
    assert.equal(container.explain().binding, 'executor');
    await stopNow(bundle);
  });

  it('says that an executor gives no slots that limits a rate, though it has some', async () => {
    const clock = new ManualClock();
    const pool = new AsyncTaskExecutor({ concurrency: 10 });
    const taskExecutor = new RateLimitedTaskExecutor(pool, { limitForPeriod: 2 }, { clock });
    const bundle = await started({ taskExecutor, ordering: 'none' });
    bundle.give(0, ...distinct(20));
    await bundle.listener.calls.received(2);
    assert.equal(bundle.container.explain().binding, 'executor');
    await stopNow(bundle);
  });

  it('says that retries bind, and not the keys that stand behind them', async () => {
    const errorHandler = new DefaultErrorHandler({ backOff: new FixedBackOff({ intervalMs: 1_000, maxRetries: 9 }) });
    const bundle = await started({ concurrency: 4, ordering: 'key', errorHandler });
    const { container, give, listener } = bundle;
    give(0, ...keyed('a', 'a', 'a'));
    (await listener.call('0/0')).fail(new Error('down'));
    await until(() => container.metrics().retrying === 1);
    assert.equal(container.explain().binding, 'retries');
    await container.stop();
  });

  it('says so of batches of several keys that wait for a retry, and not while they run', async () => {
    const errorHandler = new DefaultErrorHandler({ backOff: new FixedBackOff({ intervalMs: 1_000, maxRetries: 9 }) });
    const batch = { maxRecords: 3, by: 'any' } as const;
    const bundle = await startedBatches({ concurrency: 4, ordering: 'key', batch, errorHandler });
    const { container, give, batches } = bundle;
    give(0, ...keyed('a', 'b', 'c'));
    const call = await batches.call(0);
    give(0, ...keyed('b', 'b', 'c'));
    await until(() => container.metrics().queued === 3);
    const { binding, reason } = container.explain();
    assert.equal(binding, 'hottest-key');
    assert.match(reason, /^3 records wait behind others of their key/);
    call.fail(new Error('down'));
    await until(() => container.metrics().retrying > 0);
    assert.equal(container.explain().binding, 'retries');
    await container.stop();
  });

  it('says that there is nothing more while records wait for more of their batch', async () => {
    const batch = { maxRecords: 100, lingerMs: 100 };
    const { container, give, batches, clock } = await startedBatches({ concurrency: 4, ordering: 'key', batch });
    container.explain();
    for (let round = 0; round < 30; round++) {
      give(0, { key: `key-${round}` });
      await until(() => container.metrics().polled === round + 1);
      clock.advance(20); // the one that is 100 ms old starts
      if (round >= 4) (await batches.call(round - 4)).end();
      await until(() => container.metrics().processed === Math.max(0, round - 3));
    }
    const { binding, queued } = container.explain();
    assert.deepEqual([binding, queued], ['input', 4]);
    clock.advance(20);
    const last = await batches.call(26);
    assert.equal(container.explain().binding, 'input', 'also while a listener runs');
    last.end();
    await container.stop({ immediate: true });
  });

  it('says that there is nothing more while only one of its partitions is paused', async () => {
    const bundle = await started({ concurrency: 2, ordering: 'key' });
    const { container, give, listener } = bundle;
    container.explain();
    give(0, ...keyed('a', 'a', 'a'), ...distinct(10));
    const [behindIt, another] = [await listener.call('0/0'), await listener.call('0/3')];
    container.pause([tp(0)]);
    another.end();
    for (let round = 0; round < 20; round++) {
      give(1, { key: `key-${round}` });
      (await listener.call(`1/${round}`)).end();
      await until(() => container.metrics().processed === round + 2);
      bundle.clock.advance(LATENCY_MS);
    }
    const now = (): unknown[] => {
      const { binding, queued, inFlight } = container.explain();
      return [binding, queued, inFlight];
    };
    assert.deepEqual(now(), ['input', 11, 1], 'though two stand behind the one that runs');
    behindIt.end();
    await until(() => container.metrics().running === 0);
    assert.deepEqual(now(), ['input', 11, 0]);
    await container.stop();
  });

  it('says no more that a key binds when its partition is paused', async () => {
    const bundle = await started({ concurrency: 2, ordering: 'key' });
    const { container, give, listener } = bundle;
    container.explain();
    give(0, ...Array.from({ length: 20 }, () => ({ key: 'a' })));
    await listener.calls.received(1);
    await rounds(bundle, 10);
    assert.equal(container.explain().binding, 'hottest-key');
    container.pause([tp(0)]);
    await rounds(bundle, 1);
    assert.deepEqual([container.explain().binding, container.explain().inFlight], ['input', 0]);
    give(1, ...distinct(1));
    (await listener.call('1/0')).end();
    assert.equal(container.explain().binding, 'input');
    await container.stop();
  });

  it('measures listeners that end at once, and calls of batches', async () => {
    const bundle = setup({ concurrency: 2, batchListener: () => undefined, listener: undefined } as never);
    bundle.container.explain();
    await bundle.container.start();
    bundle.give(0, ...distinct(5));
    await until(() => bundle.container.metrics().processed === 5);
    const { latencyMs, hottest } = bundle.container.explain();
    assert.deepEqual([latencyMs, hottest.length, hottest[0]?.share], [0, 1, 1]);
    await bundle.container.stop();
  });

  it('measures attempts that an executor sees one by one', async () => {
    const taskExecutor = new CircuitBreakerTaskExecutor(new AsyncTaskExecutor({ concurrency: 3 }));
    const bundle = await started({ taskExecutor, ordering: 'none' });
    bundle.container.explain();
    bundle.give(0, ...distinct(30));
    await bundle.listener.calls.received(3);
    await rounds(bundle, 5);
    const { binding, latencyMs, bounds } = bundle.container.explain();
    assert.deepEqual([binding, latencyMs, bounds.concurrency], ['concurrency', LATENCY_MS, 60]);
    await stopNow(bundle);
  });
});
