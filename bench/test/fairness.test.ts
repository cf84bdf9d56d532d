import assert from 'node:assert/strict';
import fc from 'fast-check';
import { weightedPolicy } from 'hearken';
import {
  backlogged,
  fairnessBound,
  inversions,
  jain,
  lendBack,
  longestWait,
  shareError,
  type Dispatches,
} from '../dist/priority/fairness.js';

const dispatches = (levels: readonly number[], ready: readonly number[] = levels.map(() => 0b111)): Dispatches => ({
  levels,
  ready,
});
const whole = ({ levels }: Dispatches): { from: number; to: number } => ({ from: 0, to: levels.length });
const WEIGHTS = [1, 2, 4];

describe('What is said of a row of dispatches', () => {
  it('finds the stretches in which all levels could start', () => {
    const given = dispatches([0, 0, 0, 0, 0, 0], [0b111, 0b011, 0b111, 0b111, 0b110, 0b111]);
    const found = backlogged(given, 0b111);
    assert.deepEqual(found, [
      { from: 0, to: 1 },
      { from: 2, to: 4 },
      { from: 5, to: 6 },
    ]);
  });

  it('judges shares in every window, and not over all alone', () => {
    const blocks = dispatches([2, 2, 2, 2, 1, 1, 0, 2, 2, 2, 2, 1, 1, 0]);
    assert.equal(shareError(blocks, whole(blocks), WEIGHTS, 7), 0);
    assert.equal(shareError(blocks, whole(blocks), WEIGHTS, 4), 1 - 4 / 7);
    assert.equal(shareError(blocks, { from: 0, to: 3 }, WEIGHTS, 4), NaN);
  });

  it('is the error of a window counted by hand', () => {
    const rows = fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(rows, fc.integer({ min: 1, max: 60 }), (levels, window) => {
        let worst = levels.length < window ? NaN : 0;
        for (let from = 0; from + window <= levels.length; from++) {
          const part = levels.slice(from, from + window);
          for (const level of [0, 1, 2]) {
            const share = part.filter((one) => one === level).length / window;
            worst = Math.max(worst, Math.abs(share - (WEIGHTS[level] ?? 0) / 7));
          }
        }
        const given = dispatches(levels);
        assert.equal(shareError(given, whole(given), WEIGHTS, window), worst);
      }),
    );
  });

  it('holds the promise of fair queueing against every interval of every pair', () => {
    const rows = fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 1, maxLength: 25 });
    fc.assert(
      fc.property(rows, (levels) => {
        let worst = 0;
        for (let from = 0; from < levels.length; from++) {
          const counts = [0, 0, 0];
          for (const level of levels.slice(from)) {
            counts[level] = (counts[level] ?? 0) + 1;
            for (const [i, j] of [
              [0, 1],
              [0, 2],
              [1, 2],
            ] as const) {
              // prettier-ignore
              const [wi = NaN, wj = NaN] = [WEIGHTS[i], WEIGHTS[j]];
              const apart = Math.abs((counts[i] ?? 0) / wi - (counts[j] ?? 0) / wj);
              worst = Math.max(worst, apart / (1 / wi + 1 / wj));
            }
          }
        }
        const given = dispatches(levels);
        assert.ok(Math.abs(fairnessBound(given, whole(given), WEIGHTS) - worst) < 1e-9);
      }),
    );
  });

  it('finds the weighted policy within the promise, and one that runs in blocks beyond it', () => {
    const policy = weightedPolicy()({ weights: WEIGHTS, minShares: [0, 0, 0], capacity: 10 });
    const levels = Array.from({ length: 700 }, () => {
      const level = policy.next(0b111);
      policy.started(level);
      return level;
    });
    const fair = dispatches(levels);
    assert.ok(fairnessBound(fair, whole(fair), WEIGHTS) <= 1 + 1e-9);
    const blocks = dispatches([...levels].sort());
    assert.ok(fairnessBound(blocks, whole(blocks), WEIGHTS) > 10);
  });

  it('Jain: 1 where everybody has its part, a third where one of three has all', () => {
    const fair = dispatches([2, 1, 2, 0, 2, 1, 2]);
    assert.equal(jain(fair, whole(fair), WEIGHTS), 1);
    const one = dispatches([2, 2, 2]);
    assert.ok(Math.abs(jain(one, whole(one), WEIGHTS) - 1 / 3) < 1e-12);
  });

  it('counts a wait in dispatches of others while the level could have started', () => {
    const given = dispatches([2, 2, 0, 2, 2, 2, 0], [0b100, 0b101, 0b101, 0b101, 0b101, 0b101, 0b001]);
    assert.equal(longestWait(given, 0), 3);
    assert.equal(longestWait(given, 2), 1);
  });

  it('counts what a level waits that comes back, and not one that was never away', () => {
    const ready = [0b101, 0b001, 0b001, 0b101, 0b101, 0b101, 0b101, 0b101];
    const given = dispatches([2, 0, 0, 0, 2, 0, 0, 0], ready);
    assert.equal(lendBack(given, 2, 2), 1);
    assert.equal(lendBack(given, 2, 3), 0);
    const gaveUp = dispatches([0, 0, 0, 0], [0b001, 0b101, 0b001, 0b001]);
    assert.equal(lendBack(gaveUp, 2, 1), 1);
  });

  it('an inversion is a dispatch while a higher level could have started', () => {
    const given = dispatches([2, 1, 1, 0], [0b111, 0b011, 0b110, 0b001]);
    assert.equal(inversions(given, whole(given)), 1);
  });
});
