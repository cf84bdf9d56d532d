import type { TopicPartition, TopicPartitionOffset, TopicPartitionOffsets } from '@hearken/core';
import { offsetFetchApi } from '@hearken/protocol';
import { byTopic } from './by-topic.js';
import type { ConsumerContext } from './consumer-context.js';
import type { GroupCoordinator } from './group-coordinator.js';
import { OffsetSearch, type FoundOffset, type ListOptions, type OffsetQuery } from './offset-search.js';
import { retrying, type RetryOptions } from './retrying.js';

/** The oldest record that is still there. */
export const BEGINNING = -2;
/** After the newest record; under `read_committed` the first record of a transaction that is still open. */
export const END = -1;

/** Questions about offsets. Retriable errors are retried. */
export class Offsets {
  readonly #context: ConsumerContext;

  constructor(context: ConsumerContext) {
    this.#context = context;
  }

  /** {@link OffsetSearch.run} */
  list(queries: readonly OffsetQuery[], options?: ListOptions): Promise<readonly FoundOffset[]> {
    return new OffsetSearch(this.#context, queries, options).run();
  }

  /** What the group committed; partitions without are left out. */
  committed(
    coordinator: GroupCoordinator,
    partitions: readonly TopicPartition[],
    retry?: RetryOptions,
  ): Promise<TopicPartitionOffsets> {
    if (partitions.length === 0) return Promise.resolve([]);
    return retrying(this.#context, () => this.#committed(coordinator, partitions), retry);
  }

  async #committed(
    coordinator: GroupCoordinator,
    partitions: readonly TopicPartition[],
  ): Promise<TopicPartitionOffsets> {
    const response = await coordinator.send('control', offsetFetchApi, {
      groupId: coordinator.groupId,
      topics: byTopic(partitions).map(([name, items]) => ({
        name,
        partitionIndexes: items.map(({ partition }) => partition),
      })),
      // An offset that a transaction is about to commit is waited for: reading from the old one would repeat its records.
      requireStable: this.#context.options.isolationLevel === 'read_committed',
    });
    coordinator.check(response.errorCode);
    const committed: TopicPartitionOffset[] = [];
    for (const { name, partitions: answers } of response.topics) {
      for (const { partitionIndex, committedOffset, committedLeaderEpoch, metadata, errorCode } of answers) {
        coordinator.check(errorCode);
        if (committedOffset < 0) continue;
        committed.push({
          topic: name,
          partition: partitionIndex,
          offset: committedOffset,
          ...(committedLeaderEpoch >= 0 && { leaderEpoch: committedLeaderEpoch }),
          ...(metadata !== null && metadata !== '' && { metadata }),
        });
      }
    }
    return committed;
  }
}
