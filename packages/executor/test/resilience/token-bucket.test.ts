import assert from 'node:assert/strict';
import fc from 'fast-check';
import { TokenBucket } from '../../dist/rate-limit/token-bucket.js';

const bucket = fc.record({
  intervalMs: fc.oneof(fc.integer({ min: 1, max: 100 }), fc.double({ min: 0.01, max: 50, noNaN: true })),
  burst: fc.integer({ min: 1, max: 20 }),
  startedAt: fc.integer({ min: 0, max: 10_000_000 }),
});
const pauses = fc.array(fc.oneof(fc.integer({ min: 0, max: 300 }), fc.double({ min: 0, max: 5, noNaN: true })), {
  maxLength: 60,
});

/** What floating point may add up to over a run. */
const TOLERANCE = 1e-3;

describe('TokenBucket', () => {
  it('gives in no span of time more than the burst and a token for each interval in it', () => {
    fc.assert(
      fc.property(bucket, pauses, ({ intervalMs, burst, startedAt }, steps) => {
        const taken: number[] = [];
        const tokens = new TokenBucket(intervalMs, burst);
        let now = startedAt;
        for (const pause of steps) {
          now += pause;
          while (tokens.tokens(now) > 0) {
            tokens.take(now);
            tokens.putBack(); // counts for nothing
            tokens.take(now);
            taken.push(now);
          }
        }
        for (const [i, from] of taken.entries())
          for (let j = i; j < taken.length; j++)
            assert.ok(j - i + 1 <= burst + (taken[j]! - from) / intervalMs + TOLERANCE, `${j - i + 1} from ${from}`);
      }),
    );
  });

  it('wastes nothing: who takes each as soon as it is there gets exactly the rate', () => {
    fc.assert(
      fc.property(bucket, ({ intervalMs, burst, startedAt }) => {
        const tokens = new TokenBucket(intervalMs, burst);
        let now = startedAt;
        for (let taken = 0; taken < burst + 50; taken++) {
          const waitMs = tokens.msUntilNext(now);
          assert.equal(waitMs > 0, tokens.tokens(now) === 0);
          now += waitMs;
          assert.ok(tokens.tokens(now) > 0, 'it is there when it is said to be');
          tokens.take(now);
        }
        assert.ok(Math.abs(now - startedAt - 50 * intervalMs) < TOLERANCE * intervalMs + TOLERANCE);
      }),
    );
  });

  it('is as a bucket that is filled up step by step', () => {
    const whole = fc.integer({ min: 1, max: 20 });
    fc.assert(
      fc.property(whole, whole, fc.array(fc.nat(60)), (intervalMs, burst, steps) => {
        const tokens = new TokenBucket(intervalMs, burst);
        let [now, level, sinceFull] = [0, burst, 0]; // `sinceFull`: of the interval that fills the next one
        for (const pause of steps) {
          for (let ms = 0; ms < pause; ms++) {
            if (level === burst) continue;
            sinceFull++;
            if (sinceFull < intervalMs) continue;
            sinceFull = 0;
            level++;
          }
          now += pause;
          assert.equal(tokens.tokens(now), level);
          if (level === 0) continue;
          tokens.take(now);
          level--;
        }
      }),
    );
  });
});
