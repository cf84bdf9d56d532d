import assert from 'node:assert/strict';
import { bestRate, bestShareError, bestWait } from '../dist/priority/clairvoyant.js';
import { SERVICES, serviceTimes } from '../dist/priority/service-times.js';

describe('The clairvoyant', () => {
  it('does what is offered, and no more than all slots can', () => {
    assert.equal(bestRate({ capacity: 50, meanMs: 20 }), 2500);
    assert.equal(bestRate({ capacity: 50, meanMs: 20 }, 100), 100);
    assert.equal(bestRate({ capacity: 50, meanMs: 20 }, 3000), 2500);
  });

  it('cannot split a start: of 100 and 4:2:1 the nearest are 57, 29, 14', () => {
    assert.ok(Math.abs(bestShareError([1, 2, 4], 100) - (0.29 - 2 / 7)) < 1e-12);
    assert.equal(bestShareError([1, 2, 4], 700), 0);
  });

  it('cannot serve a level more often than its share has it: every 20th start with 5 %, every 7th of 1 in 7', () => {
    assert.deepEqual([0.05, 1 / 7, 1 / 49, 0.3, 1].map(bestWait), [20, 7, 49, 4, 1]);
  });
});

describe('Service times', () => {
  const sample = (name: (typeof SERVICES)[number]): number[] => {
    const next = serviceTimes(name, 20);
    return Array.from({ length: 50_000 }, next);
  };
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

  for (const name of SERVICES) {
    it(`${name}: have the mean they are asked for, and are the same each time`, () => {
      const times = sample(name);
      assert.ok(Math.abs(mean(times) - 20) < 2, String(mean(times)));
      assert.ok(times.every((time) => time >= 0));
      assert.deepEqual(times.slice(0, 100), sample(name).slice(0, 100));
    });
  }

  it('are more uneven by name: the coefficient of variation is 0, 1, about 3', () => {
    const variation = SERVICES.map((name) => {
      const times = sample(name);
      const centre = mean(times);
      return Math.sqrt(mean(times.map((time) => (time - centre) ** 2))) / centre;
    });
    assert.ok((variation[0] ?? NaN) < 1e-9);
    assert.ok(Math.abs((variation[1] ?? 0) - 1) < 0.05);
    assert.ok((variation[2] ?? 0) > 2);
  });
});
