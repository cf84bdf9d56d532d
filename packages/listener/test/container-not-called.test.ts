import assert from 'node:assert/strict';
import { NOT_CALLED, type Serde, type TaskExecutor } from '@hearken/core';
import {
  AdaptiveTaskExecutor,
  AsyncTaskExecutor,
  CircuitBreakerTaskExecutor,
  RateLimitedTaskExecutor,
} from '@hearken/executor';
import { ManualClock } from '@hearken/testing';
import type { RecordContainerProperties } from '../dist/index.js';
import { startedBatches } from './batch-setup.js';
import { call, parking, stopNow } from './parking/bundle.js';
import { addsUp, distinct, keyed, started, until } from './setup.js';

/** Hands on what tasks resolve with, and keeps it: undefined for a call. */
function witness(concurrency = 5) {
  const pool = new AsyncTaskExecutor({ concurrency });
  const results: unknown[] = [];
  const taskExecutor = new Proxy<TaskExecutor>(pool, {
    get(_, name) {
      if (name === 'unit') return 'record';
      if (name === 'execute') return (task: Parameters<TaskExecutor['execute']>[0]) => note(pool.execute(task));
      const value: unknown = Reflect.get(pool, name);
      return typeof value === 'function' ? (value.bind(pool) as unknown) : value;
    },
  });
  const note = async (result: Promise<unknown>): Promise<unknown> => {
    const value = await result;
    results.push(value);
    return value;
  };
  return { taskExecutor, results };
}

const none = (): boolean => false;
const late: Serde<unknown> = { serialize: () => null, deserialize: (bytes) => Promise.resolve(bytes) };

describe('MessageListenerContainer: what never reaches its listener', () => {
  const ways: readonly (readonly [what: string, properties: Partial<RecordContainerProperties<unknown, unknown>>])[] = [
    ['that is filtered', { filter: none }],
    ['that is filtered, once it is decoded', { filter: none, valueSerde: late }],
  ];
  for (const [what, properties] of ways) {
    it(`is no call to an executor: a record ${what}`, async () => {
      const { taskExecutor, results } = witness();
      const bundle = await started({ taskExecutor, ...properties } as Partial<RecordContainerProperties>);
      bundle.give(0, ...distinct(3));
      await until(() => bundle.container.metrics().filtered === 3 && results.length === 3);
      assert.deepEqual(results, [NOT_CALLED, NOT_CALLED, NOT_CALLED]);
      await bundle.container.stop();
      assert.ok(addsUp(bundle));
    });
  }

  it('is no call to an executor: a batch of which nothing is left; one of which something is, is', async () => {
    const { taskExecutor, results } = witness();
    const filter = ({ key }: { readonly key: Buffer | null }): boolean => String(key) === 'kept';
    const bundle = await startedBatches({ taskExecutor, filter });
    bundle.give(0, ...keyed('a', 'b'));
    await until(() => results.length === 1);
    bundle.give(0, ...keyed('c', 'kept'));
    (await bundle.batches.call(0)).end();
    await until(() => results.length === 2);
    assert.deepEqual(results, [NOT_CALLED, undefined]);
    await bundle.container.stop();
    assert.ok(addsUp(bundle));
  });

  it('is no call to an executor: a record that follows a parked one', async () => {
    const { taskExecutor, results } = witness();
    const bundle = await parking({ properties: { taskExecutor } });
    bundle.give(0, ...keyed('a', 'b'));
    (await call(bundle, '0/1')).end();
    (await call(bundle, '0/0')).fail(new Error('no such customer'));
    await until(() => bundle.container.metrics().parked === 1);
    bundle.give(0, ...keyed('a'));
    await until(() => bundle.container.metrics().parked === 2);
    assert.deepEqual(results, [undefined, NOT_CALLED]);
    await stopNow(bundle);
  });

  it('neither keeps a circuit closed that fails, nor closes one on trial: another record is tried', async () => {
    const clock = new ManualClock();
    const options = { slidingWindowSize: 4, waitDurationInOpenStateMs: 1_000 };
    const breaker = new CircuitBreakerTaskExecutor(new AsyncTaskExecutor({ concurrency: 1 }), options, { clock });
    const errorHandler = { decide: () => ({ action: 'skip' }) as const };
    const filter = ({ key }: { readonly key: Buffer | null }): boolean => String(key) === 'kept';
    const bundle = await started({ taskExecutor: breaker, errorHandler, filter });
    const { container, listener } = bundle;
    for (let i = 0; i < 4; i++) {
      bundle.give(0, ...keyed('out', 'out', 'out', 'kept'));
      (await listener.calls.received(i + 1)).at(-1)?.fail(new Error('down'));
    }
    await until(() => breaker.state === 'open');

    bundle.give(0, ...keyed('out', 'out', 'kept'));
    clock.advance(1_000);
    await until(() => container.metrics().filtered === 14);
    const trial = (await listener.calls.received(5)).at(-1);
    assert.deepEqual([breaker.state, breaker.rates.numberOfCalls], ['half-open', 0]);
    trial?.end();
    await until(() => breaker.state === 'closed');
    await container.stop();
    assert.ok(addsUp(bundle));
  });

  it('takes nothing of a rate', async () => {
    const clock = new ManualClock();
    const pool = new AsyncTaskExecutor({ concurrency: 5 });
    const taskExecutor = new RateLimitedTaskExecutor(pool, { limitForPeriod: 1, burst: 1 }, { clock });
    const filter = ({ key }: { readonly key: Buffer | null }): boolean => String(key) === 'kept';
    const bundle = await started({ taskExecutor, filter });
    bundle.give(0, ...keyed(...Array<string>(20).fill('out'), 'kept'));
    (await bundle.listener.call('0/20')).end();
    await until(() => bundle.container.metrics().processed === 1);
    await bundle.container.stop();
    assert.ok(addsUp(bundle));
  });

  it('leaves an adaptive limit as it is, however much it is', async () => {
    const limit = new AdaptiveTaskExecutor(new AsyncTaskExecutor({ concurrency: 100 }), { initialLimit: 4 });
    const changes: unknown[] = [];
    limit.on('limit:changed', (change) => changes.push(change));
    const bundle = await started({ taskExecutor: limit, ordering: 'none', filter: none });
    bundle.give(0, ...distinct(500));
    await until(() => bundle.container.metrics().filtered === 500);
    assert.deepEqual([changes, limit.limit], [[], 4]);
    await bundle.container.stop();
  });
});
