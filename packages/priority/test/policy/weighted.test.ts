import assert from 'node:assert/strict';
import fc from 'fast-check';
import { isLevelReady, weightedPolicy } from '../../dist/index.js';
import { exerciseDispatchPolicy } from '../../dist/testing/index.js';
import { anyWeight, decide, isFair, play, stretches, weightsOf, wholeWeight } from './laws.js';

const make = (...weights: number[]) => weightedPolicy()({ weights, minShares: weights.map(() => 0), capacity: 50 });

const order = (policy: ReturnType<typeof make>, ready: number, decisions: number): string =>
  Array.from({ length: decisions }, () => decide(policy, ready)).join('');

describe('weighted', () => {
  exerciseDispatchPolicy(weightedPolicy());

  it('interleaves as the weights say, the more urgent first of equals', () => {
    assert.equal(order(make(1, 2, 4), 0b111, 14), '21022122102212');
  });

  it('chooses as the definition says: the least virtual time to begin at, and of equals the most urgent level', () => {
    const alike = fc.integer({ min: 1, max: 3 }); // virtual times are equal often
    const inputs = weightsOf(alike).chain((weights) => fc.tuple(fc.constant(weights), stretches(weights.length)));
    fc.assert(
      fc.property(inputs, ([weights, schedule]) => {
        const ends = weights.map(() => 0);
        let now = 0;
        play(make(...weights), schedule, (ready, chosen) => {
          const begins = ends.map((end, level) => (isLevelReady(ready, level) ? Math.max(end, now) : Infinity));
          now = Math.min(...begins);
          assert.equal(chosen, begins.lastIndexOf(now));
          ends[chosen] = now + 1 / (weights[chosen] ?? 0);
        });
      }),
    );
  });

  it('keeps |ni/wi - nj/wj| <= 1/wi + 1/wj while both are ready', () => {
    const inputs = weightsOf(fc.oneof(wholeWeight, anyWeight)).chain((weights) =>
      fc.tuple(fc.constant(weights), stretches(weights.length)),
    );
    fc.assert(
      fc.property(inputs, ([weights, schedule]) =>
        isFair(make(...weights), weights, schedule, (i, j) => 1 / (weights[i] ?? 0) + 1 / (weights[j] ?? 0)),
      ),
    );
  });

  it('keeps it however long it goes on', () => {
    const weights = [0.001, 0.002, 0.004]; // virtual time passes 2^20 every few thousand decisions
    const schedule = [
      { ready: 0b111, decisions: 20_000 },
      { ready: 0b001, decisions: 5_000 },
      { ready: 0b111, decisions: 20_000 },
    ];
    assert.ok(isFair(make(...weights), weights, schedule, (i, j) => 1 / (weights[i] ?? 0) + 1 / (weights[j] ?? 0)));
  });

  it('lets a level that comes back wait for one record of each other, and no more', () => {
    const policy = make(1, 2, 4);
    play(policy, [{ ready: 0b011, decisions: 1_000 }], () => undefined);
    assert.equal(decide(policy, 0b111), 2);
    assert.equal(order(policy, 0b111, 70).replaceAll(/[^2]/g, '').length, 40, 'and no debt is called in');
  });

  it('lets an idle level neither save up nor owe: of n decisions from its return on it has n·w/W, give or take 1 + (levels − 2)·w/W', () => {
    const inputs = weightsOf(fc.oneof(wholeWeight, anyWeight)).chain((weights) =>
      fc.record({
        weights: fc.constant(weights),
        level: fc.nat({ max: weights.length - 1 }),
        before: stretches(weights.length),
        /** The others that are ready from its return on. */
        beside: fc.nat({ max: 2 ** weights.length - 1 }),
      }),
    );
    fc.assert(
      fc.property(inputs, ({ weights, level, before, beside }) => {
        const policy = make(...weights);
        const others = 2 ** weights.length - 1 - (1 << level);
        const idle = before.map(({ ready, decisions }) => ({ ready: ready & others || others, decisions }));
        play(policy, idle, () => undefined);
        const ready = beside | (1 << level);
        const there = weights.filter((_, i) => isLevelReady(ready, i));
        const share = (weights[level] ?? 0) / there.reduce((sum, weight) => sum + weight);
        const bound = 1 + Math.max(0, there.length - 2) * share;
        let starts = 0;
        for (let n = 1; n <= 1_000; n++) {
          if (decide(policy, ready) === level) starts++;
          assert.ok(
            Math.abs(starts - n * share) <= bound + 1e-6,
            `${starts} of ${n} with ${share}, give or take ${bound}`,
          );
        }
      }),
    );
  });

  it('is within 1.5 points of the weights in any 100 decisions', () => {
    const policy = make(1, 2, 4);
    const chosen = order(policy, 0b111, 2_000);
    for (let from = 0; from + 100 <= chosen.length; from++) {
      const urgent = chosen.slice(from, from + 100).replaceAll(/[^2]/g, '').length;
      assert.ok(Math.abs(urgent / 100 - 4 / 7) <= 0.015, `${urgent} of 100 from ${from}`);
    }
  });

  it('says why', () => {
    const policy = make(1, 2);
    decide(policy, 0b01);
    assert.match(policy.explain?.() ?? '', /no other level/);
    decide(policy, 0b11);
    assert.match(policy.explain?.() ?? '', /level 0 is \S+ behind it/);
  });
});
