/**
 * Draws keys as they come in most data: the kth most frequent one with a probability in proportion to 1 / (k + 1) ** skew.
 * @param skew 0: all alike
 */
export function zipf(keys: number, skew: number, random: () => number): () => number {
  const upTo = cumulated(keys, skew);
  return () => firstAbove(upTo, random());
}

/** How much of all the most frequent keys have, up to each. The last is 1. */
function cumulated(keys: number, skew: number): Float64Array {
  const upTo = new Float64Array(keys);
  let sum = 0;
  for (let key = 0; key < keys; key++) upTo[key] = sum += (key + 1) ** -skew;
  for (let key = 0; key < keys; key++) upTo[key] = (upTo[key] ?? NaN) / sum;
  return upTo;
}

function firstAbove(sorted: Float64Array, limit: number): number {
  let [low, high] = [0, sorted.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? NaN) > limit) high = middle;
    else low = middle + 1;
  }
  return low;
}
