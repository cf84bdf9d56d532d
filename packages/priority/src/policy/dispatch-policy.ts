/** What a policy is made for. Levels are numbers from 0; a higher one is more urgent. */
export interface PolicyShape {
  /** What each level should have of the slots where all are busy, as a ratio: above 0, one for each level. */
  readonly weights: readonly number[];
  /** The least part of the dispatches that each level gets whatever the others do, 0 to 1; 0 is none. */
  readonly minShares: readonly number[];
  /** Slots: how many records may run at once over all levels. */
  readonly capacity: number;
}

/**
 * Decides whose record starts next: a state machine in memory, without a clock and without promises. Asked once for each
 * record that starts, so a decision takes time in proportion to the levels at most and allocates nothing. Not asked where
 * there is one level only.
 * `exerciseDispatchPolicy` in `@hearken/priority/testing` checks all that is said here.
 */
export interface DispatchPolicy {
  /** As `explain` and `snapshot` of a container name it. */
  readonly name: string;
  /**
   * The level whose record is to start now. What is not ready has nothing that may start at this moment: it is idle, its
   * records wait for others of their lanes, it is paused, or it has all the slots it may have. Only `started` counts: where
   * the level turns out to have nothing after all, this is asked again without it.
   * @param ready bit i is level i; never 0. See {@link isLevelReady} and {@link highestReadyLevel}.
   * @returns one of the ready levels
   */
  next(ready: number): number;
  /** A record of the level that `next` returned has started. */
  started(level: number): void;
  /**
   * A record of this level has ended, well or badly. Where the policy was changed while records ran, the first ends are taken
   * for theirs and not told: in every level there are as many ends as starts.
   */
  ended?(level: number): void;
  /** Why the last `next` chose what it chose, for people. Changes nothing. */
  explain?(): string;
  /** The state that decides, for people. Changes nothing. */
  snapshot?(): Readonly<Record<string, unknown>>;
}

/** Makes a policy. A container calls it at its start and whenever its levels change: a new policy has no memory. */
export type DispatchPolicyFactory = (shape: PolicyShape) => DispatchPolicy;

export const isLevelReady = (ready: number, level: number): boolean => ((ready >>> level) & 1) === 1;

/** The most urgent of the ready levels. */
export const highestReadyLevel = (ready: number): number => 31 - Math.clz32(ready);

/** Those that are ready, the most urgent first: for texts, not for decisions. */
export const readyLevels = (ready: number): number[] => {
  const levels: number[] = [];
  for (let level = highestReadyLevel(ready); level >= 0; level--) if (isLevelReady(ready, level)) levels.push(level);
  return levels;
};
