import assert from 'node:assert/strict';
import fc from 'fast-check';
import { drrPolicy } from '../../dist/index.js';
import { exerciseDispatchPolicy } from '../../dist/testing/index.js';
import { anyWeight, decide, isFair, stretches, weightsOf, wholeWeight } from './laws.js';

const make = (...weights: number[]) => drrPolicy()({ weights, minShares: weights.map(() => 0), capacity: 50 });

describe('drr', () => {
  exerciseDispatchPolicy(drrPolicy());

  it('gives each level its part of a round in a row', () => {
    const policy = make(1, 2, 4);
    assert.equal(Array.from({ length: 14 }, () => decide(policy, 0b111)).join(''), '22221102222110');
  });

  it('carries fractions over', () => {
    const policy = make(2, 3);
    assert.equal(Array.from({ length: 10 }, () => decide(policy, 0b11)).join(''), '1011010110');
  });

  it('keeps |ni/qi - nj/qj| <= 1 + 1/qi + 1/qj while both are ready', () => {
    const inputs = weightsOf(fc.oneof(wholeWeight, anyWeight)).chain((weights) =>
      fc.tuple(fc.constant(weights), stretches(weights.length)),
    );
    fc.assert(
      fc.property(inputs, ([weights, schedule]) => {
        const least = Math.min(...weights);
        const quanta = weights.map((weight) => weight / least);
        return isFair(make(...weights), quanta, schedule, (i, j) => 1 + 1 / (quanta[i] ?? 0) + 1 / (quanta[j] ?? 0));
      }),
    );
  });
});
