import assert from 'node:assert/strict';
import type { KafkaConfigError } from '@hearken/core';
import fc from 'fast-check';
import { ExponentialBackOff, FixedBackOff } from '../../dist/failure/back-off.js';

const delays = (backOff: ExponentialBackOff | FixedBackOff, count: number): (number | undefined)[] =>
  Array.from({ length: count }, (_, i) => backOff.delayMs(i + 1));

describe('FixedBackOff', () => {
  it('waits the same each time, then gives up', () => {
    assert.deepEqual(delays(new FixedBackOff({ intervalMs: 5, maxRetries: 2 }), 3), [5, 5, undefined]);
  });

  it('retries nine times, a second apart, by default', () => {
    assert.deepEqual(delays(new FixedBackOff(), 10), [...Array<number>(9).fill(1_000), undefined]);
  });
});

describe('ExponentialBackOff', () => {
  it('doubles up to its bound, then gives up', () => {
    const backOff = new ExponentialBackOff({ initialIntervalMs: 100, maxIntervalMs: 500, maxRetries: 4, jitter: 0 });
    assert.deepEqual(delays(backOff, 5), [100, 200, 400, 500, undefined]);
  });

  it('retries nine times by default, within about half a minute', () => {
    const all = delays(new ExponentialBackOff({ jitter: 0 }), 10);
    assert.equal(all.at(-1), undefined);
    assert.deepEqual(all.slice(0, 9), [100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000]);
  });

  it('stays between the jittered and the full wait, whatever chance says', () => {
    const unit = { min: 0, max: 1, noNaN: true };
    fc.assert(
      fc.property(
        fc.record({
          initialIntervalMs: fc.integer({ min: 0, max: 10_000 }),
          multiplier: fc.double({ min: 1, max: 10, noNaN: true }),
          maxIntervalMs: fc.integer({ min: 0, max: 60_000 }),
          jitter: fc.double(unit),
        }),
        fc.double({ ...unit, maxExcluded: true }),
        fc.integer({ min: 1, max: 5_000 }),
        (options, chance, failures) => {
          const full = new ExponentialBackOff({ ...options, jitter: 0, maxRetries: 5_000 }).delayMs(failures)!;
          const delay = new ExponentialBackOff({ ...options, random: () => chance, maxRetries: 5_000 }).delayMs(
            failures,
          )!;
          assert.ok(full <= options.maxIntervalMs);
          assert.ok(delay <= full && delay >= Math.floor(full * (1 - options.jitter)), `${delay} of ${full}`);
        },
      ),
    );
  });

  it('makes no wait that would not fit into maxElapsedMs, and every one that does', () => {
    fc.assert(
      fc.property(
        fc.record({
          initialIntervalMs: fc.integer({ min: 50, max: 1_000 }),
          multiplier: fc.double({ min: 1, max: 4, noNaN: true }),
          maxIntervalMs: fc.integer({ min: 50, max: 5_000 }),
          maxElapsedMs: fc.integer({ min: 0, max: 10_000 }),
        }),
        fc.option(fc.nat(30), { nil: undefined }),
        fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
        (options, maxRetries, chance) => {
          const { maxElapsedMs, ...unbounded } = options;
          const bound = maxRetries === undefined ? {} : { maxRetries };
          const backOff = new ExponentialBackOff({ ...options, ...bound, random: () => chance });
          const full = new ExponentialBackOff({ ...unbounded, jitter: 0, maxRetries: 1_000 });
          let [failures, elapsedMs] = [1, 0];
          for (; backOff.delayMs(failures) !== undefined; failures++) elapsedMs += full.delayMs(failures)!;
          const rounding = failures; // each wait is a whole number
          assert.ok(elapsedMs <= maxElapsedMs + rounding, `${elapsedMs} ms`);
          assert.ok(
            failures === (maxRetries ?? Infinity) + 1 || elapsedMs + full.delayMs(failures)! > maxElapsedMs - rounding,
          );
        },
      ),
    );
  });

  it('needs an end', () => {
    for (const zero of [{ initialIntervalMs: 0 }, { maxIntervalMs: 0 }]) {
      assert.throws(() => new ExponentialBackOff({ ...zero, maxElapsedMs: 100 }), /maxElapsedMs: needs maxRetries/);
      assert.equal(new ExponentialBackOff({ ...zero, maxElapsedMs: 100, maxRetries: 2 }).delayMs(3), undefined);
    }
  });

  it('names every problem of its options', () => {
    assert.throws(
      () => new ExponentialBackOff({ multiplier: 0.5, jitter: 2, maxRetries: -1 }),
      (error: KafkaConfigError) => {
        assert.deepEqual(
          error.problems.map(({ path }) => path),
          ['multiplier', 'maxRetries', 'jitter'],
        );
        return true;
      },
    );
  });
});
