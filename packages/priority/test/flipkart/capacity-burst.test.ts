import assert from 'node:assert/strict';
import { CapacityBurst, PollHistoryWindow } from '@hearken/priority';

const QUOTAS = [7, 14, 29];

/** What the levels returned in their last polls, the most urgent first as the cases are told. */
function burstAfter(...polls: readonly (readonly number[])[]): { priority: number; capacity: number } | undefined {
  const windows = polls.toReversed().map((counts, priority) => {
    const window = new PollHistoryWindow({ quota: QUOTAS[priority] ?? 0 });
    for (const count of counts) window.add(count);
    return window;
  });
  return CapacityBurst.next(windows);
}

const six = (count: number): number[] => Array.from({ length: 6 }, () => count);

describe('CapacityBurst', () => {
  it('lends nothing while every level takes its share', () => {
    assert.equal(burstAfter(six(29), six(14), six(7)), undefined);
  });

  it('lends nothing while each has had one full poll', () => {
    assert.equal(burstAfter(six(29), [14, 14, 14, 11, 10, 9], six(7)), undefined);
  });

  it('lends what a level left to the highest that is maxed out', () => {
    assert.deepEqual(burstAfter(six(29), [10, 10, 7, 10, 9, 0], six(7)), { priority: 2, capacity: 33 });
  });

  it('lends what two levels left to the only one that is maxed out', () => {
    const [p2, p1] = [
      [20, 25, 25, 20, 15, 10],
      [10, 10, 7, 10, 9, 0],
    ];
    assert.deepEqual(burstAfter(p2, p1, six(7)), { priority: 0, capacity: 15 });
    assert.deepEqual(burstAfter([25, 25, 25, 0, 1, 2], [10, 10, 10, 0, 1, 2], six(7)), { priority: 0, capacity: 15 });
  });

  it('lends up and down', () => {
    assert.deepEqual(burstAfter(six(25), six(14), six(5)), { priority: 1, capacity: 20 });
  });

  it('lends everything of levels that have nothing to do', () => {
    assert.deepEqual(burstAfter(six(0), six(0), six(7)), { priority: 0, capacity: 50 });
    assert.deepEqual(burstAfter(six(0), six(14), six(7)), { priority: 1, capacity: 43 });
  });

  it('lends nothing when none is maxed out, or there is only one level', () => {
    assert.equal(burstAfter(six(28), six(13), six(6)), undefined);
    assert.equal(burstAfter(six(7)), undefined);
    assert.equal(CapacityBurst.next([]), undefined);
  });
});
