import assert from 'node:assert/strict';
import fc from 'fast-check';
import { AbortedTransactions, type AbortedTransaction } from '../../dist/log/aborted-transactions.js';

/** Transactions that begin at random and end at random later offsets, as one log would have written them down. */
const history = fc
  .array(fc.record({ from: fc.nat(40), length: fc.integer({ min: 1, max: 30 }) }), { maxLength: 12 })
  .map((spans): AbortedTransaction[] => {
    const ended = spans
      .map(({ from, length }, producerId) => ({
        producerId,
        firstOffset: 2 * from,
        lastOffset: 2 * (from + length) + 1,
      }))
      .sort((a, b) => a.lastOffset - b.lastOffset);
    return ended.map((one, i) => {
      const stillOpen = ended.slice(i + 1).filter(({ firstOffset }) => firstOffset < one.lastOffset);
      const lastStableOffset = Math.min(one.lastOffset + 1, ...stillOpen.map(({ firstOffset }) => firstOffset));
      return { ...one, lastStableOffset };
    });
  });

describe('AbortedTransactions', () => {
  it('finds those with a part in a range, without those that were dropped at the front or cut off at the end', () => {
    fc.assert(
      fc.property(history, fc.nat(150), fc.nat(60), fc.nat(150), fc.nat(150), (all, from, length, front, end) => {
        const index = new AbortedTransactions();
        for (const one of all) index.add(one);
        const within = (some: readonly AbortedTransaction[]) =>
          some.filter(({ firstOffset, lastOffset }) => lastOffset >= from && firstOffset < from + length);
        assert.deepEqual(index.overlapping(from, from + length), within(all));
        index.dropBefore(front);
        index.truncateTo(end);
        const kept = all.filter(({ lastOffset }) => lastOffset >= front && lastOffset < end);
        assert.deepEqual([...index], kept);
        assert.deepEqual(index.overlapping(from, from + length), within(kept));
      }),
    );
  });
});
