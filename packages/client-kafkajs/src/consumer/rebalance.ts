import type { ConsumerRebalanceListener, TopicPartition } from '@hearken/core';
import { describePartitions, topicPartitionKey } from '@hearken/core/internal';
import type { ConsumerContext } from './consumer-context.js';
import type { OffsetCommits } from './offset-commits.js';
import type { CommitFirst, Positions } from './positions.js';
import { isAborted, unlessAborted } from './retrying.js';
import type { AssignedPartition } from './assigned-partition.js';
import type { SubscriptionState } from './subscription-state.js';

export interface RebalanceOptions {
  readonly context: ConsumerContext;
  readonly subscription: SubscriptionState;
  readonly positions: Pick<Positions, 'begin'>;
  readonly commits: Pick<OffsetCommits, 'commit'>;
  /** Partitions are being given up: a poll that waits for them has nothing to wait for. */
  readonly onGivingUp: () => void;
}

/** Takes partitions in and lets them go, in the order that their users rely on. One call at a time. */
export class Rebalance {
  readonly #options: RebalanceOptions;
  /** Of the last `subscribe`. */
  listener: ConsumerRebalanceListener | undefined;
  /** What the listener was told of and has not been told to give up. */
  #owned: readonly TopicPartition[] = [];
  /** The listener is being told to give something up. */
  #isRevoking = false;
  /** It is told at the same time that all is gone. Never rejects. */
  #losing: Promise<readonly PromiseSettledResult<void>[]> | undefined;

  constructor(options: RebalanceOptions) {
    this.#options = options;
  }

  get owned(): readonly TopicPartition[] {
    return this.#owned;
  }

  /**
   * Makes these all that is owned. What is kept goes on all the while. For what is new: position, as far as one is found at
   * once, then the listener, then records; that ends early when `signal` aborts, as another assignment will come. True if
   * something was given up.
   */
  async take(partitions: readonly TopicPartition[], signal: AbortSignal): Promise<boolean> {
    const gone = without(this.#owned, partitions);
    if (gone.length > 0) await this.revoke(gone);
    if (!isAborted(signal)) await this.#add(without(partitions, this.#owned), signal);
    return gone.length > 0;
  }

  async revoke(partitions = this.#owned): Promise<void> {
    const { subscription, onGivingUp } = this.#options;
    for (const at of partitions) {
      const partition = subscription.get(at);
      if (partition !== undefined) partition.active = false; // nothing of it is fetched or polled any more
    }
    onGivingUp();
    this.#isRevoking = true;
    try {
      await this.#giveUp(partitions, () => this.listener?.onPartitionsRevoked(partitions));
    } finally {
      this.#isRevoking = false;
      await this.#lost();
    }
  }

  /**
   * All is found to be gone. Where the listener has been told to give something up, it may wait for minutes to do so in good
   * order, while others have the partitions already: then it is told at once.
   */
  evicted(): void {
    if (this.#isRevoking) this.#losing ??= Promise.allSettled([this.lose()]);
  }

  async lose(): Promise<void> {
    const partitions = this.#owned;
    await this.#giveUp(partitions, () => this.listener?.onPartitionsLost(partitions));
  }

  /** @throws what the listener failed with */
  async #lost(): Promise<void> {
    const [lost] = (await this.#losing) ?? [];
    this.#losing = undefined;
    if (lost?.status === 'rejected') throw lost.reason;
  }

  async #add(partitions: readonly TopicPartition[], signal: AbortSignal): Promise<void> {
    const { context, subscription } = this.#options;
    context.logger.debug({ partitions: describePartitions(partitions) }, 'consumer: partitions assigned');
    const owned = [...this.#owned, ...partitions];
    const added = new Set(partitions.map(topicPartitionKey));
    const fresh = subscription.assign(owned).filter((partition) => added.has(topicPartitionKey(partition)));
    await this.#findPositions(fresh, signal);
    if (isAborted(signal)) {
      subscription.assign(this.#owned); // nobody was told: the next assignment may give them to anyone
      return;
    }
    this.#owned = owned;
    await this.listener?.onPartitionsAssigned(partitions);
    if (!isAborted(signal)) subscription.activate();
  }

  async #giveUp(partitions: readonly TopicPartition[], tell: () => Promise<void> | undefined): Promise<void> {
    try {
      if (partitions.length > 0) await tell();
    } finally {
      this.#owned = without(this.#owned, partitions);
      this.#options.subscription.assign(this.#owned);
    }
  }

  /** Or ends with the signal. */
  async #findPositions(partitions: readonly AssignedPartition[], signal: AbortSignal): Promise<void> {
    const { context, positions } = this.#options;
    const commitFirst = context.options.autoOffsetReset === 'latest' ? this.#commitFirst : undefined;
    try {
      await unlessAborted(positions.begin(partitions, { signal, commitFirst }), signal);
    } catch (error) {
      if (!isAborted(signal)) throw error;
    }
  }

  /**
   * Without this, a record could be skipped: it arrives after this assignment and before the first commit, then a
   * rebalance hands the partition to a member that begins at the end again.
   */
  readonly #commitFirst: CommitFirst = async (offsets, isWanted) => {
    try {
      await this.#options.commits.commit(offsets, isWanted);
    } catch (error) {
      this.#options.context.logger.warn({ error }, 'consumer: the position that reading begins at is not committed');
    }
  };
}

function without(partitions: readonly TopicPartition[], others: readonly TopicPartition[]): readonly TopicPartition[] {
  const keys = new Set(others.map(topicPartitionKey));
  return partitions.filter((partition) => !keys.has(topicPartitionKey(partition)));
}
