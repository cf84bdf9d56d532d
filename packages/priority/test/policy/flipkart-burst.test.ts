import assert from 'node:assert/strict';
import { KafkaConfigError } from '@hearken/core';
import fc from 'fast-check';
import {
  flipkartBurst,
  flipkartRound,
  flipkartState,
  type DispatchPolicy,
  type FlipkartBurstOptions,
  type PolicyShape,
} from '../../dist/index.js';
import { isLevelReady } from '../../dist/policy/dispatch-policy.js';
import { exerciseDispatchPolicy } from '../../dist/testing/index.js';
import { decide, play, stretches } from './laws.js';

const shapeOf = (weights: number[]): PolicyShape => ({
  weights,
  minShares: weights.map(() => 0),
  capacity: weights.reduce((sum, quota) => sum + quota),
});
const shape = shapeOf([7, 14, 29]);

const quotas = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 2, maxLength: 6 });
const windows = fc
  .integer({ min: 1, max: 8 })
  .chain((windowSize) =>
    fc.record({ windowSize: fc.constant(windowSize), maxedOutThreshold: fc.integer({ min: 1, max: windowSize }) }),
  );

interface Seen {
  readonly limits: readonly number[];
  readonly counts: readonly number[];
}
const seen = (policy: DispatchPolicy): Seen => policy.snapshot?.() as unknown as Seen;

const sumOf = (counts: readonly number[]): number => counts.reduce((sum, each) => sum + each);

/** One round, with what stands behind each level; of one of them there has to be more than it may start. */
function roundOf(policy: DispatchPolicy, backlogs: readonly number[]): readonly number[] {
  const left = [...backlogs];
  for (let counts: readonly number[] = []; ; counts = seen(policy).counts) {
    const level = policy.next(left.reduce((bits, records, i) => (records > 0 ? bits | (1 << i) : bits), 0));
    if (counts.length > 0 && sumOf(seen(policy).counts) === 0) return counts; // asked for one more, it began the next
    policy.started(level);
    left[level] = (left[level] ?? 0) - 1;
  }
}

const make = (weights: number[], options: FlipkartBurstOptions): DispatchPolicy =>
  flipkartBurst(options)(shapeOf(weights));

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

  it("starts in every round what a poll of Flipkart's client returns, but that who borrows gets what is left of the capacity", () => {
    const backlog = (quota: number): fc.Arbitrary<number> =>
      fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 2 * quota }), fc.constant(1_000));
    const inputs = fc.tuple(quotas, windows).chain(([levels, options]) => {
      const round = fc
        .tuple(fc.tuple(...levels.map(backlog)), fc.nat({ max: levels.length - 1 }))
        .map(([backlogs, behind]) => backlogs.with(behind, 1_000));
      return fc.tuple(fc.constant(levels), fc.constant(options), fc.array(round, { minLength: 1, maxLength: 30 }));
    });
    fc.assert(
      fc.property(inputs, ([levels, options, rounds]) => {
        const policy = make(levels, options);
        let state = flipkartState(levels, { size: options.windowSize, maxedOutThreshold: options.maxedOutThreshold });
        for (const backlogs of rounds) {
          const { limits, counts, burst, next } = flipkartRound(state, backlogs);
          state = next;
          assert.deepEqual(seen(policy).limits, limits);
          const excess = Math.max(0, sumOf(counts) - sumOf(levels));
          const bounded = counts.map((count, level) => (level === burst?.priority ? count - excess : count));
          assert.deepEqual(roundOf(policy, backlogs), bounded);
        }
      }),
    );
  });

  /** A level that stays ready, after anything and beside anything. */
  const returns = fc.tuple(quotas, windows).chain(([levels, options]) =>
    fc.record({
      levels: fc.constant(levels),
      options: fc.constant(options),
      level: fc.nat({ max: levels.length - 1 }),
      before: stretches(levels.length),
      beside: stretches(levels.length),
    }),
  );

  it('starts at least the quota q in each round in which a level stays ready: in n decisions q(⌊(n + 1)/capacity⌋ − 1)', () => {
    fc.assert(
      fc.property(returns, ({ levels, options, level, before, beside }) => {
        const [policy, quota] = [make(levels, options), levels[level] ?? 0];
        play(policy, before, () => undefined);
        let [decisions, starts, waits] = [0, 0, 0];
        const longest = sumOf(levels) - 1 + sumOf([0, ...levels.slice(level + 1)]);
        const staying = beside.map(({ ready, decisions: count }) => ({
          ready: ready | (1 << level),
          decisions: count,
        }));
        play(policy, staying, (_, chosen) => {
          decisions++;
          waits = chosen === level ? 0 : waits + 1;
          if (chosen === level) starts++;
          const least = quota * (Math.floor((decisions + 1) / sumOf(levels)) - 1);
          assert.ok(starts >= least, `${starts} of ${decisions}, not ${least}`);
          assert.ok(waits <= longest, `${waits} others in a row, not ${longest}`);
        });
      }),
    );
  });

  it('lets an idle level neither save up nor owe: while all are ready each has its quota of every round, whatever was before', () => {
    fc.assert(
      fc.property(returns, ({ levels, options, level, before }) => {
        const [policy, capacity] = [make(levels, options), sumOf(levels)];
        const others = 2 ** levels.length - 1 - (1 << level);
        const idle = before.map(({ ready, decisions }) => ({ ready: ready & others || others, decisions }));
        play(policy, idle, () => undefined);
        const all = 2 ** levels.length - 1;
        const chosen = Array.from({ length: 4 * capacity }, () => decide(policy, all));
        const starts = (from: number, to: number): number[] =>
          levels.map((_, i) => chosen.slice(from, to).filter((each) => each === i).length);
        assert.ok(
          (starts(0, capacity)[level] ?? 0) <= 2 * (levels[level] ?? 0),
          'of the round that runs, and of the next',
        );
        for (let from = capacity; from + capacity <= chosen.length; from++)
          assert.deepEqual(starts(from, from + capacity), levels);
      }),
    );
  });

  it('lends no more to a level that was alone for long once the others are back', () => {
    for (const before of [0b100, 0b110, 0b010]) {
      const policy = flipkartBurst()(shape);
      play(policy, [{ ready: before, decisions: 20 * 50 }], () => undefined);
      const counts = starts(policy, 100_000, [1e6, 1e6, 1e6]);
      assert.deepEqual(
        counts.map((count) => Math.round(count / 1_000)),
        [14, 28, 58],
      );
    }
  });

  it('says what is a loan', () => {
    const policy = flipkartBurst()(shape);
    play(policy, [{ ready: 0b100, decisions: 4 * 29 + 29 }], () => undefined);
    assert.match(policy.explain?.() ?? '', /^the levels above are through or idle: 29 of 50 in this round$/);
    decide(policy, 0b100);
    assert.match(policy.explain?.() ?? '', /no level that is ready has any of its quota left.*bursts.*30 of 50/);
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
