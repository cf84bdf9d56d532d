import { QuotaCapacityError } from '../errors.js';
import { requireQuotaArguments } from './quota-arguments.js';
import type { QuotaDistributor } from './quota-distributor.js';

/**
 * Every level gets twice what the one below gets, as in Flipkart's client: 50 over three levels are 29, 14 and 7. Level i
 * has floor(capacity * 2^i / (2^levels - 1)), the highest also what is left over. Every level gets 1 at least.
 */
export class ExponentialQuotaDistributor implements QuotaDistributor {
  /**
   * @param maxPriority how many levels, from 1 to 16
   * @throws QuotaCapacityError below 2^levels - 1; KafkaConfigError
   */
  distribution(maxPriority: number, capacity: number): ReadonlyMap<number, number> {
    requireQuotaArguments('ExponentialQuotaDistributor', maxPriority, capacity);
    const parts = 2 ** maxPriority - 1;
    if (capacity < parts) throw new QuotaCapacityError(capacity, `${maxPriority} levels need ${parts} at least`);
    const shares = new Map<number, number>();
    let left = capacity;
    for (let level = 0; level < maxPriority - 1; level++) {
      const share = wholeQuotient(capacity * 2 ** level, parts);
      shares.set(level, share);
      left -= share;
    }
    return shares.set(maxPriority - 1, left);
  }
}

/** Exact where a quotient rounded to a double might not be. The products stay below 2^46. */
const wholeQuotient = (dividend: number, divisor: number): number => (dividend - (dividend % divisor)) / divisor;
