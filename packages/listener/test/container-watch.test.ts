import assert from 'node:assert/strict';
import { KafkaError } from '@hearken/core';
import { AsyncTaskExecutor, CircuitBreakerTaskExecutor } from '@hearken/executor';
import { eventLoopTurn, ManualClock } from '@hearken/testing';
import { addsUp, distinct, keyed, setup, started, stopNow, tp, until, type Bundle } from './setup.js';

/** Moves the clock on, a step at a time: what each brings about is done before the next. */
async function pass({ clock }: Pick<Bundle, 'clock'>, ms: number, stepMs = 10_000): Promise<void> {
  for (let left = ms; left > 0; left -= stepMs) {
    clock.advance(Math.min(left, stepMs));
    await eventLoopTurn();
  }
}

describe('MessageListenerContainer: idle events', () => {
  it('are told every so often while nothing is polled, and so is the end of it', async () => {
    const bundle = await started({ idleEventIntervalMs: 60_000, listener: () => undefined });
    const { container, give, events } = bundle;
    const [idle, busy] = [events('container:idle'), events('container:busy')];
    await pass(bundle, 50_000);
    give(0, ...keyed('a'));
    await until(() => container.metrics().processed === 1);
    await pass(bundle, 59_000, 1_000);
    assert.deepEqual([idle.count, busy.count], [0, 0], 'counted from the last record');
    await pass(bundle, 61_000, 1_000);
    assert.deepEqual(idle.items, [{ idleMs: 60_000 }, { idleMs: 120_000 }]);
    await pass(bundle, 5_000);
    give(1, ...keyed('b', 'c'));
    await until(() => container.metrics().processed === 3);
    assert.deepEqual(busy.items, [{ idleMs: 125_000 }]);
    await pass(bundle, 60_000);
    assert.equal(idle.count, 3);
    await container.stop();
    await pass(bundle, 600_000);
    assert.equal(idle.count, 3);
    assert.equal(bundle.clock.pendingTimers, 0);
  });

  it('are told for each partition', async () => {
    const bundle = await started({ idlePartitionEventIntervalMs: 60_000, listener: () => undefined });
    const { container, factory, give, events } = bundle;
    const [idle, busy, all] = [events('partition:idle'), events('partition:busy'), events('container:idle')];
    for (let i = 1; i <= 6; i++) {
      await pass(bundle, 30_000);
      give(0, ...keyed('a'));
      await until(() => container.metrics().processed === i);
    }
    assert.deepEqual(idle.items, [
      { ...tp(1), idleMs: 60_000 },
      { ...tp(1), idleMs: 120_000 },
      { ...tp(1), idleMs: 180_000 },
    ]);
    give(1, ...keyed('b'));
    await busy.received(1);
    assert.deepEqual(busy.items, [{ ...tp(1), idleMs: 180_000 }]);
    await factory.consumer.rebalance({ revoke: [tp(0), tp(1)], assign: [tp(0)] });
    await pass(bundle, 60_000);
    assert.deepEqual(idle.items.slice(3), [{ ...tp(0), idleMs: 60_000 }]);
    assert.equal(all.count, 0);
    await container.stop();
    assert.equal(bundle.clock.pendingTimers, 0);
  });
});

