import { followedBy, type EndedOffsets } from './ended-offsets.js';
import type { Ownership } from './ownership.js';

/** Where a partition stood when it was given up, or stands when it is assigned. */
export interface Standing {
  /** Of the group, as the member has it at that time; -1 outside of a generation. */
  readonly generationId: number;
  /** What the group has committed, as far as is known. */
  readonly committed: number | undefined;
}

/**
 * Whether what ended before a partition was given up still counts: nobody else can have had it in between, which the very
 * next generation proves, and the group goes on where this member left it. Committed further back, somebody means the
 * records to come again; further ahead, somebody else was at work.
 */
export function stillCounts(left: Standing & { readonly position: number }, now: Standing): boolean {
  if (left.generationId < 0 || now.generationId !== left.generationId + 1) return false;
  return now.committed !== undefined && now.committed >= (left.committed ?? 0) && now.committed <= left.position;
}

/**
 * Which records of a partition have ended, those above the committed offset included: with key order or acknowledgments one
 * record that is not done keeps thousands behind it from being committed, and all of them would come again at every eager
 * rebalance. What was known from before and has not come again by now stays known.
 * @param max ranges of open offsets; what is above more of them is left out
 */
export function endsOf(
  { begunAt, tracker, leaderEpoch, known }: Pick<Ownership, 'begunAt' | 'tracker' | 'leaderEpoch' | 'known'>,
  max?: number,
): EndedOffsets {
  const { open, to, isCut } = tracker.openRanges(max);
  const hasRead = tracker.covered + tracker.span > 0;
  const newest = leaderEpoch ?? (hasRead ? undefined : known?.leaderEpoch);
  const ended = { from: begunAt, to, leaderEpoch: newest ?? -1, open };
  return known === undefined || isCut ? ended : followedBy(ended, tracker.nextOffset, known);
}
