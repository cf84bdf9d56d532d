import assert from 'node:assert/strict';
import fc from 'fast-check';
import { hasEnded } from '../../dist/offsets/ended-offsets.js';
import { endsOf, stillCounts } from '../../dist/offsets/known-ends.js';
import { OffsetTracker } from '../../dist/offsets/offset-tracker.js';

describe('stillCounts', () => {
  const left = { generationId: 7, committed: 10, position: 20 };

  for (const [what, now, expected] of [
    ['the very next generation, where we left it', { generationId: 8, committed: 10 }, true],
    ['the last commit was written though its answer was lost', { generationId: 8, committed: 15 }, true],
    ['all of it was', { generationId: 8, committed: 20 }, true],
    ['another generation in between', { generationId: 9, committed: 10 }, false],
    ['the same number, of a group that began anew', { generationId: 7, committed: 10 }, false],
    ['somebody committed further than we read', { generationId: 8, committed: 21 }, false],
    ['somebody set it back', { generationId: 8, committed: 9 }, false],
    ['nothing is committed, or it is not known', { generationId: 8, committed: undefined }, false],
  ] as const) {
    it(`${expected ? 'yes' : 'no'}: ${what}`, () => assert.equal(stillCounts(left, now), expected));
  }

  it('no: given up outside of a generation, as when it was thrown out meanwhile', () =>
    assert.equal(stillCounts({ ...left, generationId: -1 }, { generationId: 0, committed: 10 }), false));

  it('yes: nothing had been committed before', () =>
    assert.equal(stillCounts({ ...left, committed: undefined }, { generationId: 8, committed: 0 }), true));
});

describe('endsOf', () => {
  it('has exactly the records that were received and ended, whatever the gaps and the order (model: a set)', () => {
    const records = fc.array(fc.record({ gap: fc.nat(3), ends: fc.boolean() }), { maxLength: 200 });
    fc.assert(
      fc.property(fc.nat(1_000), records, (begunAt, steps) => {
        const tracker = new OffsetTracker(begunAt);
        const ended = new Set<number>();
        let next = begunAt;
        const sequences = steps.map(({ gap }) => tracker.received((next += gap + 1) - 1));
        const offsets: number[] = [];
        next = begunAt;
        for (const { gap } of steps) offsets.push((next += gap + 1) - 1);
        for (let i = steps.length - 1; i >= 0; i--) {
          if (steps[i]?.ends !== true) continue;
          tracker.ended(sequences[i]!);
          ended.add(offsets[i]!);
        }
        const known = endsOf({ begunAt, tracker, leaderEpoch: undefined, known: undefined });
        for (const offset of offsets) assert.equal(hasEnded(known, { offset }), ended.has(offset));
        for (const offset of [begunAt - 1, tracker.nextOffset]) assert.equal(hasEnded(known, { offset }), false);
      }),
    );
  });

  it('has none that a newer leader wrote in the place of one that was lost', () => {
    const tracker = new OffsetTracker(0);
    tracker.ended(tracker.received(0));
    const known = endsOf({ begunAt: 0, tracker, leaderEpoch: 3, known: undefined });
    assert.deepEqual(
      [2, 3, 4, undefined].map((leaderEpoch) =>
        hasEnded(known, { offset: 0, ...(leaderEpoch === undefined ? {} : { leaderEpoch }) }),
      ),
      [true, true, false, true],
    );
  });
});