describe('MessageListenerContainer: stalls', () => {
  const WATCHED = { monitorIntervalMs: 30_000, noProgressTimeoutMs: 300_000, ordering: 'key' as const };

  it('are told once, with what is waited for, and so is that it goes on again', async () => {
    const bundle = await started({ ...WATCHED, concurrency: 1 });
    const { container, listener, give, events, logger } = bundle;
    const [stalled, progressed] = [events('partition:stalled'), events('partition:progressed')];
    give(0, ...keyed('a', 'b'));
    const hangs = await listener.call('0/0');
    await pass(bundle, 320_000);
    assert.equal(stalled.count, 0);
    await pass(bundle, 10_000);
    assert.deepEqual(stalled.items, [
      {
        ...tp(0),
        forMs: 300_000,
        reasons: ['listener', 'slot'],
        oldestOutstanding: 0,
        outstanding: 2,
        lag: 2,
      },
    ]);
    assert.equal(logger.at('warn').length, 1);
    await pass(bundle, 600_000);
    assert.deepEqual([stalled.count, progressed.count], [1, 0]);
    const { live, ready, status, reasons } = container.health();
    assert.deepEqual([live, ready, status], [true, true, 'degraded']);
    assert.equal(reasons[0]?.code, 'PARTITION_STALLED');
    assert.match(reasons[0].message, /t-0 does not go on: its records wait for listener, slot/);
    hangs.end();
    (await listener.call('0/1')).end();
    await pass(bundle, 30_000);
    assert.deepEqual(progressed.items, [tp(0)]);
    assert.equal(container.health().status, 'up');
    await container.stop();
    assert.ok(addsUp(bundle));
  });

  it('are those of partitions whose oldest record hangs while others are read', async () => {
    const bundle = await started(WATCHED);
    const { listener, give, events } = bundle;
    const stalled = events('partition:stalled');
    give(0, ...keyed('a'));
    await listener.call('0/0');
    for (let i = 1; i <= 34; i++) {
      give(0, ...keyed('b'));
      (await listener.call(`0/${i}`)).end();
      await pass(bundle, 10_000);
    }
    assert.deepEqual(stalled.last?.oldestOutstanding, 0);
    await stopNow(bundle);
  });

  it('are none where records come and end, nothing is to be done, or the user paused', async () => {
    const bundle = await started({ ...WATCHED, listener: () => undefined }, { partitions: [tp(0), tp(1), tp(2)] });
    const { container, give, events } = bundle;
    const stalled = events('partition:stalled');
    container.pause([tp(2)]);
    give(2, ...distinct(3));
    for (let i = 0; i < 100; i++) {
      give(0, ...keyed('a'));
      await pass(bundle, 10_000);
    }
    assert.equal(stalled.count, 0);
    await container.stop();
  });

  it('tell of an executor without slots, and of records that do not come', async () => {
    const taskExecutor = new AsyncTaskExecutor({ concurrency: 1 });
    const bundle = await started({ ...WATCHED, taskExecutor });
    const { factory, give, events } = bundle;
    const stalled = events('partition:stalled');
    taskExecutor.concurrency = 0;
    give(0, ...keyed('a'));
    await pass(bundle, 330_000);
    assert.deepEqual(stalled.last?.reasons, ['executor']);
    taskExecutor.concurrency = 1;
    factory.consumer.lag = () => [{ ...tp(1), position: 0, endOffset: 9, lag: 9 }];
    await pass(bundle, 330_000);
    const { partition, reasons } = stalled.items[1] ?? {};
    assert.deepEqual([partition, reasons], [1, ['fetch']]);
    await stopNow(bundle);
  });

  it('are none behind a circuit breaker that is open, which holds records on purpose, and count from where it lets them go', async () => {
    const clock = new ManualClock();
    const options = { slidingWindowSize: 1, minimumNumberOfCalls: 1, waitDurationInOpenStateMs: 1_000 };
    const taskExecutor = new CircuitBreakerTaskExecutor(new AsyncTaskExecutor({ concurrency: 1 }), options, { clock });
    const bundle = await started({ ...WATCHED, taskExecutor });
    const { container, listener, give, events } = bundle;
    const [stalled, all] = [events('partition:stalled'), events('container:stalled')];
    give(0, ...keyed('a', 'b'));
    (await listener.call('0/0')).fail(new Error('down'));
    await until(() => taskExecutor.state === 'open');
    await pass(bundle, 1_200_000);
    assert.deepEqual([stalled.count, all.count, container.health().status], [0, 0, 'up']);
    clock.advance(1_000);
    const trial = await listener.call('0/0', 2);
    await pass(bundle, 250_000);
    assert.equal(stalled.count, 0, 'what was before does not count');
    await pass(bundle, 100_000);
    assert.deepEqual(stalled.last?.reasons, ['listener', 'slot']);
    trial.end();
    (await listener.call('0/1')).end();
    await container.stop();
  });

  it('of the container are told when the group does not take it back', async () => {
    const bundle = await started(WATCHED);
    const { container, factory, events } = bundle;
    const [stalled, progressed] = [events('container:stalled'), events('container:progressed')];
    const { consumer } = factory;
    await consumer.rebalance({ lost: [tp(0), tp(1)] });
    const error = new KafkaError('no', { code: 'COORDINATOR_NOT_AVAILABLE' });
    consumer.lastRetriedError = error;
    const { live, ready, reasons } = container.health();
    assert.deepEqual([live, ready, reasons[0]?.code, reasons[0]?.error], [true, false, 'REBALANCING', error]);
    await pass(bundle, 330_000);
    assert.deepEqual(stalled.items, [{ reason: 'group', forMs: 300_000, error }]);
    await consumer.rebalance({ assign: [] });
    assert.equal(container.health().ready, true, 'none is an assignment too');
    await pass(bundle, 30_000);
    assert.equal(progressed.count, 1);
    await container.stop();
  });

  it('of the container are told when its loop does not turn: then a new process may help', async () => {
    const bundle = await started(WATCHED, { maxPollIntervalMs: 100_000 });
    const { container, factory, events } = bundle;
    const stalled = events('container:stalled');
    const { consumer } = factory;
    consumer.poll = () => new Promise(() => undefined);
    consumer.wakeup();
    await eventLoopTurn();
    await pass(bundle, 120_000);
    assert.equal(stalled.last?.reason, 'loop');
    const { live, ready, status, reasons } = container.health();
    assert.deepEqual([live, ready, status, reasons[0]?.code], [false, false, 'down', 'LOOP_NOT_TURNING']);
  });

  it('leave nothing behind, and keep no process alive', async () => {
    const { container, clock } = await started(WATCHED);
    const setTimer = clock.setTimer.bind(clock);
    const kept: unknown[] = [];
    clock.setTimer = (callback, delayMs, ...rest: [{ keepAlive?: boolean }?]) => {
      if (delayMs === 30_000) kept.push(rest[0]?.keepAlive);
      return setTimer(callback, delayMs);
    };
    clock.advance(30_000);
    assert.deepEqual(kept, [false]);
    await container.stop();
    assert.equal(clock.pendingTimers, 0);
  });
});

