import type { Clock, Logger, TopicPartition } from '@hearken/core';
import { describePartitions } from '@hearken/core/internal';
import type { GuardedEvents } from './container-events.js';
import { RebalanceListenerError } from './errors.js';
import type { ListenerContainer } from './message-listener.js';
import { within } from './within.js';

/**
 * Told when partitions come and go, for whoever keeps something for each of them. Calls never overlap, and each is awaited,
 * for `revokeDrainTimeoutMs` at most. Not called for no partitions. Spring's `ConsumerAwareRebalanceListener`.
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

/** Calls the user's rebalance listener, and waits no longer than agreed. */
export class RebalanceCalls {
  readonly #init: RebalanceCallsInit;

  constructor(init: RebalanceCallsInit) {
    this.#init = init;
  }

  /** @throws RebalanceListenerError */
  assigned(partitions: readonly TopicPartition[]): Promise<void> {
    return this.#call('onPartitionsAssigned', partitions);
  }

  revoked(partitions: readonly TopicPartition[]): Promise<void> {
    return this.#callReporting('onPartitionsRevoked', partitions);
  }

  lost(partitions: readonly TopicPartition[]): Promise<void> {
    return this.#callReporting('onPartitionsLost', partitions);
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
