import type { TopicPartition } from '@hearken/core';
import { topicPartitionKey } from '@hearken/core/internal';

/** What the user paused. It outlives rebalances: a partition that comes back is still paused. */
export class PausedPartitions {
  readonly #keys = new Set<string>();
  #all = false;

  has(partition: TopicPartition): boolean {
    return this.#all || this.#keys.has(topicPartitionKey(partition));
  }

  /** These, or everything owned now and later. */
  pause(partitions: readonly TopicPartition[] | undefined): void {
    if (partitions === undefined) this.#all = true;
    else for (const at of partitions) this.#keys.add(topicPartitionKey(at));
  }

  /**
   * These, or everything.
   * @param assigned what stays paused when some of it is resumed after everything was paused
   */
  resume(partitions: readonly TopicPartition[] | undefined, assigned: readonly TopicPartition[]): void {
    if (partitions === undefined) {
      this.#all = false;
      this.#keys.clear();
      return;
    }
    if (this.#all) this.pause(assigned);
    this.#all = false;
    for (const at of partitions) this.#keys.delete(topicPartitionKey(at));
  }
}
