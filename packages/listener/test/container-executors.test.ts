import assert from 'node:assert/strict';
import { codeOf, type TaskExecutor } from '@hearken/core';
import {
  AsyncTaskExecutor,
  BulkheadTaskExecutor,
  CircuitBreakerTaskExecutor,
  RateLimitedTaskExecutor,
  TimeoutTaskExecutor,
} from '@hearken/executor';
import { deferred } from '@hearken/core/internal';
import { eventLoopTurn, FakeTaskExecutor, ManualClock } from '@hearken/testing';
import { BatchListenerFailedError, DefaultErrorHandler, FixedBackOff, SkipRecord } from '../dist/index.js';
import { addsUp, distinct, setup, started, until, type Bundle } from './setup.js';

const again = new DefaultErrorHandler({ backOff: new FixedBackOff({ intervalMs: 10, maxRetries: 1_000 }) });

/** An executor that sees every record, and what its tasks came to. */
function seeing(concurrency = 5) {
  const ends: unknown[] = [];
  const inner = new AsyncTaskExecutor({ concurrency });
  const taskExecutor: TaskExecutor = {
    get concurrency() {
      return inner.concurrency;
    },
    get available() {
      return inner.available;
    },
    execute: (task) => {
      const result = inner.execute(task);
      result.then(
        () => ends.push('well'),
        (error: unknown) => ends.push(error),
      );
      return result;
    },
    onAvailable: (wake) => inner.onAvailable(wake),
    drain: () => inner.drain(),
    cancel: (reason) => inner.cancel(reason),
  };
  return { taskExecutor, ends };
}

const pausedBy = ({ container }: Bundle): string[] => container.snapshot().partitions.flatMap((at) => at.pausedBy);

async function ended(bundle: Bundle, count: number): Promise<void> {
  await until(() => bundle.container.metrics().processed + bundle.container.metrics().skipped === count);
  assert.ok(addsUp(bundle));
}

describe('MessageListenerContainer: executors that see every record', () => {
  it('tells them how each attempt ended', async () => {
    const { taskExecutor, ends } = seeing();
    const [failure, skip] = [new Error('scripted'), new SkipRecord()];
    const script: (() => unknown)[] = [
      () => undefined,
      () => Promise.resolve('ignored'),
      () => Promise.reject(failure),
      () => undefined,
      () => {
        throw skip;
      },
    ];
    const listener = (): Promise<void> => script.shift()?.() as Promise<void>;
    const bundle = await started({ taskExecutor, listener, errorHandler: again, ordering: 'partition' });
    bundle.give(0, ...distinct(4));
    await until(() => bundle.clock.nextDueInMs === 10);
    bundle.clock.advance(10);
    await ended(bundle, 4);
    assert.deepEqual(ends, ['well', 'well', failure, 'well', skip]);
    assert.equal(bundle.container.metrics().retried, 1);
    await bundle.container.stop();
  });

  it('tells them of a batch whose listener named what failed', async () => {
    const { taskExecutor, ends } = seeing();
    const failure = new Error('scripted');
    const results = [{ failed: [{ index: 1, error: failure }] }, undefined];
    const batchListener = (): unknown => results.shift();
    const bundle = setup({ taskExecutor, batchListener, listener: undefined, errorHandler: again } as never);
    await bundle.container.start();
    bundle.give(0, ...distinct(3));
    await until(() => bundle.clock.nextDueInMs === 10);
    bundle.clock.advance(10);
    await ended(bundle, 3);
    assert.deepEqual(ends, [failure, 'well']);
    await bundle.container.stop();
  });

  it('takes their word for how an attempt ended, when the listener has ended too', async () => {
    const early = deferred();
    let verdict: Promise<unknown> = early.promise;
    const taskExecutor = new FakeTaskExecutor();
    const execute = taskExecutor.execute.bind(taskExecutor);
    taskExecutor.execute = (task) => {
      const result = execute(task);
      return verdict.then(() => result);
    };
    const errors: unknown[] = [];
    const bundle = await started({ taskExecutor, errorHandler: again });
    bundle.container.on('record:retried', ({ error }) => errors.push(error));
    const { listener, clock, give } = bundle;
    give(0, ...distinct(2));
    const first = await listener.call('0/0');
    early.reject(new Error('given up'));
    verdict = Promise.resolve();
    await eventLoopTurn();
    assert.deepEqual([errors, bundle.container.metrics().running], [[], 1], 'two must not run on one record');
    first.end();
    await until(() => errors.length === 1);
    assert.match(String(errors[0]), /given up/);
    clock.advance(10);
    (await listener.call('0/0', 2)).end();
    (await listener.call('0/1')).end();
    await ended(bundle, 2);
    await bundle.container.stop();
  });
});

