import assert from 'node:assert/strict';
import { systemClock } from '@hearken/core';
import { deferred } from '@hearken/core/internal';

describe('the system clock', () => {
  it('tells the time, and a time that never goes back', () => {
    const before = Date.now();
    const now = systemClock.now();
    assert.ok(now >= before && now <= Date.now());
    const first = systemClock.monotonic();
    assert.ok(systemClock.monotonic() >= first);
  });

  it('runs a timer once', async () => {
    const fired = deferred();
    const timer = systemClock.setTimer(() => fired.resolve(), 0);
    await fired.promise;
    timer.clear();
    timer.clear();
  });

  for (const delayMs of [2 ** 31, Infinity]) {
    it(`does not run a timer at once because ${delayMs} ms are more than Node can count`, async () => {
      const later = deferred();
      let ran = false;
      const timer = systemClock.setTimer(() => (ran = true), delayMs);
      systemClock.setTimer(() => later.resolve(), 5);
      await later.promise;
      timer.clear();
      assert.equal(ran, false);
    });
  }

  it('does not run a timer that was cleared', async () => {
    const later = deferred();
    let ran = false;
    const cleared = systemClock.setTimer(() => (ran = true), 0);
    cleared.clear();
    systemClock.setTimer(() => later.resolve(), 1);
    await later.promise;
    assert.equal(ran, false);
  });

  it('keeps the process running only where it should', () => {
    const before = process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    const idle = systemClock.setTimer(() => undefined, 60_000, { keepAlive: false });
    const active = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    assert.equal(active(), before);
    const busy = systemClock.setTimer(() => undefined, 60_000);
    assert.equal(active(), before + 1);
    idle.clear();
    busy.clear();
    assert.equal(active(), before);
  });
});

describe('deferred', () => {
  it('is a promise that its holder settles, once', async () => {
    const well = deferred<number>();
    well.resolve(1);
    well.resolve(2);
    assert.equal(await well.promise, 1);
    const badly = deferred();
    badly.reject(new Error('scripted'));
    await assert.rejects(badly.promise, /scripted/);
  });
});
