/** Each bucket begins so much above the one before. */
const RATIO = 1.01;
const BUCKETS = 3000;
/** What is smaller is told as this. */
const SMALLEST = 1e-3;

/** Many values in little memory: percentiles to one in a hundred, the largest exactly. */
export class Histogram {
  readonly #counts = new Uint32Array(BUCKETS);
  #count = 0;
  #max = 0;

  add(value: number): void {
    const bucket = value <= SMALLEST ? 0 : Math.ceil(Math.log(value / SMALLEST) / Math.log(RATIO));
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#count++;
    if (value > this.#max) this.#max = value;
  }

  /** NaN for none. */
  get max(): number {
    return this.#count === 0 ? NaN : this.#max;
  }

  /** At least this share of the values does not exceed it, and it is not more than one in a hundred too large. */
  percentile(share: number): number {
    let left = Math.max(1, Math.ceil(this.#count * share));
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      left -= this.#counts[bucket] ?? 0;
      if (left <= 0) return Math.min(this.#max, SMALLEST * RATIO ** bucket);
    }
    return NaN;
  }
}
