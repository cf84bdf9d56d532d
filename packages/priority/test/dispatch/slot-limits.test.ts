import assert from 'node:assert/strict';
import fc from 'fast-check';
import { isLevelReady } from '../../dist/policy/dispatch-policy.js';
import { SlotLimits, type LevelSlots } from '../../dist/dispatch/slot-limits.js';

const levelsOf = (capacity: number): fc.Arbitrary<LevelSlots[]> =>
  fc
    .array(fc.record({ minSlots: fc.integer({ min: 0, max: 3 }), maxSlots: fc.integer({ min: 1, max: capacity }) }), {
      minLength: 1,
      maxLength: 5,
    })
    .map((levels) => levels.map(({ minSlots, maxSlots }) => ({ minSlots: Math.min(minSlots, maxSlots), maxSlots })))
    .filter((levels) => reservedOf(levels) <= capacity);

const reservedOf = (levels: readonly LevelSlots[]): number => levels.reduce((sum, { minSlots }) => sum + minSlots, 0);

const inputs = fc
  .integer({ min: 1, max: 12 })
  .chain((capacity) =>
    fc.tuple(fc.constant(capacity), levelsOf(capacity), fc.array(fc.nat({ max: 99 }), { maxLength: 200 })),
  );

/** Takes a slot where one is open, or gives one back, as the numbers say. */
function play(limits: SlotLimits, levels: readonly LevelSlots[], steps: readonly number[], look: () => void): void {
  for (const step of steps) {
    const level = step % levels.length;
    if (step < 60 && isLevelReady(limits.open, level)) limits.taken(level);
    else if (limits.running(level) > 0) limits.released(level);
    look();
  }
}

describe('SlotLimits', () => {
  it('never gives out more than there are, nor to a level more than it may have', () => {
    fc.assert(
      fc.property(inputs, ([capacity, levels, steps]) => {
        const limits = new SlotLimits(capacity, levels);
        play(limits, levels, steps, () => {
          assert.ok(limits.total <= capacity);
          levels.forEach(({ maxSlots }, level) => assert.ok(limits.running(level) <= maxSlots));
        });
      }),
    );
  });

  it('has a slot for every level that runs less than its minSlots, whatever the others take', () => {
    fc.assert(
      fc.property(inputs, ([capacity, levels, steps]) => {
        const limits = new SlotLimits(capacity, levels);
        play(limits, levels, steps, () => {
          levels.forEach(({ minSlots }, level) =>
            assert.ok(limits.running(level) >= minSlots || isLevelReady(limits.open, level)),
          );
        });
      }),
    );
  });

  it('is open exactly where a slot is available', () => {
    fc.assert(
      fc.property(inputs, ([capacity, levels, steps]) => {
        const limits = new SlotLimits(capacity, levels);
        play(limits, levels, steps, () => {
          levels.forEach((_, level) => assert.equal(isLevelReady(limits.open, level), limits.available(level) > 0));
        });
      }),
    );
  });

  it('gives out nothing above another capacity, says what is open there, and what will be when a record has ended', () => {
    fc.assert(
      fc.property(inputs, fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 1 }), ([, levels, steps], more) => {
        const least = Math.max(1, reservedOf(levels));
        const limits = new SlotLimits(least + (more[0] ?? 0), levels);
        let [looks, before] = [0, 0];
        play(limits, levels, steps, () => {
          assert.ok(limits.total <= Math.max(before, limits.capacity));
          limits.capacity = least + (more[looks++ % more.length] ?? 0);
          before = limits.total;
          if (limits.total >= limits.capacity) assert.equal(limits.open, 0);
          levels.forEach((_, level) => {
            assert.equal(isLevelReady(limits.open, level), limits.available(level) > 0);
            assert.ok(limits.available(level) <= limits.most(level) && limits.most(level) <= limits.capacity);
            if (limits.running(level) === 0) return;
            const without = limits.openWithout(level);
            limits.released(level);
            assert.equal(without, limits.open);
            limits.taken(level);
          });
        });
      }),
    );
  });

  it('keeps no slot back that nobody has reserved', () => {
    const limits = new SlotLimits(3, [
      { minSlots: 0, maxSlots: 3 },
      { minSlots: 1, maxSlots: 3 },
    ]);
    limits.taken(1);
    assert.equal(limits.available(0), 2, 'the reserved slot is in use');
    limits.released(1);
    assert.equal(limits.available(0), 2, 'and kept when it is not');
    assert.equal(limits.available(1), 3);
  });
});
