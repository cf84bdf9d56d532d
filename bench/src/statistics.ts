/** The middle value; of an even number of values the lower of the two. NaN for none. */
export const median = (values: ArrayLike<number>): number => percentile(values, 0.5);

/** The smallest value that at least this share of the values does not exceed (nearest rank). NaN for none. */
export function percentile(values: ArrayLike<number>, share: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? NaN;
}

/** Four significant digits: more would be noise. */
export const rounded = (value: number): number => Number(value.toPrecision(4));
