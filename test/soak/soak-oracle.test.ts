import assert from 'node:assert/strict';
import { memoryTrend } from './memory-trend.js';
import type { SoakEvent } from './soak-log.js';
import { SoakOracle } from './soak-oracle.js';

const event = (text: string): SoakEvent => {
  const [at, who = '', key = '', n] = text.split(' ');
  return { at: at as SoakEvent['at'], who, key, n: Number(n) };
};

function judged(...events: string[]): SoakOracle {
  const oracle = new SoakOracle();
  for (const text of events) oracle.takes(event(text));
  return oracle;
}

describe('The oracle of the soak', () => {
  it('has nothing against keys in their order, whoever listens, and what comes again in its order', () => {
    const oracle = judged(
      ...['start a k 0', 'start a j 0', 'end a k 0', 'end a j 0', 'start b k 1', 'end b k 1'],
      ...['start a k 0', 'end a k 0', 'start a k 1', 'end a k 1', 'start a k 2', 'end a k 2'],
    );
    assert.deepEqual(oracle.violations, []);
    assert.deepEqual([oracle.ended, oracle.repeated], [4, 2]);
    assert.deepEqual(oracle.missing(new Map(Object.entries({ k: 3, j: 1 }))), []);
  });

  it('finds a record that starts before the one before it has ended', () => {
    assert.deepEqual(judged('start a k 0', 'start b k 1').violations, [
      'b starts k number 1 while a is at number 0',
      'b starts k number 1, but number 0 has not ended',
    ]);
  });

  it('finds one that is left out, and one that is run twice at once', () => {
    assert.deepEqual(judged('start a k 0', 'end a k 0', 'start a k 2').violations, [
      'a starts k number 2, but number 1 has not ended',
    ]);
    assert.deepEqual(judged('start a k 0', 'start b k 0').violations, ['b starts k number 0 while a is at number 0']);
  });

  it('finds what is lost in the end, of keys that never came too', () => {
    const oracle = judged('start a k 0', 'end a k 0', 'start a k 1');
    assert.deepEqual(oracle.missing(new Map(Object.entries({ k: 2, j: 1 }))), [
      'k: 2 were sent, 1 have ended',
      'j: 1 were sent, 0 have ended',
    ]);
  });
});

describe('The memory of a soak', () => {
  const after = (warm: number[], ...rest: number[]): number[] => [...warm, ...rest];

  it('is flat if it stays as it is when it has warmed up', () => {
    const samples = after([50, 90, 120, 130, 140], ...Array.from({ length: 20 }, (_, i) => 140 + (i % 3)));
    assert.deepEqual(memoryTrend(samples), { earlyMib: 141, lateMib: 141, isFlat: true });
  });

  it('is not if it rises with every rebalance', () => {
    assert.equal(memoryTrend(Array.from({ length: 90 }, (_, i) => 100 + i)).isFlat, false);
  });

  it('is not judged by a handful of samples', () => {
    assert.equal(memoryTrend([1, 2, 3, 4, 5]).isFlat, undefined);
  });
});
