import assert from 'node:assert/strict';
import { lookahead } from '../../dist/dispatch/intake.js';

describe('lookahead', () => {
  it('is the whole buffer while slots or ready lanes are short', () => {
    assert.equal(lookahead({ wasSpent: false, calls: 0 }, 1_000, 1), 1_000);
    assert.equal(lookahead({ wasSpent: false, calls: 400 }, 1_000, 1), 1_000);
  });

  it('is a sixth of what a turn gets through where time is short', () => {
    assert.equal(lookahead({ wasSpent: true, calls: 1_200 }, 1_000, 1), 200);
    assert.equal(lookahead({ wasSpent: true, calls: 8_000 }, 1_000, 1), 1_000);
    assert.equal(lookahead({ wasSpent: true, calls: 600 }, 10_000, 20), 2_000);
  });

  it('is enough for a poll to be worth it, and never more than the buffer', () => {
    assert.equal(lookahead({ wasSpent: true, calls: 1 }, 1_000, 1), 64);
    assert.equal(lookahead({ wasSpent: true, calls: 1 }, 10, 1), 10);
  });
});
