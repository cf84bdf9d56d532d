import { describe, OptionsCheck } from '@hearken/core/internal';
import { InvalidDistributionError, QuotaCapacityError } from '../errors.js';
import { MAX_LEVELS } from '../levels.js';
import { requireQuotaArguments } from './quota-arguments.js';
import type { QuotaDistributor } from './quota-distributor.js';

/**
 * Shares by weight, each less than 1 away from its exact part (Hamilton's method): what rounding down leaves over goes, one
 * each, to the largest fractions; among equal ones to the higher level. Computed exactly.
 */
export class LargestRemainderQuotaDistributor implements QuotaDistributor {
  readonly #weights: readonly number[];
  readonly #exact: readonly bigint[];

  /**
   * @param weights of the levels, the least urgent first: from 1e-9 to 1e9, fractions too
   * @throws KafkaConfigError
   */
  constructor(weights: readonly number[]) {
    checkWeights(weights);
    this.#weights = [...weights];
    this.#exact = wholeRatios(this.#weights);
  }

  /** @throws InvalidDistributionError for another number of levels than of weights; QuotaCapacityError; KafkaConfigError */
  distribution(maxPriority: number, capacity: number): ReadonlyMap<number, number> {
    requireQuotaArguments('LargestRemainderQuotaDistributor', maxPriority, capacity);
    if (maxPriority !== this.#exact.length) {
      const problem = `there are ${this.#exact.length} weights for ${maxPriority} levels`;
      throw new InvalidDistributionError('LargestRemainderQuotaDistributor', [problem]);
    }
    const shares = largestRemainder(this.#exact, capacity);
    const empty = shares.findIndex((share) => share < 1);
    if (empty < 0) return new Map(shares.entries());
    throw new QuotaCapacityError(capacity, `with weights ${this.#weights.join(', ')} level ${empty} gets nothing`);
  }
}

function largestRemainder(weights: readonly bigint[], capacity: number): number[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0n);
  const products = weights.map((weight) => weight * BigInt(capacity));
  const shares = products.map((product) => Number(product / total));
  const left = shares.reduce((rest, share) => rest - share, capacity);
  const byRemainder = products
    .map((product, level) => ({ remainder: product % total, level }))
    .sort((a, b) => (a.remainder === b.remainder ? b.level - a.level : a.remainder < b.remainder ? 1 : -1));
  for (const { level } of byRemainder.slice(0, left)) shares[level] = (shares[level] ?? 0) + 1;
  return shares;
}

/** Doubles are whole numbers over a power of two, and doubling them is exact: the ratios stay what they were. */
function wholeRatios(weights: readonly number[]): readonly bigint[] {
  let scaled = weights;
  while (!scaled.every(Number.isInteger)) scaled = scaled.map((weight) => weight * 2);
  return scaled.map(BigInt);
}

function checkWeights(weights: unknown): void {
  const check = new OptionsCheck('LargestRemainderQuotaDistributor');
  if (!Array.isArray(weights) || weights.length < 1 || weights.length > MAX_LEVELS) {
    check.problem('weights', `must be from 1 to ${MAX_LEVELS} numbers, got ${describe(weights)}`);
  } else {
    weights.forEach((weight: unknown, level) => {
      if (isWeight(weight)) return;
      check.problem(`weights.${level}`, `must be a number from 1e-9 to 1e9, got ${describe(weight)}`);
    });
  }
  check.throwIfAny();
}

const isWeight = (weight: unknown): boolean => typeof weight === 'number' && weight >= 1e-9 && weight <= 1e9;
