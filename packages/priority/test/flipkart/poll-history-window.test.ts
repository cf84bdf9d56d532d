import assert from 'node:assert/strict';
import { PollHistoryWindow } from '@hearken/priority';
import fc from 'fast-check';

const windowOf = (quota: number, ...counts: number[]): PollHistoryWindow => {
  const window = new PollHistoryWindow({ quota });
  for (const count of counts) window.add(count);
  return window;
};

describe('PollHistoryWindow', () => {
  it('begins as if nothing had been polled six times', () => {
    const window = windowOf(29);
    assert.equal(window.isMaxedOut, false);
    assert.equal(window.unused, 29);
    assert.deepEqual(window.counts, [0, 0, 0, 0, 0, 0]);
  });

  it('is maxed out by four polls at the quota or above it', () => {
    assert.equal(windowOf(7, 7, 7, 7).isMaxedOut, false);
    assert.equal(windowOf(7, 7, 9, 7, 50).isMaxedOut, true);
    assert.equal(windowOf(7, 7, 7, 0, 7, 6, 7).isMaxedOut, true);
    assert.equal(windowOf(7, 7, 7, 0, 7, 6, 7, 0).isMaxedOut, false);
  });

  it('leaves unused what not even the largest poll took', () => {
    assert.equal(windowOf(29, 20, 25, 25, 20, 15, 10).unused, 4);
    assert.equal(windowOf(29, 29).unused, 0);
    assert.equal(windowOf(29, 50).unused, 0);
  });

  it('forgets the seventh poll', () => {
    const window = windowOf(29, 29, 0, 0, 0, 0, 0);
    assert.equal(window.unused, 0);
    window.add(0);
    assert.equal(window.unused, 29);
  });

  it('copies itself with one more poll', () => {
    const window = windowOf(7, 7, 7, 7);
    const next = window.with(7);
    assert.deepEqual([window.isMaxedOut, next.isMaxedOut], [false, true]);
    assert.deepEqual(
      [window.counts, next.counts],
      [
        [0, 0, 0, 7, 7, 7],
        [0, 0, 7, 7, 7, 7],
      ],
    );
    window.add(1);
    assert.equal(next.isMaxedOut, true);
  });

  it('says what the last polls say, whatever came before', () => {
    const settings = fc.integer({ min: 1, max: 9 }).chain((size) =>
      fc.record({
        size: fc.constant(size),
        maxedOutThreshold: fc.integer({ min: 1, max: size }),
        quota: fc.integer({ min: 1, max: 5 }),
      }),
    );
    fc.assert(
      fc.property(settings, fc.array(fc.integer({ min: 0, max: 8 })), (options, counts) => {
        const window = new PollHistoryWindow(options);
        for (const count of counts) window.add(count);
        const last = [...Array.from({ length: options.size }, () => 0), ...counts].slice(-options.size);
        const full = last.filter((count) => count >= options.quota).length;
        assert.equal(window.isMaxedOut, full >= options.maxedOutThreshold);
        assert.equal(window.unused, Math.min(...last.map((count) => Math.max(0, options.quota - count))));
      }),
    );
  });

  it('refuses settings that could never or would always be maxed out', () => {
    for (const wrong of [{ size: 0 }, { size: 2, maxedOutThreshold: 3 }, { maxedOutThreshold: 0 }, { quota: 0 }]) {
      assert.throws(() => new PollHistoryWindow({ quota: 7, ...wrong }), { code: 'INVALID_CONFIG' });
    }
  });
});
