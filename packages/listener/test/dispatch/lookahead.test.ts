import assert from 'node:assert/strict';
import { lookahead } from '../../dist/dispatch/intake.js';

describe('lookahead', () => {
  const of = (bufferRecords: number, calls = 0, recordsPerCall = 1) => ({ bufferRecords, recordsPerCall, calls });

  it('is the whole buffer while slots or ready lanes are short', () => {
    assert.equal(lookahead({ wasSpent: false, calls: 0 }, of(1_000)), 1_000);
    assert.equal(lookahead({ wasSpent: false, calls: 400 }, of(1_000, 390)), 1_000);
  });

  it('is a quarter of what a turn gets through where time is short', () => {
    assert.equal(lookahead({ wasSpent: true, calls: 2_000 }, of(1_000)), 500);
    assert.equal(lookahead({ wasSpent: true, calls: 2_000 }, of(1_000, 1_500)), 500);
    assert.equal(lookahead({ wasSpent: true, calls: 8_000 }, of(1_000)), 1_000);
    assert.equal(lookahead({ wasSpent: true, calls: 400 }, of(10_000, 0, 20)), 2_000);
  });

  it('ends with the turn: little is left over for the next one', () => {
    assert.equal(lookahead({ wasSpent: true, calls: 2_000 }, of(1_000, 1_800)), 200);
    for (const calls of [1_990, 2_000, 3_000]) {
      assert.equal(lookahead({ wasSpent: true, calls: 2_000 }, of(1_000, calls)), 64);
    }
  });

  it('is enough for a poll to be worth it, and never more than the buffer', () => {
    assert.equal(lookahead({ wasSpent: true, calls: 1 }, of(1_000)), 64);
    assert.equal(lookahead({ wasSpent: true, calls: 1 }, of(10)), 10);
  });
});
