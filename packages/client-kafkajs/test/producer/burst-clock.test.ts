import assert from 'node:assert/strict';
import { BurstClock } from '../../dist/producer/burst-clock.js';

function setup() {
  let readings = 0;
  const clock = new BurstClock({ now: () => ++readings });
  return { clock, readings: () => readings };
}

describe('BurstClock', () => {
  it('reads the clock once for records sent in a row, but not for ever', () => {
    const { clock } = setup();
    const times = Array.from({ length: 96 }, () => clock.now());
    assert.deepEqual(
      times,
      times.map((_, i) => 1 + Math.floor(i / 32)),
    );
  });

  it('reads it again for who awaited something, however short', async () => {
    const { clock } = setup();
    assert.deepEqual([clock.now(), clock.now()], [1, 1]);
    await Promise.resolve();
    assert.deepEqual([clock.now(), clock.now()], [2, 2]);
  });

  it('does not read it when nobody asks', async () => {
    const { clock, readings } = setup();
    await Promise.resolve();
    assert.equal(readings(), 0);
    clock.now();
    await Promise.resolve();
    assert.equal(readings(), 1);
  });
});
