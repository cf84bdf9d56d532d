import type { TopicPartitionOffset } from '@hearken/core';
import type { Ownership, ToldEnds } from './ownership.js';

/** An offset on its way, and whose it is: an answer for an ownership that is over changes nothing. */
export interface PendingOffset {
  readonly ownership: Ownership;
  readonly at: TopicPartitionOffset;
  /** What its metadata tells of records behind it. */
  readonly told?: ToldEnds;
}

/** What there is to commit; with `untold` also where nothing is new but which records behind the offset have ended. */
export function dirtyOf(ownerships: Iterable<Ownership>, { untold = false } = {}): PendingOffset[] {
  const dirty: PendingOffset[] = [];
  for (const ownership of ownerships) {
    const { topic, partition, leaderEpoch } = ownership;
    const offset = ownership.dirty ?? (untold ? ownership.untold : undefined);
    if (offset === undefined) continue;
    const at = { topic, partition, offset };
    dirty.push({ ownership, at: leaderEpoch === undefined ? at : { ...at, leaderEpoch } });
  }
  return dirty;
}

export const toOffset = ({ at }: PendingOffset): TopicPartitionOffset => at;
