/** Whose records started, one after the other, and which levels could have started: bit i of `ready` is level i. */
export interface Dispatches {
  readonly levels: ArrayLike<number>;
  readonly ready: ArrayLike<number>;
}

/** From `from` on, before `to`. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

/** The longest stretches in which all of `mask` could start at each dispatch. */
export function backlogged({ levels, ready }: Dispatches, mask: number): Stretch[] {
  const found: Stretch[] = [];
  let from = 0;
  for (let i = 0; i <= levels.length; i++) {
    if (i < levels.length && ((ready[i] ?? 0) & mask) === mask) continue;
    if (i > from) found.push({ from, to: i });
    from = i + 1;
  }
  return found;
}

/** The largest |part of the starts − part of the weights| of any level in any `window` starts in a row; NaN if there are none. */
export function shareError(
  { levels }: Dispatches,
  { from, to }: Stretch,
  weights: readonly number[],
  window: number,
): number {
  if (to - from < window) return NaN;
  const shares = sharesOf(weights);
  const counts = weights.map(() => 0);
  let worst = 0;
  for (let i = from; i < to; i++) {
    add(counts, levels[i], 1);
    if (i >= from + window) add(counts, levels[i - window], -1);
    if (i < from + window - 1) continue;
    for (const [level, share] of shares.entries()) {
      worst = Math.max(worst, Math.abs((counts[level] ?? 0) / window - share));
    }
  }
  return worst;
}

/**
 * The largest |nᵢ/wᵢ − nⱼ/wⱼ| over any starts in a row, as a part of 1/wᵢ + 1/wⱼ, which start-time fair queueing promises: 1 is
 * the promise just kept.
 */
export function fairnessBound({ levels }: Dispatches, { from, to }: Stretch, weights: readonly number[]): number {
  let worst = 0;
  for (let one = 0; one < weights.length; one++) {
    for (let other = 0; other < one; other++) {
      worst = Math.max(worst, boundOfPair(levels, { from, to }, [one, other], weights));
    }
  }
  return worst;
}

function boundOfPair(
  levels: ArrayLike<number>,
  { from, to }: Stretch,
  [one, other]: readonly [number, number],
  weights: readonly number[],
): number {
  const [ofOne, ofOther] = [1 / (weights[one] ?? NaN), 1 / (weights[other] ?? NaN)];
  let [ahead, most, least] = [0, 0, 0];
  for (let i = from; i < to; i++) {
    if (levels[i] === one) ahead += ofOne;
    else if (levels[i] === other) ahead -= ofOther;
    most = Math.max(most, ahead);
    least = Math.min(least, ahead);
  }
  return (most - least) / (ofOne + ofOther);
}

/** Jain's index of n/w: 1 if everybody has its part, 1/levels if one has all. */
export function jain({ levels }: Dispatches, { from, to }: Stretch, weights: readonly number[]): number {
  const counts = weights.map(() => 0);
  for (let i = from; i < to; i++) add(counts, levels[i], 1);
  const each = counts.map((count, level) => count / (weights[level] ?? NaN));
  const sum = each.reduce((total, x) => total + x, 0);
  return sum ** 2 / (each.length * each.reduce((total, x) => total + x ** 2, 0));
}

/** The most dispatches of others in a row while this level could have started. */
export function longestWait({ levels, ready }: Dispatches, level: number): number {
  let [longest, waits] = [0, 0];
  for (let i = 0; i < levels.length; i++) {
    const passedOver = levels[i] !== level && (((ready[i] ?? 0) >>> level) & 1) === 1;
    waits = passedOver ? waits + 1 : 0;
    longest = Math.max(longest, waits);
  }
  return longest;
}

/**
 * The most dispatches of others before the first of a level that could not have started for `idleFor` dispatches at least, and now
 * could: how long what it lent stays away.
 */
export function lendBack({ levels, ready }: Dispatches, level: number, idleFor: number): number {
  let [longest, idle, waits] = [0, 0, -1];
  for (let i = 0; i < levels.length; i++) {
    const isReady = (((ready[i] ?? 0) >>> level) & 1) === 1;
    if (isReady && idle >= idleFor) waits = 0;
    idle = isReady ? 0 : idle + 1;
    if (!isReady || levels[i] === level) waits = -1;
    else if (waits >= 0) longest = Math.max(longest, ++waits);
  }
  return longest;
}

/** Dispatches of a level while a more urgent one could have started. */
export function inversions({ levels, ready }: Dispatches, { from, to }: Stretch): number {
  let found = 0;
  for (let i = from; i < to; i++) if ((ready[i] ?? 0) >>> ((levels[i] ?? 0) + 1) !== 0) found++;
  return found;
}

function sharesOf(weights: readonly number[]): number[] {
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

const add = (counts: number[], level = -1, by: number): void => {
  counts[level] = (counts[level] ?? 0) + by;
};
