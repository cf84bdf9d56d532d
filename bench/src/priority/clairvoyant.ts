/** What nobody can be better than who knows all arrivals and service times, and does not interrupt what runs. */

export interface Load {
  /** Slots. */
  readonly capacity: number;
  readonly meanMs: number;
}

/** Records a second: what is offered, or all slots busy all the time. */
export const bestRate = ({ capacity, meanMs }: Load, offeredPerSecond = Infinity): number =>
  Math.min(offeredPerSecond, (capacity * 1000) / meanMs);

/** The fewest starts in which a level with this part of them can have one each time: its own is the last. */
export const bestWait = (share: number): number => Math.ceil(1 / share - 1e-9);

/** The largest error of shares that whole numbers of starts leave in a window. */
export function bestShareError(weights: readonly number[], window: number): number {
  const sum = weights.reduce((total, weight) => total + weight);
  return Math.max(...weights.map((weight) => Math.abs(Math.round((window * weight) / sum) / window - weight / sum)));
}
