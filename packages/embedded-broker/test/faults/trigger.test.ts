import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Trigger, type TriggerSpec } from '../../dist/faults/trigger.js';

const CERTAIN: TriggerSpec = { nth: 1, times: Infinity, probability: undefined, seed: 1 };

/** Which of so many matching requests a rule takes that is let have each one that is due. */
function taken(spec: TriggerSpec, requests: number): number[] {
  const trigger = new Trigger(spec);
  const numbers: number[] = [];
  for (let number = 1; number <= requests; number++) {
    if (!trigger.isDue()) continue;
    trigger.fire();
    numbers.push(number);
  }
  return numbers;
}

describe('Trigger', () => {
  it('takes the nth and those behind it, so many times', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 20 }),
        fc.nat(40),
        (nth, times, requests) => {
          const expected = Array.from({ length: requests }, (_, i) => i + 1).filter((n) => n >= nth && n < nth + times);
          assert.deepEqual(taken({ ...CERTAIN, nth, times }, requests), expected);
        },
      ),
    );
  });

  it('takes what is due at the next request if another rule had this one', () => {
    const trigger = new Trigger({ ...CERTAIN, nth: 2, times: 1 });
    assert.deepEqual([trigger.isDue(), trigger.isDue(), trigger.isDue()], [false, true, true]);
    trigger.fire();
    assert.equal(trigger.isDue(), false);
  });

  it('throws the same dice for the same seed, whatever else limits it', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 10 }), (seed, times) => {
        const spec = { ...CERTAIN, probability: 0.3, seed };
        const all = taken(spec, 200);
        assert.deepEqual(taken(spec, 200), all);
        assert.deepEqual(taken({ ...spec, times }, 200), all.slice(0, times));
      }),
    );
  });

  it('takes about as many as the probability says, more of them the higher it is', () => {
    fc.assert(
      fc.property(fc.integer(), fc.double({ min: 0.05, max: 0.95, noNaN: true }), (seed, probability) => {
        const spec = { ...CERTAIN, seed };
        const some = taken({ ...spec, probability }, 2_000);
        // Five standard deviations are at most 112 of 2 000.
        assert.ok(Math.abs(some.length - 2_000 * probability) < 120, `${some.length} at ${probability}`);
        const more = new Set(taken({ ...spec, probability: (1 + probability) / 2 }, 2_000));
        assert.ok(some.every((number) => more.has(number)));
      }),
    );
  });

  it('differs from seed to seed', () => {
    const first = taken({ ...CERTAIN, probability: 0.5, seed: 1 }, 64);
    assert.notDeepEqual(taken({ ...CERTAIN, probability: 0.5, seed: 2 }, 64), first);
  });

  it('takes all with probability 1', () => {
    assert.equal(taken({ ...CERTAIN, probability: 1 }, 500).length, 500);
  });
});