describe('MessageListenerContainer: an attempt that its executor overrules', () => {
  it('is one failure: the error handler is asked once, about the error that counts', async () => {
    const clock = new ManualClock();
    const taskExecutor = new TimeoutTaskExecutor(
      new AsyncTaskExecutor({ concurrency: 1 }),
      { timeoutMs: 30 },
      { clock },
    );
    const asked: unknown[] = [];
    const errorHandler = {
      decide: ({ error }: { readonly error: unknown }) => {
        asked.push(codeOf(error) ?? error);
        return { action: 'skip' } as const;
      },
    };
    const bundle = await started({ taskExecutor, errorHandler });
    bundle.give(0, ...distinct(1));
    const call = await bundle.listener.call('0/0');
    call.context.signal.addEventListener('abort', () => call.fail(new Error('my own word for it')));
    clock.advance(30);
    await ended(bundle, 1);
    assert.deepEqual(asked, ['TASK_TIMED_OUT']);
    await bundle.container.stop();
  });
});

describe('MessageListenerContainer: circuit breaker', () => {
  const OPTIONS = { slidingWindowSize: 4, waitDurationInOpenStateMs: 1_000 };

  /** Those included that ran when it opened. Returns how many were called. */
  async function failUntilOpen({ listener, container }: Bundle, breaker: CircuitBreakerTaskExecutor): Promise<number> {
    await listener.calls.received(1);
    await until(() => {
      for (const { fail } of listener.calls.items) fail(new Error('down'));
      return breaker.state === 'open' && container.metrics().running === 0;
    });
    return listener.calls.count;
  }

  it('that opens pauses what is polled, fails no record for it, loses none, and goes on after a trial', async () => {
    const clock = new ManualClock();
    const pool = new AsyncTaskExecutor({ concurrency: 4 });
    const taskExecutor = new CircuitBreakerTaskExecutor(pool, OPTIONS, { clock });
    const bundle = await started({ taskExecutor, ordering: 'none', errorHandler: again });
    const { listener, give, factory, container, log } = bundle;
    const total = 20;
    give(0, ...distinct(total));
    const tried = await failUntilOpen(bundle, taskExecutor);
    give(1, ...distinct(total)); // something to poll
    await until(() => pausedBy(bundle).filter((owner) => owner === 'executor').length === 2);
    assert.equal(factory.consumer.paused().length, 2);
    bundle.clock.advance(60_000); // whatever is to be tried again waits for the breaker
    await eventLoopTurn();
    const { failed, retried, running } = container.metrics();
    assert.deepEqual([listener.calls.count, failed, retried, running], [tried, 0, tried, 0]);

    clock.advance(1_000);
    const trial = (await listener.calls.received(tried + 1)).at(-1)!;
    assert.deepEqual([taskExecutor.state, container.metrics().running, pausedBy(bundle)], ['half-open', 1, []]);
    trial.fail(new Error('still down'));
    await until(() => taskExecutor.state === 'open');
    bundle.clock.advance(60_000);
    await eventLoopTurn();
    assert.equal(listener.calls.count, tried + 1);

    clock.advance(1_000);
    (await listener.calls.received(tried + 2)).at(-1)?.end();
    await until(() => taskExecutor.state === 'closed');
    await until(() => {
      for (const { end } of listener.calls.items) end();
      bundle.clock.advance(100);
      return container.metrics().processed === 2 * total;
    });
    assert.ok(addsUp(bundle));
    await container.stop();
    assert.deepEqual([log.committed('g', { topic: 't', partition: 0 })?.offset, bundle.committed(1)], [total, total]);
  });

  it('that opens gives the slot of the record that made it open to no other', async () => {
    const pool = new AsyncTaskExecutor({ concurrency: 1 });
    const taskExecutor = new CircuitBreakerTaskExecutor(pool, OPTIONS, { clock: new ManualClock() });
    const bundle = await started({ taskExecutor, ordering: 'none', errorHandler: again });
    bundle.give(0, ...distinct(10));
    for (let i = 0; i < 4; i++) (await bundle.listener.call(`0/${i}`)).fail(new Error('down'));
    await until(() => taskExecutor.state === 'open');
    await eventLoopTurn();
    assert.deepEqual([bundle.listener.calls.count, pool.available], [4, 1]);
    await bundle.container.stop();
  });

  it('that is open does not hold up a stop', async () => {
    const clock = new ManualClock();
    const taskExecutor = new CircuitBreakerTaskExecutor(new AsyncTaskExecutor({ concurrency: 4 }), OPTIONS, { clock });
    const bundle = await started({ taskExecutor, ordering: 'none', errorHandler: again });
    bundle.give(0, ...distinct(20));
    await failUntilOpen(bundle, taskExecutor);
    await bundle.container.stop();
    assert.ok(addsUp(bundle));
    assert.equal(bundle.container.metrics().abandoned, 20);
  });
});

