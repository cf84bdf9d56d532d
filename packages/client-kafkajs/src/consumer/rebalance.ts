import type { ConsumerRebalanceListener, TopicPartition, TopicPartitionOffsets } from '@hearken/core';
import { describePartitions } from '@hearken/core/internal';
import type { ConsumerContext } from './consumer-context.js';
import type { OffsetCommits } from './offset-commits.js';
import type { Positions } from './positions.js';
import { isAborted } from './retrying.js';
import type { SubscriptionState } from './subscription-state.js';

export interface RebalanceOptions {
  readonly context: ConsumerContext;
  readonly subscription: SubscriptionState;
  readonly positions: Positions;
  readonly commits: OffsetCommits;
}

/** Takes partitions in and lets them go, in the order that their users rely on. One call at a time. */
export class Rebalance {
  readonly #options: RebalanceOptions;
  /** Of the last `subscribe`. */
  listener: ConsumerRebalanceListener | undefined;
  /** What the listener was told of and has not been told to give up. */
  #told: readonly TopicPartition[] | undefined;

  constructor(options: RebalanceOptions) {
    this.#options = options;
  }

  /** Positions, then the listener, then records. Ends early when `signal` aborts: they will be given up anyway. */
  async take(partitions: readonly TopicPartition[], signal: AbortSignal): Promise<void> {
    const { context, subscription } = this.#options;
    context.logger.info({ partitions: describePartitions(partitions) }, 'consumer: partitions assigned');
    subscription.assign(partitions);
    if (!(await this.#findPositions(signal)) || isAborted(signal)) return;
    this.#told = partitions;
    await this.listener?.onPartitionsAssigned(partitions);
    if (!isAborted(signal)) subscription.activate();
  }

  async revoke(): Promise<void> {
    this.#options.subscription.deactivate();
    await this.#giveUp((partitions) => this.listener?.onPartitionsRevoked(partitions));
  }

  async lose(): Promise<void> {
    await this.#giveUp((partitions) => this.listener?.onPartitionsLost(partitions));
  }

  async #giveUp(tell: (partitions: readonly TopicPartition[]) => Promise<void> | undefined): Promise<void> {
    const partitions = this.#told ?? [];
    this.#told = undefined;
    try {
      if (partitions.length > 0) await tell(partitions);
    } finally {
      this.#options.subscription.assign([]);
    }
  }

  /** False if the signal ended it. */
  async #findPositions(signal: AbortSignal): Promise<boolean> {
    const { context, subscription, positions } = this.#options;
    try {
      const uncommitted = await positions.resolve(subscription.partitions, { signal });
      if (context.options.autoOffsetReset === 'latest') await this.#commitFirst(uncommitted);
      return true;
    } catch (error) {
      if (isAborted(signal)) return false;
      throw error;
    }
  }

  /**
   * Without this, a record could be skipped: it arrives after this assignment and before the first commit, then a
   * rebalance hands the partition to a member that begins at the end again.
   */
  async #commitFirst(offsets: TopicPartitionOffsets): Promise<void> {
    try {
      await this.#options.commits.commit(offsets);
    } catch (error) {
      this.#options.context.logger.warn({ error }, 'consumer: the position that reading begins at is not committed');
    }
  }
}
