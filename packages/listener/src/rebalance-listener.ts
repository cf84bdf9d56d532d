import type { Clock, Logger, TopicPartition } from '@hearken/core';
import { describePartitions, topicPartitionKey } from '@hearken/core/internal';
import type { GuardedEvents } from './container-events.js';
import { RebalanceListenerError } from './errors.js';
import type { ListenerContainer } from './message-listener.js';
import { within } from './within.js';

/**
 * Told when partitions come and go, for whoever keeps something for each of them: once that one came, once that it went.
 * Calls never overlap, and each is awaited, for `revokeDrainTimeoutMs` at most. Spring's `ConsumerAwareRebalanceListener`.
 */
export interface RebalanceListener {
  /**
   * They are ours, and none of their records starts before this has ended; `container.seek` moves where they begin. If it
   * fails or takes too long the container fails: their records would be handled without what should have been made here.
   */
  onPartitionsAssigned?(partitions: readonly TopicPartition[], container: ListenerContainer): unknown;
  /**
   * They are drained and committed, and go to other members when this has ended; also when the container stops. If it fails
   * or takes too long they go all the same; that is logged and told by `rebalance-listener:failed`.
   */
  onPartitionsRevoked?(partitions: readonly TopicPartition[], container: ListenerContainer): unknown;
  /** They are gone, and other members may read them already; their listeners were told to give up. Fails as above. */
  onPartitionsLost?(partitions: readonly TopicPartition[], container: ListenerContainer): unknown;
}

export interface RebalanceCallsInit {
  readonly rebalanceListener: RebalanceListener | undefined;
  readonly container: ListenerContainer;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: GuardedEvents;
}

/**
 * Calls the user's rebalance listener, one call at a time, and waits no longer than agreed. Of each partition it told of as
 * assigned it tells once that it went: a member may be thrown out of its group while it gives partitions up.
 */
export class RebalanceCalls {
  readonly #init: RebalanceCallsInit;
  /** Told of as assigned, and not yet that they went. */
  readonly #told = new Set<string>();
  /** The end of the last call; never rejects. */
  #last: Promise<void> = Promise.resolve();

  constructor(init: RebalanceCallsInit) {
    this.#init = init;
  }

  /** @throws RebalanceListenerError */
  assigned(partitions: readonly TopicPartition[]): Promise<void> {
    for (const at of partitions) this.#told.add(topicPartitionKey(at));
    return this.#inTurn(() => this.#call('onPartitionsAssigned', partitions));
  }

  revoked(partitions: readonly TopicPartition[]): Promise<void> {
    return this.#went('onPartitionsRevoked', partitions);
  }

  lost(partitions: readonly TopicPartition[]): Promise<void> {
    return this.#went('onPartitionsLost', partitions);
  }

  #went(callback: keyof RebalanceListener, partitions: readonly TopicPartition[]): Promise<void> {
    const gone = partitions.filter((at) => this.#told.delete(topicPartitionKey(at)));
    return this.#inTurn(() => this.#callReporting(callback, gone));
  }

  #inTurn(call: () => Promise<void>): Promise<void> {
    const ended = this.#last.then(call);
    this.#last = ended.catch(() => undefined); // whoever asked for it hears of it
    return ended;
  }

  async #call(callback: keyof RebalanceListener, partitions: readonly TopicPartition[]): Promise<void> {
    const { rebalanceListener, container, timeoutMs, clock } = this.#init;
    if (partitions.length === 0 || rebalanceListener?.[callback] === undefined) return;
    let hasEnded: boolean;
    try {
      hasEnded = await within(Promise.resolve(rebalanceListener[callback](partitions, container)), timeoutMs, clock);
    } catch (error) {
      throw new RebalanceListenerError(callback, partitions, error);
    }
    if (!hasEnded) throw new RebalanceListenerError(callback, partitions, undefined, timeoutMs);
  }

  async #callReporting(callback: keyof RebalanceListener, partitions: readonly TopicPartition[]): Promise<void> {
    try {
      await this.#call(callback, partitions);
    } catch (error) {
      this.#init.logger.error(
        { callback, partitions: describePartitions(partitions), error },
        'a rebalance listener failed',
      );
      this.#init.events.emit('rebalance-listener:failed', { callback, partitions, error });
    }
  }
}
