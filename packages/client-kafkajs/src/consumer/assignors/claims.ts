import type { TopicPartition } from '@hearken/core';
import { topicPartitionKey } from '@hearken/core/internal';
import type { GroupMember } from './assignor.js';

/**
 * Whom to believe when members say what they hold. One that was away may still name what others got meanwhile: the newest
 * generation counts. Two of the same generation cannot both be right, and nobody knows who is: neither counts.
 */
export class Claims {
  readonly #holders = new Map<string, GroupMember>();
  readonly #contested = new Set<string>();

  /** @param partitionCounts what is not among these partitions cannot be held */
  constructor(members: readonly GroupMember[], partitionCounts: ReadonlyMap<string, number>) {
    for (const member of members) {
      for (const partition of member.owned) {
        if (partition.partition < (partitionCounts.get(partition.topic) ?? 0)) {
          this.#claim(topicPartitionKey(partition), member);
        }
      }
    }
  }

  /** What the member holds for sure. */
  heldBy(member: GroupMember): TopicPartition[] {
    return member.owned.filter((partition) => this.isHeldBy(partition, member.memberId));
  }

  isHeldBy(partition: TopicPartition, memberId: string): boolean {
    const key = topicPartitionKey(partition);
    return this.#holders.get(key)?.memberId === memberId && !this.#contested.has(key);
  }

  /** Somebody says that it holds the partition, rightly or not. */
  isClaimed(partition: TopicPartition): boolean {
    return this.#holders.has(topicPartitionKey(partition));
  }

  #claim(key: string, member: GroupMember): void {
    const other = this.#holders.get(key);
    if (other?.generationId === member.generationId) this.#contested.add(key);
    if (other === undefined || member.generationId >= other.generationId) this.#holders.set(key, member);
  }
}
