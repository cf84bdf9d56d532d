import assert from 'node:assert/strict';
import { KafkaConfigError } from '@hearken/core';
import fc from 'fast-check';
import { strictPolicy, strictWithFloorPolicy } from '../../dist/index.js';
import { isLevelReady } from '../../dist/policy/dispatch-policy.js';
import { exerciseDispatchPolicy } from '../../dist/testing/index.js';
import { decide, play, stretches } from './laws.js';

const make = (...minShares: number[]) =>
  strictPolicy({ starvation: 'allow' })({ weights: minShares.map(() => 1), minShares, capacity: 50 });

/** Floors in hundredths, of which at most ninety are given away. */
const floors = fc
  .array(fc.integer({ min: 0, max: 40 }), { minLength: 2, maxLength: 16 })
  .filter((hundredths) => hundredths.reduce((sum, each) => sum + each) <= 90)
  .map((hundredths) => hundredths.map((each) => each / 100));

describe('strict', () => {
  exerciseDispatchPolicy(strictPolicy(), { sharesByWeight: false });
  exerciseDispatchPolicy(strictWithFloorPolicy(), { sharesByWeight: false });

  it('chooses the most urgent level without a floor, always', () => {
    fc.assert(
      fc.property(stretches(4), (schedule) => {
        play(make(0, 0, 0, 0), schedule, (ready, chosen) => assert.equal(chosen, 31 - Math.clz32(ready)));
      }),
    );
  });

  it('starts a level with floor f within ceil(1/f) decisions and one for each other floor', () => {
    const inputs = floors.chain((shares) => fc.tuple(fc.constant(shares), stretches(shares.length)));
    fc.assert(
      fc.property(inputs, ([shares, schedule]) => {
        const others = shares.filter((share) => share > 0).length - 1;
        const waited = shares.map(() => 0);
        play(make(...shares), schedule, (ready, chosen) => {
          shares.forEach((share, level) => {
            waited[level] = isLevelReady(ready, level) && level !== chosen ? (waited[level] ?? 0) + 1 : 0;
            if (share > 0) assert.ok((waited[level] ?? 0) < Math.ceil(1 / share) + others);
          });
        });
      }),
      { examples: [[[[0.45, 0.45], [{ ready: 0b11, decisions: 400 }]]]] },
    );
  });

  it('gives each floor its share in the long run, also where several are due together', () => {
    fc.assert(
      fc.property(floors, (shares) => {
        const chosen = shares.map(() => 0);
        const decisions = 5_000;
        play(make(...shares), [{ ready: 2 ** shares.length - 1, decisions }], (_, level) => {
          chosen[level] = (chosen[level] ?? 0) + 1;
        });
        shares.forEach((share, level) => {
          const least = Math.floor(share * decisions) - shares.length;
          assert.ok((chosen[level] ?? 0) >= least, `level ${level}: ${chosen[level]} of ${decisions}, not ${share}`);
        });
      }),
    );
  });

  it('gives everything else to the most urgent', () => {
    const policy = make(0.05, 0.05, 0);
    const order = Array.from({ length: 1_000 }, () => decide(policy, 0b111));
    assert.equal(order.filter((level) => level === 2).length, 901, 'of two that are due together one waits');
  });

  it('lets a level that was idle wait anew: a floor is not saved up', () => {
    const policy = make(0.1, 0);
    for (let i = 0; i < 100; i++) assert.equal(decide(policy, 0b10), 1);
    const order = Array.from({ length: 20 }, () => decide(policy, 0b11)).join('');
    assert.equal(order, '11111111101111111110');
  });

  it('never comes without a floor unless starvation is allowed', () => {
    const shape = { weights: [1, 1], minShares: [0, 0], capacity: 1 };
    assert.throws(
      () => strictPolicy()(shape),
      (error) => error instanceof KafkaConfigError && error.message.includes('starvation'),
    );
    assert.throws(() => strictWithFloorPolicy()(shape), KafkaConfigError);
    assert.equal(decide(strictPolicy({ starvation: 'allow' })(shape), 0b11), 1);
  });

  it('takes the floor of the highest level for none: it protects nobody', () => {
    const only = (...minShares: number[]) => ({ weights: minShares.map(() => 1), minShares, capacity: 1 });
    for (const factory of [strictPolicy(), strictWithFloorPolicy()]) {
      assert.throws(
        () => factory(only(0, 0, 0.5)),
        (error) => error instanceof KafkaConfigError && error.message.includes('at least one level below the highest'),
      );
      for (const shape of [only(0.1, 0, 0), only(0, 0.1, 0), only(0, 0.1, 0.5), only(0)])
        assert.doesNotThrow(() => factory(shape));
    }
    assert.equal(decide(strictPolicy({ starvation: 'allow' })(only(0, 0, 0.5)), 0b111), 2);
  });

  it('says why', () => {
    const policy = make(0.5, 0);
    decide(policy, 0b11);
    assert.match(policy.explain?.() ?? '', /no level above/);
    decide(policy, 0b11);
    assert.match(policy.explain?.() ?? '', /minShare was due/);
  });
});
