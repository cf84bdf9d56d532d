import type { TopicPartitionOffset } from '@hearken/core';
import type { Ownership } from './ownership.js';

/** An offset on its way, and whose it is: an answer for an ownership that is over changes nothing. */
export interface PendingOffset {
  readonly ownership: Ownership;
  readonly at: TopicPartitionOffset;
}

/** What there is to commit. */
export function dirtyOf(ownerships: Iterable<Ownership>): PendingOffset[] {
  const dirty: PendingOffset[] = [];
  for (const ownership of ownerships) {
    const { topic, partition, leaderEpoch, dirty: offset } = ownership;
    if (offset === undefined) continue;
    const at = { topic, partition, offset };
    dirty.push({ ownership, at: leaderEpoch === undefined ? at : { ...at, leaderEpoch } });
  }
  return dirty;
}

export const toOffset = ({ at }: PendingOffset): TopicPartitionOffset => at;
