import { sharesByLevel, type QuotaDistributor } from './quota-distributor.js';

/** The shares it was given, for the one capacity they add up to. */
export class FixedQuotaDistributor implements QuotaDistributor {
  readonly #shares: ReadonlyMap<number, number>;

  /** @param shares of the levels, the least urgent first: `[7, 14, 29]` */
  constructor(shares: readonly number[]) {
    this.#shares = new Map(shares.entries());
  }

  /** @throws InvalidDistributionError if the shares are not for so many levels, or do not add up to `capacity` */
  distribution(maxPriority: number, capacity: number): ReadonlyMap<number, number> {
    sharesByLevel('FixedQuotaDistributor', this.#shares, maxPriority, capacity);
    return this.#shares;
  }
}
