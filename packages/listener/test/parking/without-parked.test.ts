import assert from 'node:assert/strict';
import fc from 'fast-check';
import { withoutParked } from '../../dist/parking/without-parked.js';

const PATTERNS = [/^o/, /s$/, /^orders$/, /o|p/, /^(o)r?\1?/i, /(?<=r)d/u, /^(?!x)/, /./];

describe('withoutParked', () => {
  it('matches what the pattern does, and no topic with the suffix', () => {
    const names = fc
      .array(fc.constantFrom('o', 'r', 'd', 's', 'x', '.', '-', 'orders', '-parked', '.p', 'O'), { maxLength: 5 })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.constantFrom(...PATTERNS), fc.constantFrom('-parked', '.p'), names, (pattern, suffix, name) => {
        const isMatched = pattern.test(name) && !name.endsWith(suffix);
        assert.equal(withoutParked(pattern, suffix).test(name), isMatched);
      }),
    );
  });
});
