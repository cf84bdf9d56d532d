import { describe, hasMethods, unawaited } from '@hearken/core/internal';
import { InvalidDistributionError } from '../errors.js';

/**
 * Shares a capacity out among levels. Asked when a container starts and when its policy changes, never per record. May
 * throw; must not wait. Implement it to decide shares yourself: policies take their weights from it.
 * After Flipkart's `MaxPollRecordsDistributor`.
 */
export interface QuotaDistributor {
  /**
   * The share of every level from 0 to `maxPriority - 1`: whole numbers from 1 that add up to `capacity`.
   * @param maxPriority how many levels there are
   * @param capacity what is shared out: slots, or records of a round
   */
  distribution(maxPriority: number, capacity: number): ReadonlyMap<number, number>;
}

/**
 * A distributor's shares by level, if they keep its promise.
 * @throws InvalidDistributionError with everything that is wrong with them; whatever the distributor throws
 */
export function validateDistribution(
  distributor: QuotaDistributor,
  maxPriority: number,
  capacity: number,
): readonly number[] {
  const shares = distributor.distribution(maxPriority, capacity);
  unawaited(shares); // refused below, as what is no Map
  return sharesByLevel(nameOf(distributor), shares, maxPriority, capacity);
}

/** @throws InvalidDistributionError */
export function sharesByLevel(
  subject: string,
  distribution: unknown,
  maxPriority: number,
  capacity: number,
): readonly number[] {
  if (!isMap(distribution)) {
    throw new InvalidDistributionError(subject, [`it must return a Map, got ${describe(distribution)}`]);
  }
  const problems = problemsOf(distribution, maxPriority, capacity);
  if (problems.length > 0) throw new InvalidDistributionError(subject, problems);
  return Object.freeze(Array.from({ length: maxPriority }, (_, level) => distribution.get(level) as number));
}

function problemsOf(shares: ReadonlyMap<unknown, unknown>, maxPriority: number, capacity: number): string[] {
  const levels = Array.from({ length: maxPriority }, (_, level) => level);
  const problems = levels.flatMap((level) => {
    if (!shares.has(level)) return [`level ${level} is missing`];
    const share = shares.get(level);
    return isShare(share) ? [] : [`level ${level} must get a whole number from 1, got ${describe(share)}`];
  });
  for (const key of shares.keys()) {
    if (!levels.includes(key as number)) problems.push(`there is no level ${describe(key)}`);
  }
  const sum = [...shares.values()].reduce<number>((total, share) => total + (isShare(share) ? share : 0), 0);
  if (problems.length === 0 && sum !== capacity) problems.push(`they add up to ${sum}, not to ${capacity}`);
  return problems;
}

const isShare = (share: unknown): share is number => Number.isSafeInteger(share) && (share as number) >= 1;

/** Not `instanceof Map`: the promise is a ReadonlyMap. */
const isMap = (value: unknown): value is ReadonlyMap<unknown, unknown> =>
  hasMethods(value, ['get', 'has', 'keys', 'values']);

/** "MyDistributor", for messages. */
function nameOf(distributor: object): string {
  const { name } = (distributor.constructor as { readonly name?: string } | undefined) ?? {};
  return name === undefined || name === '' || name === 'Object' ? 'the quotaDistributor' : name;
}
