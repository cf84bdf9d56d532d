import assert from 'node:assert/strict';
import { deferred } from '@hearken/core/internal';
import { eventLoopTurn, ManualClock } from '@hearken/testing';
import { GracePeriod } from '../dist/grace-period.js';

describe('GracePeriod', () => {
  const outcome = (promise: Promise<boolean>) => {
    const seen: { value?: boolean } = {};
    void promise.then((value) => (seen.value = value));
    return seen;
  };

  it('covers what settles before it is over, and clears its timer', async () => {
    const clock = new ManualClock();
    const work = deferred();
    const covered = new GracePeriod(clock, 100).covers(work.promise);
    clock.advance(99);
    work.resolve();
    assert.equal(await covered, true);
    assert.equal(clock.pendingTimers, 0);
  });

  it('can be cut short while it is waited for, and is never drawn out', async () => {
    const clock = new ManualClock();
    const grace = new GracePeriod(clock, 100);
    const seen = outcome(grace.covers(new Promise(() => undefined)));
    clock.advance(10);
    grace.shortenTo(500);
    assert.equal(grace.remainingMs(), 90);
    grace.shortenTo(20);
    clock.advance(19);
    await eventLoopTurn();
    assert.equal(seen.value, undefined);
    clock.advance(1);
    await eventLoopTurn();
    assert.deepEqual([seen.value, grace.remainingMs(), grace.remainingMs(1_000)], [false, 0, 1_000]);
    assert.equal(clock.pendingTimers, 0);
  });

  it('leaves time for a farewell, which is cut short with it', async () => {
    const clock = new ManualClock();
    const grace = new GracePeriod(clock, 100);
    const seen = outcome(grace.covers(new Promise(() => undefined), 1_000));
    assert.equal(clock.nextDueInMs, 1_100);
    grace.shortenTo(0);
    assert.equal(clock.nextDueInMs, 1_000);
    clock.advance(1_000);
    await eventLoopTurn();
    assert.equal(seen.value, false);
  });

  it('is cut short for all who wait, also when the first of them is done', async () => {
    const clock = new ManualClock();
    const grace = new GracePeriod(clock, 100);
    const work = deferred();
    const [first, second] = [outcome(grace.covers(work.promise)), outcome(grace.covers(new Promise(() => undefined)))];
    work.resolve();
    await eventLoopTurn();
    grace.shortenTo(0);
    clock.advance(0);
    await eventLoopTurn();
    assert.deepEqual([first.value, second.value], [true, false]);
  });

  it('rejects as what it covers does', async () => {
    await assert.rejects(new GracePeriod(new ManualClock(), 100).covers(Promise.reject(new Error('no'))), /no/);
  });
});
