import type { KafkaError, PositionReset, TopicPartition, TopicPartitionOffsets } from '@hearken/core';
import { topicPartitionKey } from '@hearken/core/internal';
import type { ConsumerContext } from './consumer-context.js';
import type { GroupCoordinator } from './group-coordinator.js';
import { BEGINNING, END, type Offsets } from './offsets.js';
import type { EpochEnd } from './fetch-observer.js';
import { noOffset, outOfRange, recreated, truncated } from './partition-errors.js';
import type { RetryOptions } from './retrying.js';
import type { AssignedPartition } from './assigned-partition.js';
import type { SubscriptionState } from './subscription-state.js';

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
    await this.#startAnew(partition, 'out-of-range');
  }

  /** The partition's topic was deleted and made anew, its position was one in the old topic: the same. */
  async recreated(partition: AssignedPartition): Promise<void> {
    await this.#startAnew(partition, 'topic-recreated');
  }

  /**
   * An election lost records at the end of the log, which others have been written in place of since (KIP-320). Goes on at
   * the first offset where the log may differ from what was read, if that is before the position.
   * @param end where the epoch that was read last ends now
   */
  truncated(partition: AssignedPartition, { epoch, endOffset }: EpochEnd): void {
    const { buffer } = partition;
    if (buffer === undefined) return;
    const { position } = buffer;
    const start = { leaderEpoch: epoch };
    if (endOffset >= position) {
      partition.startAt(position, start); // only what was not handed out yet is lost
      return;
    }
    const { logger, options } = this.#context;
    if (options.autoOffsetReset === 'none') {
      stop(partition, truncated(partition, position, endOffset));
      return;
    }
    logger.warn(
      { ...at(partition), offset: position, endOffset },
      'consumer: the log lost records that were read, reading goes on where it ends',
    );
    partition.startAt(endOffset, { ...start, reset: { reason: 'log-truncated', from: position, to: endOffset } });
  }

  async #startAnew(partition: AssignedPartition, reason: keyof typeof ANEW): Promise<void> {
    const { buffer } = partition;
    if (buffer === undefined) return;
    const { position: from } = buffer;
    const { logger, options } = this.#context;
    const { autoOffsetReset } = options;
    const { errorAt, warning } = ANEW[reason];
    if (autoOffsetReset === 'none') {
      stop(partition, errorAt(partition, from));
      return;
    }
    logger.warn({ ...at(partition), offset: from, autoOffsetReset }, warning);
    partition.losePosition();
    await this.#reset([partition], { left: { reason, from } });
  }

  async #reset(
    partitions: readonly AssignedPartition[],
    { left, ...retry }: RetryOptions & { readonly left?: PositionLeft } = {},
  ): Promise<TopicPartitionOffsets> {
    if (partitions.length === 0) return [];
    const timestamp = this.#context.options.autoOffsetReset === 'earliest' ? BEGINNING : END;
    const found = await this.#offsets.list(
      partitions.map(({ topic, partition }) => ({ topic, partition, timestamp })),
      retry,
    );
    return this.#start(partitions, found, left);
  }

  /** Returns those that were started. Others were given up, or sought elsewhere, while we asked. */
  #start(
    partitions: readonly AssignedPartition[],
    offsets: TopicPartitionOffsets,
    left?: PositionLeft,
  ): TopicPartitionOffsets {
    const known = new Map(offsets.map((offset) => [topicPartitionKey(offset), offset]));
    return partitions.flatMap((partition) => {
      const found = known.get(topicPartitionKey(partition));
      if (found === undefined || partition.buffer !== undefined || !this.#subscription.isCurrent(partition)) return [];
      const { offset: to, leaderEpoch } = found;
      partition.startAt(to, { leaderEpoch, reset: left && { ...left, to } });
      return [found];
    });
  }
}

type PositionLeft = Omit<PositionReset, 'to'>;

const ANEW = {
  'out-of-range': { errorAt: outOfRange, warning: 'consumer: the log does not hold this offset, reading is reset' },
  'topic-recreated': { errorAt: recreated, warning: 'consumer: the topic was deleted and made anew, reading is reset' },
} as const;

const at = ({ topic, partition }: TopicPartition): TopicPartition => ({ topic, partition });

/** At its position: what was buffered after it is of the log that is gone. */
function stop(partition: AssignedPartition, error: KafkaError): void {
  partition.startAt(partition.buffer?.position ?? 0);
  partition.fail(error);
}
