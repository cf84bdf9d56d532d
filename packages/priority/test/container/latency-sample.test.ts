import assert from 'node:assert/strict';
import { ManualClock } from '@hearken/testing';
import { LatencySample } from '../../dist/container/latency-sample.js';

/** A record of every 32 is looked at, the first to begin with. */
function samples(latenciesMs: readonly number[]): LatencySample {
  const clock = new ManualClock();
  const sample = new LatencySample(clock);
  for (const latencyMs of latenciesMs)
    for (let i = 0; i < 32; i++) sample.started(clock.now() - (i === 0 ? latencyMs : 1_000_000));
  return sample;
}

const countsOf = (latenciesMs: readonly number[]): readonly number[] => samples(latenciesMs).histogram.counts;

describe('a sample of how old records are', () => {
  it('counts by bounds of which each is twice the one before', () => {
    const { boundsMs, counts } = samples([]).histogram;
    assert.deepEqual(
      boundsMs,
      Array.from({ length: 28 }, (_, i) => 2 ** i),
    );
    assert.deepEqual(counts, Array.from({ length: 29 }).fill(0));
  });

  it('counts what is as old as a bound there, and what is older at the next', () => {
    samples([]).histogram.boundsMs.forEach((bound, i) => {
      const [at, above] = [countsOf([bound]), countsOf([bound, bound + 1, bound + 1])];
      assert.deepEqual([at.indexOf(1), above[i], above[i + 1]], [i, 1, 2]);
    });
  });

  it('counts what is older than all bounds behind them, and what is younger than new at the first', () => {
    const counts = countsOf([Date.now(), -500, 0, 0.5]);
    assert.deepEqual([counts[0], counts[28], counts.length], [3, 1, 29]);
  });

  it('counts no record but those of the mean, and is a copy', () => {
    const sample = samples([100, 100, 300]);
    const { counts } = sample.histogram;
    assert.deepEqual([counts[7], counts[9], counts.reduce((sum, each) => sum + each)], [2, 1, 3]);
    assert.equal(sample.meanMs, 120);
    (counts as number[])[7] = 0;
    assert.equal(sample.histogram.counts[7], 2);
  });
});
