import type { PollHistoryWindow } from './poll-history-window.js';

/** What one level may take in one poll beside what it has. */
export interface LevelBurst {
  readonly priority: number;
  /** Its quota and what the others lend. */
  readonly capacity: number;
}

/** Who may borrow, by Flipkart's rule. */
export const CapacityBurst = Object.freeze({
  /**
   * The highest level that is maxed out gets, for one poll, its quota and what all the others left unused. There is one
   * winner at most: if nothing is unused, lower levels would find nothing either. Nothing is taken from the lenders.
   * @param windows by level, the least urgent first
   */
  next(windows: readonly PollHistoryWindow[]): LevelBurst | undefined {
    const priority = windows.findLastIndex((window) => window.isMaxedOut);
    const winner = windows[priority];
    if (winner === undefined) return undefined;
    const borrowed = windows.reduce((sum, { unused }) => sum + unused, 0); // the winner's own is 0: it had full polls
    return borrowed > 0 ? { priority, capacity: winner.quota + borrowed } : undefined;
  },
});
