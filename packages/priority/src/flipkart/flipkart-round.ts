import { IllegalStateError } from '@hearken/core';
import { CapacityBurst, type LevelBurst } from './capacity-burst.js';
import { PollHistoryWindow, type PollHistoryWindowOptions } from './poll-history-window.js';

/** What is remembered from poll to poll: a window for each level, the least urgent first. Never written to. */
export interface FlipkartState {
  readonly windows: readonly PollHistoryWindow[];
}

/** One poll. All by level, the least urgent first. */
export interface FlipkartRound {
  /** How many records each level may return: its quota, but for the one that bursts. */
  readonly limits: readonly number[];
  /** How many it returned. */
  readonly counts: readonly number[];
  readonly burst: LevelBurst | undefined;
  readonly next: FlipkartState;
}

/**
 * Before the first poll.
 * @param quotas reserved shares by level
 * @throws KafkaConfigError
 */
export const flipkartState = (
  quotas: readonly number[],
  options: Omit<PollHistoryWindowOptions, 'quota'> = {},
): FlipkartState => ({ windows: quotas.map((quota) => new PollHistoryWindow({ ...options, quota })) });

/**
 * One poll of Flipkart's client, to the record. The sum of the limits may be above the capacity: lenders keep their share.
 * @param backlogs how many records each level could return now, whatever its limit
 */
export function flipkartRound(state: FlipkartState, backlogs: readonly number[]): FlipkartRound {
  const { windows } = state;
  if (backlogs.length !== windows.length) {
    throw new IllegalStateError(`there are ${windows.length} levels, got ${backlogs.length} backlogs`);
  }
  const burst = CapacityBurst.next(windows);
  const limits = windows.map(({ quota }, priority) => (priority === burst?.priority ? burst.capacity : quota));
  const counts = limits.map((limit, priority) => Math.min(limit, backlogs[priority] ?? 0));
  const next = { windows: windows.map((window, priority) => window.with(counts[priority] ?? 0)) };
  return { limits, counts, burst, next };
}
