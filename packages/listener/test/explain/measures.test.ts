import assert from 'node:assert/strict';
import { ManualClock } from '@hearken/testing';
import { CallSampler, nextEvery } from '../../dist/explain/call-sampler.js';
import { FOLLOW } from '../../dist/invoke/outcome.js';
import { RecentRate } from '../../dist/explain/recent-rate.js';
import { RunningMean } from '../../dist/explain/running-mean.js';

describe('RunningMean', () => {
  it('is the mean of all, and with time of the last', () => {
    const mean = new RunningMean(4);
    assert.equal(mean.value, undefined);
    for (const value of [1, 2, 3, 6]) mean.add(value);
    assert.equal(mean.value, 3);
    for (let i = 0; i < 100; i++) mean.add(11);
    assert.ok(Math.abs(mean.value - 11) < 1e-9);
  });
});

describe('RecentRate', () => {
  it('is of the time since it was asked for last, and of five seconds or more', () => {
    const rate = new RecentRate(0, 100);
    assert.equal(rate.perSecond(99, 200), undefined);
    assert.equal(rate.perSecond(1_000, 110), 10);
    assert.equal(rate.perSecond(5_000, 200), 20, 'a mark is set');
    assert.equal(rate.perSecond(6_000, 260), 160 / 6);
    assert.equal(rate.perSecond(10_000, 200), 10, 'and another');
    assert.equal(rate.perSecond(11_000, 206), 1, 'of the six seconds since the first');
  });
});

describe('CallSampler', () => {
  function sampling() {
    const clock = new ManualClock();
    const state = { isReady: false, behind: 1, available: 1, running: 1, concurrency: 1 };
    const results: unknown[] = [];
    const invoker = {
      call: () => results.shift(),
      returned: (_: unknown, result: unknown) => result,
      failed: (_: unknown, error: unknown) => error,
    };
    const settled: unknown[] = [];
    const settler = {
      settle: (_lane: unknown, _work: unknown, outcome: unknown) => settled.push(outcome),
      failureIn: () => undefined,
    };
    const sampler = new CallSampler({ clock, invoker, settler, state: () => state });
    /** A call with this result that takes so long. */
    const call = (result: unknown, ms: number): void => {
      const work = { lead: { sequence: 0 } } as never;
      results.push(result);
      assert.equal(sampler.call(work), result);
      clock.advance(ms);
      sampler.settle({} as never, work, result);
    };
    return { sampler, settled, call };
  }

  it('measures calls of the listener, and none of what was kept from it', () => {
    const { sampler, settled, call } = sampling();
    call(FOLLOW, 0);
    assert.deepEqual([sampler.latencyMs, sampler.heldMs, sampler.limit], [undefined, undefined, undefined]);
    call('done', 50);
    call(FOLLOW, 0);
    assert.deepEqual([sampler.latencyMs, sampler.heldMs, sampler.limit], [50, 0, 'lanes']);
    assert.deepEqual(settled, [FOLLOW, 'done', FOLLOW]);
  });
});

describe('how many calls are sampled', () => {
  it('is about one in a millisecond, all where there are fewer, and at most doubles', () => {
    assert.equal(nextEvery(1, 20), 1);
    assert.equal(nextEvery(1, 0.001), 2);
    assert.equal(nextEvery(64, 0), 128);
    assert.equal(nextEvery(1_024, 0), 1_024);
    assert.equal(nextEvery(64, 1), 64);
    assert.equal(nextEvery(64, 8), 8);
    assert.equal(nextEvery(64, 1_000_000), 1);
  });
});
