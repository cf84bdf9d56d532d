import assert from 'node:assert/strict';
import { AsyncTaskExecutor, CircuitBreakerTaskExecutor } from '@hearken/executor';
import { ManualClock } from '@hearken/testing';
import fc from 'fast-check';
import { TimeWindow } from '../../dist/circuit-breaker/time-window.js';

const call = fc.record({
  after: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 2_500 }), fc.double({ min: 0, max: 30_000, noNaN: true })),
  failed: fc.boolean(),
  slow: fc.boolean(),
});

describe('TimeWindow', () => {
  it('has the rates of the calls of this second and so many before, for any calls', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), fc.nat(100_000), fc.array(call), (seconds, startedAt, calls) => {
        let now = startedAt;
        const window = new TimeWindow(seconds, () => now);
        const all: { readonly second: number; readonly failed: boolean; readonly slow: boolean }[] = [];
        const check = (): void => {
          const counted = all.filter(({ second }) => second > Math.floor(now / 1_000) - seconds);
          const rate = (count: number): number => (counted.length === 0 ? 0 : (count * 100) / counted.length);
          assert.equal(window.failureRate, rate(counted.filter(({ failed }) => failed).length));
          assert.equal(window.slowCallRate, rate(counted.filter(({ slow }) => slow).length));
          assert.equal(window.size, counted.length);
        };
        for (const { after, failed, slow } of calls) {
          now += after;
          check();
          window.add({ failed, slow });
          all.push({ second: Math.floor(now / 1_000), failed, slow });
          check();
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('CircuitBreakerTaskExecutor with a window of time', () => {
  function setup(slidingWindowSize: number, minimumNumberOfCalls?: number) {
    const clock = new ManualClock();
    const options = { slidingWindowType: 'time-based', slidingWindowSize, waitDurationInOpenStateMs: 1_000 } as const;
    const minimum = minimumNumberOfCalls === undefined ? {} : { minimumNumberOfCalls };
    const executor = new CircuitBreakerTaskExecutor(
      new AsyncTaskExecutor({ concurrency: 5 }),
      { ...options, ...minimum },
      { clock },
    );
    const end = (fails: boolean): Promise<unknown> =>
      executor.execute(() => (fails ? Promise.reject(new Error('down')) : 1)).catch(() => 0);
    return { clock, executor, end };
  }

  it('opens for what failed in the last seconds, and not for what failed before', async () => {
    const { clock, executor, end } = setup(10, 4);
    for (let i = 0; i < 3; i++) await end(true);
    clock.advance(10_000);
    assert.deepEqual(executor.rates, { failureRate: 0, slowCallRate: 0, numberOfCalls: 0 });
    for (let i = 0; i < 3; i++) await end(true);
    clock.advance(9_000);
    assert.equal(executor.rates.numberOfCalls, 3);
    await end(true);
    assert.equal(executor.state, 'open');
  });

  it('tries again as ever, and forgets what failed before', async () => {
    const { clock, executor, end } = setup(60, 2);
    for (let i = 0; i < 2; i++) await end(true);
    clock.advance(1_000);
    await end(false);
    assert.deepEqual([executor.state, executor.rates.numberOfCalls], ['closed', 0]);
  });

  it('waits for a hundred calls unless it is told otherwise, however few seconds it has', async () => {
    const { executor, end } = setup(5);
    for (let i = 0; i < 99; i++) await end(true);
    assert.equal(executor.state, 'closed');
    await end(true);
    assert.equal(executor.state, 'open');
  });
});
