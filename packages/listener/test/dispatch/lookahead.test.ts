import assert from 'node:assert/strict';
import { lookahead } from '../../dist/dispatch/intake.js';

describe('lookahead', () => {
  it('is the whole buffer while slots or ready lanes are short', () => {
    assert.equal(lookahead({ wasSpent: false, calls: 0 }, 0, 1_000, 1), 1_000);
    assert.equal(lookahead({ wasSpent: false, calls: 400 }, 390, 1_000, 1), 1_000);
  });

  it('is a quarter of what a turn gets through where time is short', () => {
    assert.equal(lookahead({ wasSpent: true, calls: 2_000 }, 0, 1_000, 1), 500);
    assert.equal(lookahead({ wasSpent: true, calls: 2_000 }, 1_500, 1_000, 1), 500);
    assert.equal(lookahead({ wasSpent: true, calls: 8_000 }, 0, 1_000, 1), 1_000);
    assert.equal(lookahead({ wasSpent: true, calls: 400 }, 0, 10_000, 20), 2_000);
  });

  it('ends with the turn: little is left over for the next one', () => {
    assert.equal(lookahead({ wasSpent: true, calls: 2_000 }, 1_800, 1_000, 1), 200);
    for (const calls of [1_990, 2_000, 3_000]) {
      assert.equal(lookahead({ wasSpent: true, calls: 2_000 }, calls, 1_000, 1), 64);
    }
  });

  it('is enough for a poll to be worth it, and never more than the buffer', () => {
    assert.equal(lookahead({ wasSpent: true, calls: 1 }, 0, 1_000, 1), 64);
    assert.equal(lookahead({ wasSpent: true, calls: 1 }, 0, 10, 1), 10);
  });
});
