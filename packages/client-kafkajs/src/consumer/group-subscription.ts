import type { ConsumerRebalanceListener, TopicPartition } from '@hearken/core';
import type { ConsumerContext } from './consumer-context.js';
import type { GroupCoordinator } from './group-coordinator.js';
import { GroupMembership, type MembershipListener } from './group-membership.js';
import { GroupProtocol, type Generation } from './group-protocol.js';
import { OffsetCommits, type Committer } from './offset-commits.js';
import type { Positions } from './positions.js';
import { Rebalance } from './rebalance.js';
import type { SubscriptionState } from './subscription-state.js';
import { TopicWatch } from './topic-watch.js';

/** What the rest of the consumer does when the group gives and takes. */
export interface GroupSubscriptionObserver {
  /** Partitions may be fetched and polled. */
  onActive(): void;
  /** Nothing may be handed out: a poll that waits has nothing to wait for. */
  onInactive(): void;
  onFatal(error: unknown): void;
  isPolling(): boolean;
}

export interface GroupSubscriptionOptions {
  readonly context: ConsumerContext;
  readonly coordinator: GroupCoordinator;
  readonly subscription: SubscriptionState;
  readonly positions: Positions;
  readonly observer: GroupSubscriptionObserver;
}

/** Outside of membership the broker takes commits under no name, as long as the group has no members. */
const NO_MEMBER: Generation = { generationId: -1, memberId: '' };

/** A consumer's part in its group: membership, what follows from each rebalance, commits. */
export class GroupSubscription implements MembershipListener, Committer {
  readonly coordinator: GroupCoordinator;
  readonly commits: OffsetCommits;
  readonly #subscription: SubscriptionState;
  readonly #observer: GroupSubscriptionObserver;
  readonly #topics: TopicWatch;
  readonly #rebalance: Rebalance;
  readonly #membership: GroupMembership;
  #starting: Promise<void> | undefined;
  #closing = false;

  constructor({ context, coordinator, subscription, positions, observer }: GroupSubscriptionOptions) {
    this.coordinator = coordinator;
    this.#subscription = subscription;
    this.#observer = observer;
    this.commits = new OffsetCommits(context, coordinator, this);
    this.#topics = new TopicWatch(context);
    const onGivingUp = (): void => observer.onInactive();
    this.#rebalance = new Rebalance({ context, subscription, positions, commits: this.commits, onGivingUp });
    const protocol = new GroupProtocol(coordinator, context.options);
    this.#membership = new GroupMembership(context, protocol, this.#topics, this);
  }

  /** Joins, or joins again with other topics. Never rejects: what goes wrong is told to the observer. */
  subscribe(topics: readonly string[] | RegExp, listener: ConsumerRebalanceListener | undefined): void {
    this.#topics.subscribe(topics);
    this.#rebalance.listener = listener;
    if (this.#starting === undefined) this.#starting = this.#start();
    else this.#membership.rejoin('subscribed to other topics');
  }

  polled(): void {
    this.#membership.polled();
  }

  get generation(): Generation | undefined {
    return this.#starting === undefined ? NO_MEMBER : this.#membership.generation;
  }

  get isRebalancing(): boolean {
    return this.#starting !== undefined && this.#membership.isRebalancing;
  }

  settled(): Promise<void> {
    return this.#membership.settled();
  }

  ownership(partition: TopicPartition): object | undefined {
    return this.#starting === undefined ? NO_MEMBER : this.#subscription.get(partition);
  }

  refused(error: unknown, generation: Generation): void {
    if (this.#starting !== undefined) this.#membership.refused(error, generation);
  }

  owned(): readonly TopicPartition[] {
    return this.#rebalance.owned;
  }

  async onAssigned(partitions: readonly TopicPartition[], signal: AbortSignal): Promise<boolean> {
    const gaveUp = await this.#rebalance.take(partitions, signal);
    this.#observer.onActive();
    return gaveUp;
  }

  async onRevoked(): Promise<void> {
    await this.#rebalance.revoke();
  }

  async onLost(): Promise<void> {
    await this.#rebalance.lose();
  }

  onEvicted(): void {
    this.#subscription.deactivate();
    this.#observer.onInactive();
    this.#rebalance.evicted();
  }

  onFatal(error: unknown): void {
    this.#observer.onFatal(error);
  }

  isPolling(): boolean {
    return this.#observer.isPolling();
  }

  /** Resolves when the listener gave everything up and the group knows. */
  async close(): Promise<void> {
    this.#closing = true;
    if (this.#starting === undefined) return;
    await this.#membership.close();
  }

  async #start(): Promise<void> {
    try {
      await this.#topics.requireAny(); // also the first contact: a wrong address or password ends here
    } catch (error) {
      this.#observer.onFatal(error);
      return;
    }
    if (!this.#closing) this.#membership.start();
  }
}
