import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Arrivals } from '../../dist/offsets/arrivals.js';

/** A poll of so many records so long after the one before; and how many of the oldest have ended since. */
const poll = fc.record({ records: fc.integer({ min: 1, max: 5 }), after: fc.nat(10), ended: fc.nat(8) });

describe('Arrivals', () => {
  it('knows when each record came that has not ended, to a part of the age of the oldest, for any polls', () => {
    fc.assert(
      fc.property(fc.array(poll, { maxLength: 200 }), (polls) => {
        const arrivals = new Arrivals();
        const cameAt: number[] = [];
        let [now, oldest] = [0, 0];
        for (const { records, after, ended } of polls) {
          now += after;
          arrivals.note({ from: cameAt.length, at: now }, oldest);
          for (let i = 0; i < records; i++) cameAt.push(now);
          oldest = Math.min(cameAt.length, oldest + ended);
          for (let sequence = oldest; sequence < cameAt.length; sequence++) {
            const early = cameAt[sequence]! - (arrivals.of(sequence) ?? Infinity);
            assert.ok(early >= 0 && early <= (now - arrivals.of(oldest)!) / 64, `${early} too early`);
          }
        }
      }),
    );
  });

  it('has the time of the oldest exactly, behind whatever ended', () => {
    const arrivals = new Arrivals();
    arrivals.note({ from: 0, at: 0 }, 0);
    for (let i = 1; i < 10_000; i++) arrivals.note({ from: i, at: i * 1_000 }, 0);
    assert.equal(arrivals.of(0), 0);
    arrivals.note({ from: 10_000, at: 10_000_000 }, 10_000); // all have ended
    assert.equal(arrivals.of(10_000), 10_000_000);
  });

  it('knows nothing of what did not come', () => {
    assert.equal(new Arrivals().of(0), undefined);
  });
});
