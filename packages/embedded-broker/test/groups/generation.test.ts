import assert from 'node:assert/strict';
import { EMPTY_GROUP, NO_GENERATION, nextGeneration } from '../../dist/groups/generation.js';
import { Roster } from '../../dist/groups/roster.js';

describe('the number of the next generation', () => {
  it('never turns negative', () => {
    const next = (id: number): number => nextGeneration({ ...NO_GENERATION, id }, new Roster(EMPTY_GROUP)).id;
    assert.equal(next(0), 1);
    assert.equal(next(2 ** 31 - 2), 2 ** 31 - 1);
    assert.equal(next(2 ** 31 - 1), 1);
  });
});
