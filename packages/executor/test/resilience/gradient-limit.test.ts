import assert from 'node:assert/strict';
import fc from 'fast-check';
import { GradientLimit, nextLimit, type GradientRules } from '../../dist/adaptive/gradient-limit.js';
import { gaussian, playClosedLoop, seededRandom } from './closed-loop.js';

const RULES: GradientRules = { minLimit: 1, maxLimit: Number.MAX_SAFE_INTEGER, initialLimit: 20, smoothing: 0.3 };

const limitOf = (rules: Partial<GradientRules> = {}): GradientLimit => new GradientLimit({ ...RULES, ...rules });

/** A server that works on so many calls at once, and on more of them slower. */
const withKnee =
  (knee: number, serviceMs: number) =>
  (running: number): number =>
    serviceMs * Math.max(1, running / knee);

/** Ends a window of calls that took so long, by turns so many times more and less. */
function window(limit: GradientLimit, latencyMs: number, running = limit.now, spread = 1): void {
  const begun = limit.begin(running);
  for (let call = 0; call < Math.max(16, 4 * limit.now) && limit.begin(running) === begun; call++)
    limit.ended(begun, call % 2 === 0 ? latencyMs * spread : latencyMs / spread);
}

describe('GradientLimit', () => {
  it('gets within 5 % of what the best fixed limit would do, with little to wait, wherever the knee is and it began', () => {
    const server = fc.record({
      knee: fc.integer({ min: 4, max: 100 }),
      serviceMs: fc.integer({ min: 1, max: 2_000 }),
      initialLimit: fc.integer({ min: 1, max: 200 }),
    });
    fc.assert(
      fc.property(server, ({ knee, serviceMs, initialLimit }) => {
        const limit = limitOf({ initialLimit });
        const calls = 10_000 + 600 * knee + 200 * initialLimit;
        const { callsPerSecond } = playClosedLoop(limit, calls, withKnee(knee, serviceMs));
        const best = (knee * 1_000) / serviceMs;
        assert.ok(callsPerSecond >= 0.95 * best, `${callsPerSecond} a second of ${best}, at ${limit.limit}`);
        assert.ok(limit.limit <= 1.2 * knee + 3 * Math.sqrt(knee), `${limit.limit} run at once`);
      }),
      { numRuns: 20 },
    );
  });

  it('grows to its maximum where latency has nothing to do with it, however it varies', () => {
    for (const sigma of [0, 0.3, 1, 1.68]) {
      const random = seededRandom(7);
      const limit = limitOf({ maxLimit: 20 });
      const { callsPerSecond } = playClosedLoop(limit, 66_000, () => 20 * Math.exp(sigma * gaussian(random)));
      const best = 20_000 / (20 * Math.exp((sigma * sigma) / 2));
      assert.ok(callsPerSecond >= 0.96 * best, `${callsPerSecond} of ${best} with sigma ${sigma}, at ${limit.limit}`);
    }
  });

  it('falls back when the server does less, and comes back when it does more', () => {
    const limit = limitOf();
    playClosedLoop(limit, 60_000, withKnee(100, 50));
    assert.ok(limit.limit >= 100 && limit.limit <= 115, `${limit.limit} at first`);
    playClosedLoop(limit, 20_000, withKnee(40, 50));
    assert.ok(limit.limit >= 40 && limit.limit <= 52, `${limit.limit} when it does less`);
    playClosedLoop(limit, 60_000, withKnee(100, 50));
    assert.ok(limit.limit >= 100 && limit.limit <= 115, `${limit.limit} when it does more`);
  });

  it('gets used to calls that take longer by themselves', () => {
    const limit = limitOf();
    playClosedLoop(limit, 60_000, withKnee(100, 50));
    playClosedLoop(limit, 60_000, withKnee(100, 150));
    assert.ok(limit.limit >= 100 && limit.limit <= 115, `${limit.limit}`);
  });

  it('is never below its minimum or above its maximum, whatever calls take and however many run', () => {
    const bounds = fc
      .tuple(
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 0, max: 50 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
      )
      .map(([minLimit, more, at]) => ({
        minLimit,
        maxLimit: minLimit + more,
        initialLimit: minLimit + Math.floor(more * at),
      }));
    const windows = fc.array(
      fc.record({ latencyMs: fc.double({ min: 0, max: 1e6, noNaN: true }), running: fc.integer({ min: 1, max: 100 }) }),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(bounds, windows, (given, all) => {
        const limit = limitOf({ ...given, smoothing: 1 });
        for (const { latencyMs, running } of all) {
          window(limit, latencyMs, running);
          assert.ok(limit.limit >= given.minLimit && limit.limit <= given.maxLimit);
          assert.ok(limit.now >= given.minLimit && limit.now <= limit.limit);
        }
      }),
    );
  });

  it('steps by the gradient and a square root, halves at most, and does a part of that', () => {
    assert.equal(nextLimit(100, 1, { ...RULES, smoothing: 1 }), 110);
    assert.equal(nextLimit(100, 2, { ...RULES, smoothing: 1 }), 110, 'what is quicker than ever is no reason for more');
    assert.equal(nextLimit(100, 0.9, { ...RULES, smoothing: 1 }), 100, 'a square root of it waits');
    assert.equal(nextLimit(100, 0.1, { ...RULES, smoothing: 1 }), 60);
    assert.equal(nextLimit(100, 0.1, { ...RULES, smoothing: 0.25 }), 90);
  });

  it('does not hold against itself what a latency is off by chance: more where calls differ more', () => {
    const after = (spread: number): number => {
      const limit = limitOf({ initialLimit: 1_000, maxLimit: 1_000 });
      for (const latencyMs of [50, 52.5]) window(limit, latencyMs, 1_000, spread);
      return limit.limit;
    };
    // The mean of 4 000 calls is within 3.6 % where they take 5 or 500 ms, and within 0.2 % where they take 45 or 55.
    assert.deepEqual([after(10), after(1.1)], [1_000, 995]);
  });

  it('stays where it is through any latencies that have nothing to do with it', () => {
    for (let seed = 1; seed <= 7; seed++) {
      const random = seededRandom(seed);
      const limit = limitOf({ initialLimit: 20, maxLimit: 20 });
      let lowest = limit.limit;
      playClosedLoop(limit, 66_000, () => {
        lowest = Math.min(lowest, limit.limit);
        return 20 * Math.exp(2.3 * gaussian(random));
      });
      assert.ok(lowest >= 16, `${lowest} of 20, with seed ${seed}`);
    }
  });

  it('does not grow while it is not reached, and does not change at all where it is not nearly reached', () => {
    const limit = limitOf();
    for (let i = 0; i < 50; i++) window(limit, 50, 19);
    assert.equal(limit.limit, 20);
    for (let i = 0; i < 50; i++) window(limit, 500, 9);
    assert.equal(limit.limit, 20);
    window(limit, 500, 10);
    assert.notEqual(limit.limit, 20, 'it was half used, and calls take ten times as long');
  });

  it('looks now and then at what half of it would do, and counts only calls that began then', () => {
    const limit = limitOf();
    const before = limit.begin(20);
    window(limit, 50);
    const last = limit.limit;
    assert.equal(limit.ended(before, 1), undefined, 'it began in another window');
    for (let i = 0; i < 3; i++) window(limit, 50);
    assert.equal(limit.now, Math.floor(limit.limit / 2));
    assert.ok(limit.limit > last);
    window(limit, 50);
    assert.equal(limit.now, limit.limit);
  });

  it('takes a failure for slow, and not for quick', () => {
    const limit = limitOf();
    assert.equal(limit.tellsOfLoad(1_000), false, 'nothing is known yet');
    window(limit, 50);
    assert.deepEqual([limit.tellsOfLoad(49), limit.tellsOfLoad(51)], [false, true]);
  });
});
