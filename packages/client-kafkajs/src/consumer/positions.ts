import type { TopicPartitionOffsets } from '@hearken/core';
import { topicPartitionKey } from '@hearken/core/internal';
import type { ConsumerContext } from './consumer-context.js';
import type { GroupCoordinator } from './group-coordinator.js';
import { BEGINNING, END, type Offsets } from './offsets.js';
import { noOffset, outOfRange } from './partition-errors.js';
import type { RetryOptions } from './retrying.js';
import type { AssignedPartition, SubscriptionState } from './subscription-state.js';

/** Decides where reading begins, and where it goes on when the log does not hold the position any more. */
export class Positions {
  readonly #context: ConsumerContext;
  readonly #subscription: SubscriptionState;
  readonly #offsets: Offsets;
  readonly #coordinator: GroupCoordinator | undefined;

  /** @param coordinator absent for a consumer without a group: then nothing is committed */
  constructor(
    context: ConsumerContext,
    subscription: SubscriptionState,
    offsets: Offsets,
    coordinator: GroupCoordinator | undefined,
  ) {
    this.#context = context;
    this.#subscription = subscription;
    this.#offsets = offsets;
    this.#coordinator = coordinator;
  }

  /**
   * Starts partitions at what the group committed, else as `autoOffsetReset` says. One that gets a position meanwhile, by
   * a seek, keeps it. Returns the positions that were not committed.
   */
  async resolve(partitions: readonly AssignedPartition[], retry?: RetryOptions): Promise<TopicPartitionOffsets> {
    if (this.#coordinator !== undefined) {
      this.#start(partitions, await this.#offsets.committed(this.#coordinator, partitions, retry));
    }
    const without = partitions.filter((partition) => partition.buffer === undefined);
    if (this.#context.options.autoOffsetReset !== 'none') return this.#reset(without, retry);
    for (const partition of without) partition.cannotStart(noOffset(partition));
    return [];
  }

  /** The log does not hold this partition's position: starts it anew as `autoOffsetReset` says. */
  async outOfRange(partition: AssignedPartition): Promise<void> {
    const { buffer } = partition;
    if (buffer === undefined) return;
    const { logger, options } = this.#context;
    if (options.autoOffsetReset === 'none') {
      buffer.fail(outOfRange(partition, buffer.position));
      return;
    }
    const { topic, partition: number } = partition;
    logger.warn(
      { topic, partition: number, offset: buffer.position, autoOffsetReset: options.autoOffsetReset },
      'consumer: the log does not hold this offset, reading is reset',
    );
    partition.buffer = undefined;
    await this.#reset([partition]);
  }

  async #reset(partitions: readonly AssignedPartition[], retry?: RetryOptions): Promise<TopicPartitionOffsets> {
    if (partitions.length === 0) return [];
    const timestamp = this.#context.options.autoOffsetReset === 'earliest' ? BEGINNING : END;
    const found = await this.#offsets.list(
      partitions.map(({ topic, partition }) => ({ topic, partition, timestamp })),
      retry,
    );
    return this.#start(partitions, found);
  }

  /** Returns those that were started. Others were given up, or sought elsewhere, while we asked. */
  #start(partitions: readonly AssignedPartition[], offsets: TopicPartitionOffsets): TopicPartitionOffsets {
    const known = new Map(offsets.map((offset) => [topicPartitionKey(offset), offset]));
    return partitions.flatMap((partition) => {
      const found = known.get(topicPartitionKey(partition));
      if (found === undefined || partition.buffer !== undefined || !this.#subscription.isCurrent(partition)) return [];
      partition.startAt(found.offset);
      return [found];
    });
  }
}
