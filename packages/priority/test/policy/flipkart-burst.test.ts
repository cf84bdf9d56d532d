import assert from 'node:assert/strict';
import { KafkaConfigError } from '@hearken/core';
import { flipkartBurst, flipkartRound, flipkartState } from '../../dist/index.js';
import { isLevelReady } from '../../dist/policy/dispatch-policy.js';
import { exerciseDispatchPolicy } from '../../dist/testing/index.js';
import { decide } from './laws.js';

const shape = { weights: [7, 14, 29], minShares: [0, 0, 0], capacity: 50 };

/** How many of each level start in so many decisions, by what stands behind each. */
function starts(policy: ReturnType<ReturnType<typeof flipkartBurst>>, decisions: number, backlog: number[]): number[] {
  const counts = backlog.map(() => 0);
  for (let i = 0; i < decisions; i++) {
    const ready = backlog.reduce(
      (bits, records, level) => (records > (counts[level] ?? 0) ? bits | (1 << level) : bits),
      0,
    );
    if (ready === 0) break;
    const level = decide(policy, ready);
    assert.ok(isLevelReady(ready, level));
    counts[level] = (counts[level] ?? 0) + 1;
  }
  return counts;
}

describe('flipkartBurst', () => {
  exerciseDispatchPolicy(flipkartBurst());

  it("starts in a round what a poll of Flipkart's client returns, where all levels are behind", () => {
    const { counts } = flipkartRound(flipkartState(shape.weights), [1_000, 1_000, 1_000]);
    assert.deepEqual(starts(flipkartBurst()(shape), 50, [1_000, 1_000, 1_000]), counts);
  });

  it("never starts more than the capacity in a round, where Flipkart's client returns more than it was asked for", () => {
    const policy = flipkartBurst()(shape);
    starts(policy, 4 * 7 + 1, [1_000, 0, 0]); // level 0 alone: after four rounds it is maxed out, and bursts in the fifth
    starts(policy, 49, [1_000, 1_000, 1_000]);
    const { counts, limits } = policy.snapshot?.() as { counts: number[]; limits: number[] };
    assert.deepEqual(limits, [50, 14, 29], 'so a poll could return 93');
    assert.equal(
      counts.reduce((sum, each) => sum + each),
      50,
      'and all in one round',
    );
  });

  it('lets no slot wait for the end of a round: a level alone has them all', () => {
    assert.deepEqual(starts(flipkartBurst()(shape), 500, [1_000, 0, 0]), [500, 0, 0]);
  });

  it('bursts as the windows say: sooner with a lower threshold', () => {
    const bursts = (maxedOutThreshold: number): number => {
      const policy = flipkartBurst({ windowSize: 6, maxedOutThreshold })(shape);
      let rounds = 0;
      while ((policy.snapshot?.() as { burst?: object }).burst === undefined && rounds < 20) {
        starts(policy, 7, [7, 0, 0]);
        rounds++;
      }
      return rounds;
    };
    assert.ok(bursts(2) < bursts(5), `${bursts(2)} and ${bursts(5)} rounds`);
  });

  it('lends what a level left unused in so many rounds as are remembered', () => {
    const roundsUntilAllIsLent = (windowSize: number): number => {
      const policy = flipkartBurst({ windowSize, maxedOutThreshold: 4 })(shape);
      const limitOfLevel0 = (): number => (policy.snapshot?.() as { limits: number[] }).limits[0] ?? 0;
      starts(policy, 50, [1_000, 1_000, 1_000]); // the others need all of their quotas
      let rounds = 0;
      for (; limitOfLevel0() < 50 && rounds < 20; rounds++) starts(policy, limitOfLevel0(), [1_000, 0, 0]);
      return rounds;
    };
    assert.deepEqual([4, 6, 9].map(roundsUntilAllIsLent), [5, 7, 10]);
  });

  it('refuses options there are not, and values that cannot be, before there is a container', () => {
    const problems = (options: object): readonly string[] => {
      try {
        flipkartBurst(options);
      } catch (error) {
        if (error instanceof KafkaConfigError) return error.problems.map(({ path, message }) => `${path}: ${message}`);
        throw error;
      }
      return [];
    };
    assert.deepEqual(problems({ windowsize: 3, maxedOutTreshold: 2 }), [
      "windowsize: is not an option; did you mean 'windowSize'?",
      "maxedOutTreshold: is not an option; did you mean 'maxedOutThreshold'?",
    ]);
    assert.deepEqual(problems({ windowSize: 0 }), ['windowSize: must be a whole number >= 1, got 0']);
    assert.deepEqual(problems({ windowSize: 3 }), ['maxedOutThreshold: must not be above windowSize, got 4 and 3']);
    assert.deepEqual(problems({ windowSize: 3, maxedOutThreshold: 3 }), []);
  });

  it('takes only quotas that add up', () => {
    assert.throws(() => flipkartBurst()({ ...shape, weights: [1, 2, 4] }), KafkaConfigError);
  });
});