describe('MessageListenerContainer: health', () => {
  const codesOf = ({ container }: Pick<Bundle, 'container'>): unknown[] => {
    const { live, ready, status, reasons } = container.health();
    return [live, ready, status, ...reasons.map(({ code }) => code)];
  };

  it('is down until it has its partitions, and up from then on', async () => {
    const bundle = setup();
    assert.deepEqual(codesOf(bundle), [true, false, 'down', 'NOT_STARTED']);
    const starting = bundle.container.start();
    assert.deepEqual(codesOf(bundle), [true, false, 'down', 'STARTING']);
    await starting;
    assert.deepEqual(codesOf(bundle), [true, true, 'up']);
    const stopping = bundle.container.stop();
    assert.deepEqual(codesOf(bundle), [true, false, 'down', 'STOPPING']);
    await stopping;
    assert.deepEqual(codesOf(bundle), [true, false, 'down', 'STOPPED']);
  });

  it('says why it failed, and that a new process may help', async () => {
    const bundle = await started();
    const error = new Error('fatal');
    bundle.factory.consumer.fail(error);
    await assert.rejects(bundle.container.finished);
    assert.deepEqual(codesOf(bundle), [false, false, 'down', 'FAILED']);
    assert.equal(bundle.container.health().error, error);
    assert.equal(bundle.container.health().reasons[0]?.error, error);
  });

  it('says why it restarts, until it runs again', async () => {
    const bundle = await started({ onFatal: 'restart' });
    const { container, factory, clock } = bundle;
    const error = new Error('fatal');
    factory.consumer.fail(error);
    await factory.consumer.closed.wait();
    await until(() => clock.pendingTimers === 1);
    clock.advance(100);
    assert.deepEqual(codesOf(bundle), [true, false, 'down', 'RESTARTING']);
    const [reason] = container.health().reasons;
    assert.deepEqual([reason?.error, reason?.forMs], [error, 100]);
    clock.advance(1_000);
    await until(() => container.state === 'running');
    assert.deepEqual(codesOf(bundle), [true, true, 'up']);
    await container.stop();
  });

  it('names listeners that hang, until they end', async () => {
    const bundle = await started({ handlerTimeoutMs: 1_000 });
    const { container, listener, give, clock } = bundle;
    give(0, ...keyed('a'));
    const hangs = await listener.call('0/0');
    await eventLoopTurn();
    clock.advance(3_000);
    assert.deepEqual(codesOf(bundle), [true, true, 'degraded', 'LISTENER_HANGING']);
    const [reason] = container.health().reasons;
    assert.match(reason?.message ?? '', /t-0@0/);
    assert.equal(reason?.forMs, 2_000);
    hangs.end();
    await eventLoopTurn();
    assert.deepEqual(codesOf(bundle), [true, true, 'up']);
    await container.stop();
  });

  it('says since when commits fail, until they are written', async () => {
    const bundle = await started({ listener: () => undefined });
    const { container, factory, give, events, clock } = bundle;
    const [failed, committed] = [events('commit:failed'), events('offsets:committed')];
    const error = new KafkaError('no', { code: 'NOT_COORDINATOR', retriable: true });
    factory.consumer.failCommits(error);
    give(0, ...keyed('a'));
    await until(() => (clock.advance(100), failed.count === 1));
    assert.deepEqual(codesOf(bundle), [true, true, 'degraded', 'COMMITS_FAILING']);
    assert.match(container.health().reasons[0]?.message ?? '', /t-0/);
    await until(() => (clock.advance(500), committed.count === 1));
    assert.deepEqual(codesOf(bundle), [true, true, 'up']);
    await container.stop();
  });

  it('can be written down as it is', async () => {
    const bundle = await started();
    assert.deepEqual(JSON.parse(JSON.stringify(bundle.container.health())), {
      live: true,
      ready: true,
      status: 'up',
      reasons: [],
      state: 'running',
      assigned: 2,
      paused: 0,
      lastTurnMsAgo: 0,
    });
    await bundle.container.stop();
  });
});
