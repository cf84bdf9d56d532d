import assert from 'node:assert/strict';
import fc from 'fast-check';
import { followedBy, hasEnded, type EndedOffsets } from '../../dist/offsets/ended-offsets.js';
import { endsOf } from '../../dist/offsets/known-ends.js';
import { OffsetTracker } from '../../dist/offsets/offset-tracker.js';

const SPAN = 40;
const offsets = Array.from({ length: SPAN + 2 }, (_, offset) => offset);

/** Said plainly: whether each offset had ended. What is open at the end is left out, as it is wherever this is made. */
const ends = fc.array(fc.boolean(), { maxLength: SPAN }).map((all) => all.slice(0, all.lastIndexOf(true) + 1));

/** The same, from the first of them on. */
function endedOf(all: readonly boolean[], leaderEpoch = 0): EndedOffsets {
  const open = all.flatMap((ended, at) => (ended === (all[at - 1] ?? true) ? [] : [at]));
  return { from: 0, to: all.length, leaderEpoch, open };
}

const listOf = (ended: EndedOffsets): number[] => offsets.filter((offset) => hasEnded(ended, { offset }));

describe('EndedOffsets', () => {
  it('are what a plain list says', () =>
    fc.assert(
      fc.property(ends, (all) =>
        assert.deepEqual(
          listOf(endedOf(all)),
          offsets.filter((offset) => all[offset]),
        ),
      ),
    ));

  it('that are followed by others hold each up to the position, and from there on', () =>
    fc.assert(
      fc.property(ends, ends, fc.nat(SPAN), (read, rest, more) => {
        const position = Math.min(read.length + more, rest.length);
        const both = followedBy(endedOf(read.slice(0, position)), position, endedOf(rest));
        if (position < read.length) return; // what was known is forgotten by then
        assert.deepEqual(
          listOf(both),
          offsets.filter((offset) => (offset < position ? read[offset] : rest[offset])),
        );
      }),
    ));

  it('hold for the older leader epoch of both: the newer one would vouch for what it did not see', () => {
    const both = followedBy(endedOf([true, false, true], 5), 3, endedOf([true, true, true, true], 3));
    assert.equal(both.leaderEpoch, 3);
  });

  it('of a partition that is read again hold what was known of the rest, for the epoch that this was known for', () => {
    const known = endedOf([false, true, true, false, true], 3);
    const tracker = new OffsetTracker(0);
    assert.equal(endsOf({ begunAt: 0, tracker, leaderEpoch: undefined, known }).leaderEpoch, 3);
    tracker.received(0);
    tracker.ended(tracker.received(1));
    const ended = endsOf({ begunAt: 0, tracker, leaderEpoch: 4, known });
    assert.deepEqual([listOf(ended), ended.leaderEpoch], [[1, 2, 4], 3]);
    const unknown = endsOf({ begunAt: 0, tracker, leaderEpoch: undefined, known });
    assert.equal(unknown.leaderEpoch, -1, 'records without an epoch vouch for none that has one');
  });
});