describe('MessageListenerContainer: bulkhead', () => {
  it('keeps slots for a listener beside one that hangs', async () => {
    const pool = new AsyncTaskExecutor({ concurrency: 6 });
    const shares = BulkheadTaskExecutor.divide(pool, { slow: { guaranteed: 2 }, quick: { guaranteed: 2 } });
    const slow = await started({ taskExecutor: shares.slow, ordering: 'none' });
    const quick = await started({ taskExecutor: shares.quick, ordering: 'none' });
    slow.give(0, ...distinct(50));
    await slow.listener.calls.received(4);
    await eventLoopTurn();
    assert.equal(slow.listener.calls.count, 4, 'its two and the two that are lent');
    quick.give(0, ...distinct(50));
    await until(() => {
      for (const { end } of quick.listener.calls.items) end();
      return quick.container.metrics().processed === 50;
    });
    assert.equal(slow.listener.calls.count, 4);
    await until(() => {
      for (const { end } of slow.listener.calls.items) end();
      return slow.container.metrics().processed === 50;
    });
    await Promise.all([slow.container.stop(), quick.container.stop()]);
  });
});

describe('MessageListenerContainer: time-out by its executor', () => {
  it('fails the record with it when its listener ends, and keeps lane and slot until then', async () => {
    const clock = new ManualClock();
    const pool = new AsyncTaskExecutor({ concurrency: 1 });
    const taskExecutor = new TimeoutTaskExecutor(pool, { timeoutMs: 50 }, { clock });
    const bundle = await started({ taskExecutor, errorHandler: again });
    const retried = bundle.events('record:retried');
    bundle.give(0, ...distinct(2));
    const hanging = await bundle.listener.call('0/0');
    const { signal } = hanging.context;
    clock.advance(50);
    await eventLoopTurn();
    assert.equal(codeOf(signal.reason), 'TASK_TIMED_OUT');
    assert.deepEqual([retried.count, bundle.listener.calls.count, pool.available], [0, 1, 0]);
    hanging.end(); // well, but too late
    const [retry] = await retried.received(1);
    assert.equal(codeOf(retry?.error), 'TASK_TIMED_OUT');
    bundle.clock.advance(10);
    (await bundle.listener.call('0/0', 2)).end();
    (await bundle.listener.call('0/1')).end();
    await ended(bundle, 2);
    assert.equal(clock.pendingTimers, 0);
    await bundle.container.stop();
  });

  it('believes a batch that says how far it got', async () => {
    const clock = new ManualClock();
    const taskExecutor = new TimeoutTaskExecutor(
      new AsyncTaskExecutor({ concurrency: 1 }),
      { timeoutMs: 50 },
      { clock },
    );
    const sizes: number[] = [];
    const batchListener = (records: readonly unknown[], { signal }: { signal: AbortSignal }): unknown => {
      sizes.push(records.length);
      if (sizes.length > 1) return undefined;
      return new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(new BatchListenerFailedError(2, signal.reason)));
      });
    };
    const bundle = setup({ taskExecutor, batchListener, listener: undefined, errorHandler: again } as never);
    await bundle.container.start();
    bundle.give(0, ...distinct(4));
    await until(() => sizes.length === 1);
    clock.advance(50);
    await until(() => bundle.clock.nextDueInMs === 10);
    bundle.clock.advance(10);
    await ended(bundle, 4);
    assert.deepEqual(sizes, [4, 2]);
    await bundle.container.stop();
  });
});

describe('MessageListenerContainer: rate limit', () => {
  it('starts no more records than there are tokens, though their listeners end at once', async () => {
    const clock = new ManualClock();
    const pool = new AsyncTaskExecutor({ concurrency: 10 });
    const taskExecutor = new RateLimitedTaskExecutor(pool, { limitForPeriod: 10, burst: 3 }, { clock });
    let called = 0;
    const bundle = await started({
      taskExecutor,
      ordering: 'none',
      listener: () => {
        called++;
      },
    });
    bundle.give(0, ...distinct(8));
    for (const expected of [3, 4, 5, 6, 7, 8]) {
      await until(() => bundle.container.metrics().processed === expected);
      await eventLoopTurn();
      assert.equal(called, expected);
      clock.advance(100);
    }
    await bundle.container.stop();
    assert.ok(addsUp(bundle));
  });
});
