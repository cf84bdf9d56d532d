import { describe } from '@hearken/core/internal';

/** Of the dispatches that levels are promised by `minShare`: more would leave the policy nothing to decide. */
const MOST_PROMISED = 0.9;
/** Sums of decimal fractions are not exact. */
const ROUNDING = 1e-9;

const isListOf = (levels: number, isOne: (value: number) => boolean, value: unknown): value is readonly number[] =>
  Array.isArray(value) && value.length === levels && value.every((one) => typeof one === 'number' && isOne(one));

/** What is wrong with these weights, if anything. */
export const checkWeights = (value: unknown, levels: number): string | undefined =>
  isListOf(levels, (weight) => weight > 0 && Number.isFinite(weight), value)
    ? undefined
    : `must be ${levels} numbers above 0, one for each level, got ${describe(value)}`;

/** What is wrong with these least shares, if anything. */
export function checkMinShares(value: unknown, levels: number): string | undefined {
  if (!isListOf(levels, (share) => share >= 0 && share <= 1, value))
    return `must be ${levels} numbers from 0 to 1, one for each level, got ${describe(value)}`;
  const promised = value.reduce((sum, share) => sum + share, 0);
  return promised <= MOST_PROMISED + ROUNDING
    ? undefined
    : `promise ${promised} of all dispatches: ${MOST_PROMISED} is the most, or nothing is left to decide`;
}
