import type { ConsumerRecord } from '@hearken/core';
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
 * Which records of a partition had ended when it was given up, those above the committed offset included: with key order or
 * acknowledgments one record that is not done keeps thousands behind it from being committed, and all of them would come
 * again at every eager rebalance. All that was received, but for what was open then.
 */
export class KnownEnds {
  /** Past the last record that was received. */
  readonly position: number;
  readonly #from: number;
  readonly #open: ReadonlySet<number>;
  readonly #leaderEpoch: number;

  constructor({ begunAt, tracker, leaderEpoch }: Pick<Ownership, 'begunAt' | 'tracker' | 'leaderEpoch'>) {
    this.position = tracker.nextOffset;
    this.#from = begunAt;
    this.#open = new Set(tracker.openOffsets());
    this.#leaderEpoch = leaderEpoch ?? Infinity;
  }

  /** An election may have lost records and others be written in their place: those are of a newer leader. */
  has({ offset, leaderEpoch = -1 }: Pick<ConsumerRecord, 'offset' | 'leaderEpoch'>): boolean {
    return (
      offset >= this.#from && offset < this.position && leaderEpoch <= this.#leaderEpoch && !this.#open.has(offset)
    );
  }
}
