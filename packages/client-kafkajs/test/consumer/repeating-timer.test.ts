import assert from 'node:assert/strict';
import { eventLoopTurn, ManualClock } from '@hearken/testing';
import { RepeatingTimer } from '../../dist/consumer/repeating-timer.js';

describe('RepeatingTimer', () => {
  it('runs at every interval, and at once after a run that took longer', async () => {
    const clock = new ManualClock();
    const begun: number[] = [];
    const lastsMs = [0, 1, 5, 0];
    const timer = new RepeatingTimer(clock, 3, () => {
      begun.push(clock.monotonic());
      const ms = lastsMs.shift() ?? 0;
      if (ms === 0) return Promise.resolve();
      return new Promise((resolve) => clock.setTimer(() => resolve(), ms));
    });
    timer.start();
    while (clock.monotonic() < 20) {
      clock.advance(1);
      await eventLoopTurn();
    }
    assert.deepEqual(begun, [3, 6, 9, 14, 17, 20]);
    timer.stop();
    assert.equal(clock.pendingTimers, 0);
  });
});
