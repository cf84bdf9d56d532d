import { describe } from '@hearken/core/internal';
import type { LevelDefinition } from '../levels.js';

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

/** What is wrong with the levels' `minSlots` for this capacity, if anything: each level must find a slot some day. */
export function checkSlots(capacity: number, levels: readonly LevelDefinition[]): string | undefined {
  const kept = levels.reduce((sum, { minSlots = 0 }) => sum + minSlots, 0);
  if (kept > capacity) return `keep ${kept} slots by minSlots, and the capacity is ${capacity}`;
  const withNone = levels.findIndex(({ minSlots = 0 }) => minSlots === 0);
  if (kept < capacity || withNone < 0) return undefined;
  return `leave level ${withNone} no slot: the others keep all ${capacity} by minSlots`;
}
