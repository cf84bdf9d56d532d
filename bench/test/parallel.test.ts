import assert from 'node:assert/strict';
import fc from 'fast-check';
import { boundsOf, hottestOf } from '../dist/parallel/bounds.js';
import { Histogram } from '../dist/parallel/histogram.js';
import { fifoOfLanes, hashedLanes } from '../dist/parallel/policies.js';
import { zipf } from '../dist/parallel/zipf.js';
import { HandlerProbe } from '../dist/handler-probe.js';
import { keyNumber, keyOf } from '../dist/payloads.js';
import { uniform } from '../dist/random.js';
import { percentile } from '../dist/statistics.js';

describe('The bounds of parallel handlers', () => {
  it('are the slots, and the most frequent key', () => {
    const { slots, hottestKey } = boundsOf({ concurrency: 100, latencyMs: 50, hottestShare: 0.01 });
    assert.deepEqual([slots, hottestKey], [2000, 2000]);
    assert.equal(boundsOf({ concurrency: 1, latencyMs: 50, hottestShare: 0 }).hottestKey, Infinity);
  });

  it('take the most frequent key from the records as they are drawn', () => {
    assert.deepEqual(hottestOf({ records: 1000, keys: 1 }), { key: 0, share: 1 });
    const { key, share } = hottestOf({ records: 200_000, keys: 1000, skew: 0.9 });
    assert.equal(key, 0);
    assert.ok(Math.abs(share - 0.095) < 0.003, String(share)); // 1 over the sum of k ** -0.9
  });
});

describe('Zipf keys', () => {
  it('come in proportion to a power of their rank', () => {
    const next = zipf(100, 1, uniform(1));
    const counts = new Uint32Array(100);
    for (let i = 0; i < 100_000; i++) counts[next()]!++;
    for (const rank of [1, 3, 9]) {
      const ratio = counts[0]! / counts[rank]!;
      assert.ok(Math.abs(ratio / (rank + 1) - 1) < 0.05, `rank ${rank}: ${ratio}`);
    }
  });

  it('are keys there are, at both ends of the random numbers', () => {
    assert.equal(zipf(7, 0.5, () => 0)(), 0);
    assert.equal(zipf(7, 0.5, () => 1 - 2 ** -32)(), 6);
  });
});

describe('A key', () => {
  it('has its number', () => {
    fc.assert(fc.property(fc.nat(), (number) => assert.equal(keyNumber(keyOf(number)), number)));
    assert.equal(keyNumber(null), NaN);
  });
});

describe('A histogram', () => {
  it('tells percentiles to one in a hundred, and the largest exactly', () => {
    const values = fc.array(fc.double({ min: 0.001, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 300 });
    fc.assert(
      fc.property(values, fc.double({ min: 0.001, max: 1, noNaN: true }), (given, share) => {
        const histogram = new Histogram();
        for (const value of given) histogram.add(value);
        const exact = percentile(given, share);
        const told = histogram.percentile(share);
        assert.ok(told >= exact * 0.999_999 && told <= exact * 1.010_001, `${told} for ${exact}`);
        assert.equal(histogram.max, Math.max(...given));
      }),
    );
  });

  it('has nothing to tell of nothing', () => {
    assert.deepEqual([new Histogram().max, new Histogram().percentile(0.5)], [NaN, NaN]);
  });
});

describe('The probe of handlers', () => {
  const probe = (): HandlerProbe => new HandlerProbe({ concurrency: 2, workMs: 1, keys: 3 });

  it('has the figures of the whole when the last has ended', async () => {
    const all = probe();
    const figures = all.whole(2);
    all.end(keyOf(1), all.start(keyOf(1), 0));
    all.end(keyOf(1), all.start(keyOf(1), 7));
    assert.equal((await figures).messages, 2);
  });

  for (const [what, starts] of Object.entries({
    'a key that goes back': [
      [1, 5],
      [1, 4],
    ],
    'a record that comes again': [
      [1, 5],
      [1, 5],
    ],
    'a key there is not': [
      [3, 0],
      [1, 0],
    ],
  } satisfies Record<string, [number, number][]>)) {
    it(`rejects for ${what}`, async () => {
      const all = probe();
      const figures = all.whole(2);
      for (const [key, offset] of starts) all.end(keyOf(key), all.start(keyOf(key), offset));
      await assert.rejects(figures, /out of their key's order/);
    });
  }

  it('rejects for a key that runs twice at once, and for too many handlers', async () => {
    const twice = probe();
    const figures = twice.whole(1);
    const startedAt = twice.start(keyOf(1), 0);
    twice.start(keyOf(1), 1);
    twice.end(keyOf(1), startedAt);
    await assert.rejects(figures, /out of their key's order/);
    const many = probe();
    const others = many.whole(1);
    const [first = NaN] = [0, 1, 2].map((key) => many.start(keyOf(key), 0));
    many.end(keyOf(0), first);
    await assert.rejects(others, /3 handlers ran at once/);
  });
});

for (const [name, policy] of Object.entries({ fifoOfLanes, hashedLanes })) {
  describe(`The policy ${name}`, () => {
    it('keeps the order of each key, and runs all, never more than it has slots', async () => {
      const records = fc.array(fc.nat({ max: 5 }), { maxLength: 60 });
      await fc.assert(
        fc.asyncProperty(records, fc.integer({ min: 1, max: 4 }), fc.nat(), async (keys, slots, seed) => {
          const random = uniform(seed);
          const schedule = policy(slots);
          const [begun, running] = [new Map<number, number[]>(), new Set<number>()];
          await Promise.all(
            keys.map((key, i) =>
              schedule(keyOf(key), async () => {
                assert.ok(!running.has(key) && running.size < slots);
                running.add(key);
                begun.set(key, [...(begun.get(key) ?? []), i]);
                for (let turns = Math.floor(random() * 4); turns >= 0; turns--) await Promise.resolve();
                running.delete(key);
              }),
            ),
          );
          for (const [key, order] of begun) assert.deepEqual(order, indexesOf(keys, key));
          assert.equal([...begun.values()].flat().length, keys.length);
        }),
      );
    });
  });
}

const indexesOf = (keys: readonly number[], wanted: number): number[] =>
  keys.flatMap((key, i) => (key === wanted ? [i] : []));
