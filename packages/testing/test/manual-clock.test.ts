import assert from 'node:assert/strict';
import { ManualClock } from '@hearken/testing';
import fc from 'fast-check';

describe('ManualClock', () => {
  it('stands still until it is told', () => {
    const clock = new ManualClock(1_000);
    assert.deepEqual([clock.now(), clock.monotonic()], [1_000, 0]);
    clock.advance(250);
    assert.deepEqual([clock.now(), clock.monotonic()], [1_250, 250]);
  });

  it('runs a timer when it is due, at the time it is due, once', () => {
    const clock = new ManualClock();
    const ran: number[] = [];
    clock.setTimer(() => ran.push(clock.monotonic()), 10);
    clock.advance(9);
    assert.deepEqual([ran, clock.nextDueInMs, clock.pendingTimers], [[], 1, 1]);
    clock.advance(100);
    clock.advance(100);
    assert.deepEqual([ran, clock.nextDueInMs, clock.pendingTimers], [[10], undefined, 0]);
  });

  it('runs timers that timers set, if they are due on the way', () => {
    const clock = new ManualClock();
    const ran: number[] = [];
    const again = (): void => {
      ran.push(clock.monotonic());
      clock.setTimer(again, 10);
    };
    clock.setTimer(again, 10);
    clock.advance(35);
    assert.deepEqual(ran, [10, 20, 30]);
    assert.equal(clock.nextDueInMs, 5);
  });

  it('does not run what was cleared, also by another timer', () => {
    const clock = new ManualClock();
    const ran: string[] = [];
    const second = clock.setTimer(() => ran.push('second'), 10);
    clock.setTimer(() => second.clear(), 5);
    clock.advance(20);
    second.clear();
    assert.deepEqual(ran, []);
    assert.equal(clock.pendingTimers, 0);
  });

  it('lets a test wait until timers are set', async () => {
    const clock = new ManualClock();
    let pending = 0;
    const two = clock.timersPending(2).then(() => (pending = clock.pendingTimers));
    clock.setTimer(() => undefined, 1);
    await Promise.resolve();
    assert.equal(pending, 0);
    clock.setTimer(() => undefined, 2);
    await two;
    await clock.timersPending(1);
    assert.equal(pending, 2);
  });

  it('runs any timers in the order they are due, and those due together in the order they were set', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20)), fc.array(fc.nat(10)), (delays, steps) => {
        const clock = new ManualClock();
        const ran: { readonly id: number; readonly delay: number }[] = [];
        for (const [id, delay] of delays.entries()) clock.setTimer(() => ran.push({ id, delay }), delay);
        for (const step of steps) clock.advance(step);
        clock.advance(20);
        const expected = delays
          .map((delay, id) => ({ id, delay }))
          .toSorted((a, b) => a.delay - b.delay || a.id - b.id);
        assert.deepEqual(ran, expected);
      }),
    );
  });
});
