import {
  IllegalStateError,
  type CloseOptions,
  type Consumer,
  type ConsumerGroupMetadata,
  type ConsumerRebalanceListener,
  type ConsumerRecords,
  type PartitionInfo,
  type PartitionLag,
  type TopicPartition,
  type TopicPartitionOffset,
  type TopicPartitionOffsets,
} from '@hearken/core';
import { describePartition } from '@hearken/core/internal';
import { Cluster } from '../cluster/cluster.js';
import { toPartitionInfos } from '../cluster/partition-infos.js';
import type { ResolvedKafkaOptions } from '../kafka-options.js';
import {
  pollProblem,
  requireCommit,
  requireListener,
  requireOffset,
  requirePartitionName,
  requirePartitionNames,
  requirePartitions,
  requireTimes,
  requireTopic,
  requireTopics,
} from './arguments.js';
import type { ConsumerCluster, ConsumerContext } from './consumer-context.js';
import type { ResolvedConsumerOptions } from './consumer-options.js';
import { Fetcher } from './fetcher.js';
import { GroupCoordinator } from './group-coordinator.js';
import { GroupSubscription } from './group-subscription.js';
import { BEGINNING, END, Offsets } from './offsets.js';
import { Poller } from './poller.js';
import { Positions } from './positions.js';
import { isAborted, pause } from './retrying.js';
import { SubscriptionState } from './subscription-state.js';
import { topicConfig } from './topic-config.js';

const CLOSE_TIMEOUT_MS = 30_000;

/**
 * Kafka's consumer on our own protocol code. This class connects the parts: the group (or `assign`) says which partitions
 * are ours, the fetcher keeps their buffers filled, the poller hands out what is in them; commits go beside. It is long
 * because the SPI is wide: a method here checks its arguments and passes them on.
 */
export class KafkaConsumer implements Consumer {
  readonly #context: ConsumerContext;
  readonly #closed = new AbortController();
  readonly #subscription = new SubscriptionState(() => this.#poller.serve());
  readonly #poller: Poller;
  readonly #fetcher: Fetcher;
  readonly #offsets: Offsets;
  readonly #positions: Positions;
  readonly #group: GroupSubscription | undefined;
  /** How partitions come: not at all yet, from the group, or from `assign`. */
  #mode: 'none' | 'subscribed' | 'assigned' = 'none';
  /** Ends the work of an `assign` that another one replaced. */
  #assigning = new AbortController();
  #closing: Promise<void> | undefined;

  /** @param cluster this consumer's own, closed with it; connects when it is first asked for something */
  constructor(
    kafka: ResolvedKafkaOptions,
    options: ResolvedConsumerOptions,
    cluster: ConsumerCluster = clusterOf(kafka, options),
  ) {
    const { clock, logger } = kafka;
    const context = { cluster, options, clock, logger, retried: { error: undefined }, closed: this.#closed.signal };
    this.#context = context;
    this.#fetcher = new Fetcher(context, this.#subscription, {
      onFetched: () => this.#poller.serve(),
      onOutOfRange: (partition) => void this.#positions.outOfRange(partition),
      onRecreated: (partition) => void this.#positions.recreated(partition),
      onTruncated: (partition, end) => this.#positions.truncated(partition, end),
      onFatal: (error) => this.#poller.fail(error),
    });
    this.#poller = new Poller(clock, this.#subscription, () => this.#fetcher.pump());
    this.#offsets = new Offsets(context);
    const coordinator = options.groupId === undefined ? undefined : new GroupCoordinator(context, options.groupId);
    this.#positions = new Positions({
      context,
      subscription: this.#subscription,
      offsets: this.#offsets,
      coordinator,
      onChanged: () => this.#positionsChanged(),
      onFatal: (error) => this.#poller.fail(error),
    });
    this.#group = coordinator && this.#groupSubscription(coordinator);
  }

  subscribe(topics: readonly string[] | RegExp, listener?: ConsumerRebalanceListener): Promise<void> {
    return this.#enter('subscribed', () => {
      requireTopics(topics);
      requireListener(listener);
      this.#poller.touch();
      this.#requireGroup('subscribe').subscribe(topics, listener);
    });
  }

  async assign(partitions: readonly TopicPartition[]): Promise<void> {
    await this.#enter('assigned', () => {
      this.#assigning.abort();
      this.#assigning = new AbortController();
    });
    const { signal } = this.#assigning;
    await requirePartitions(this.#context, partitions);
    if (isAborted(signal)) return;
    this.#subscription.assign(partitions);
    this.#positionsChanged(); // what is given up makes room for what is kept
    const unknown = this.#subscription.partitions.filter(({ buffer }) => buffer === undefined);
    await this.#positions.begin(unknown, { signal });
    if (isAborted(signal)) return;
    this.#subscription.activate();
    this.#positionsChanged();
  }

  poll(timeoutMs: number, maxRecords = Infinity): Promise<ConsumerRecords> {
    const problem = pollProblem(timeoutMs, maxRecords);
    if (problem !== undefined) return Promise.reject(problem);
    this.#group?.polled();
    return this.#poller.poll(timeoutMs, Math.min(maxRecords, this.#context.options.maxPollRecords));
  }

  wakeup(): void {
    this.#poller.wakeup();
  }

  pause(partitions: readonly TopicPartition[]): void {
    this.#setPaused(partitions, true);
  }

  resume(partitions: readonly TopicPartition[]): void {
    this.#setPaused(partitions, false);
  }

  paused(): readonly TopicPartition[] {
    return this.#subscription.partitions.filter(({ paused }) => paused).map(plain);
  }

  assignment(): readonly TopicPartition[] {
    return this.#subscription.partitions.map(plain);
  }

  seek(partition: TopicPartition, offset: number): void {
    requirePartitionName(partition);
    requireOffset(partition, offset);
    this.#subscription.require(partition).startAt(offset);
    this.#positionsChanged();
  }

  seekToBeginning(partitions: readonly TopicPartition[]): Promise<void> {
    return this.#seekTo(BEGINNING, partitions);
  }

  seekToEnd(partitions: readonly TopicPartition[]): Promise<void> {
    return this.#seekTo(END, partitions);
  }

  position(partition: TopicPartition): number {
    requirePartitionName(partition);
    const { position, missing } = this.#subscription.require(partition);
    if (position !== undefined) return position;
    throw missing ?? new IllegalStateError(`${describePartition(partition)} has no position yet`, 'NO_POSITION');
  }

  topicId(partition: TopicPartition): string | undefined {
    requirePartitionName(partition);
    const read = this.#subscription.get(partition)?.topicId; // of what is fetched, also while one made anew is found out
    return read ?? this.#context.cluster.metadata.topic(partition.topic)?.topicId;
  }

  async partitionsFor(topic: string): Promise<readonly PartitionInfo[]> {
    requireTopic(topic);
    this.#requireOpen();
    return toPartitionInfos(topic, await this.#context.cluster.metadata.ensure(topic));
  }

  async topicConfig(topic: string): Promise<Readonly<Record<string, string>>> {
    requireTopic(topic);
    this.#requireOpen();
    return topicConfig(this.#context, topic);
  }

  async commit(offsets: TopicPartitionOffsets): Promise<void> {
    requirePartitionNames(offsets);
    offsets.forEach(requireCommit);
    this.#requireOpen();
    await this.#requireGroup('commit').commits.commit(offsets);
  }

  async committed(partitions: readonly TopicPartition[]): Promise<TopicPartitionOffsets> {
    requirePartitionNames(partitions);
    this.#requireOpen();
    const { coordinator } = this.#requireGroup('committed');
    return this.#offsets.committed(coordinator, partitions, { timeoutMs: this.#context.options.requestTimeoutMs });
  }

  async offsetsForTimes(
    times: readonly (TopicPartition & { readonly timestamp: number })[],
  ): Promise<readonly (TopicPartitionOffset & { readonly timestamp: number })[]> {
    requireTimes(times);
    this.#requireOpen();
    await requirePartitions(this.#context, times);
    return this.#offsets.list(times, { timeoutMs: this.#context.options.requestTimeoutMs });
  }

  beginningOffsets(partitions: readonly TopicPartition[]): Promise<TopicPartitionOffsets> {
    return this.#endsOf(BEGINNING, partitions);
  }

  endOffsets(partitions: readonly TopicPartition[]): Promise<TopicPartitionOffsets> {
    return this.#endsOf(END, partitions);
  }

  lag(): readonly PartitionLag[] {
    const isCommitted = this.#context.options.isolationLevel === 'read_committed';
    return this.#subscription.partitions.flatMap((partition) => {
      if (partition.buffer === undefined) return [];
      const { position } = partition.buffer;
      const endOffset = isCommitted ? partition.lastStableOffset : partition.highWatermark;
      const lag = endOffset === undefined ? undefined : Math.max(0, endOffset - position);
      return [{ ...plain(partition), position, endOffset, lag }];
    });
  }

  get lastRetriedError(): unknown {
    return this.#context.retried.error;
  }

  groupMetadata(): ConsumerGroupMetadata {
    const { generationId = -1, memberId = '' } = this.#group?.generation ?? {};
    const { groupId = '', groupInstanceId } = this.#context.options;
    return { groupId, generationId, memberId, ...(groupInstanceId !== undefined && { groupInstanceId }) };
  }

  close({ timeoutMs = CLOSE_TIMEOUT_MS }: CloseOptions = {}): Promise<void> {
    this.#closing ??= this.#close(timeoutMs);
    return this.#closing;
  }

  async #close(timeoutMs: number): Promise<void> {
    const { clock, cluster, logger } = this.#context;
    this.#assigning.abort();
    this.#poller.interrupt();
    this.#poller.fail(closedError());
    const leaving = this.#group?.close().catch((error: unknown) => {
      logger.error({ error }, 'consumer: closing');
    });
    await Promise.race([leaving, pause(clock, timeoutMs, this.#closed.signal)]);
    this.#closed.abort();
    this.#fetcher.close();
    await cluster.close();
  }

  #groupSubscription(coordinator: GroupCoordinator): GroupSubscription {
    const { options } = this.#context;
    return new GroupSubscription({
      context: this.#context,
      coordinator,
      subscription: this.#subscription,
      positions: this.#positions,
      observer: {
        onActive: () => this.#positionsChanged(),
        onInactive: () => {
          this.#poller.interrupt();
          this.#fetcher.pump(); // for what is kept
        },
        onFatal: (error) => this.#poller.fail(error),
        isPolling: () => this.#poller.idleMs <= options.maxPollIntervalMs,
      },
    });
  }

  /** What is buffered goes to a poll that waits; what is not is fetched. */
  #positionsChanged(): void {
    this.#poller.serve();
    this.#fetcher.pump();
  }

  #setPaused(partitions: readonly TopicPartition[], paused: boolean): void {
    requirePartitionNames(partitions);
    for (const partition of partitions) {
      const assigned = this.#subscription.get(partition);
      if (assigned !== undefined) assigned.paused = paused;
    }
    this.#positionsChanged(); // also after a pause: what the others hold may be little enough now
  }

  async #seekTo(timestamp: number, partitions: readonly TopicPartition[]): Promise<void> {
    requirePartitionNames(partitions);
    const sought = partitions.map((partition) => this.#subscription.require(partition));
    for (const { offset, ...partition } of await this.#endsOf(timestamp, sought)) {
      const assigned = this.#subscription.get(partition);
      if (assigned !== undefined && sought.includes(assigned)) assigned.startAt(offset);
    }
    this.#positionsChanged();
  }

  async #endsOf(timestamp: number, partitions: readonly TopicPartition[]): Promise<TopicPartitionOffsets> {
    this.#requireOpen();
    await requirePartitions(this.#context, partitions);
    const queries = partitions.map(({ topic, partition }) => ({ topic, partition, timestamp }));
    const found = await this.#offsets.list(queries, { timeoutMs: this.#context.options.requestTimeoutMs });
    return found.map(({ topic, partition, offset }) => ({ topic, partition, offset }));
  }

  async #enter(mode: 'subscribed' | 'assigned', change: () => void): Promise<void> {
    if (this.#closing !== undefined) throw closedError();
    if (this.#mode !== 'none' && this.#mode !== mode) {
      throw new IllegalStateError('a consumer either subscribes or is assigned partitions', 'SUBSCRIPTION_CONFLICT');
    }
    change();
    this.#mode = mode;
    return Promise.resolve();
  }

  /** While it closes, the rebalance listener still commits and asks. */
  #requireOpen(): void {
    if (this.#closed.signal.aborted) throw closedError();
  }

  #requireGroup(what: string): GroupSubscription {
    if (this.#group !== undefined) return this.#group;
    throw new IllegalStateError(`${what} needs a groupId`, 'NO_GROUP_ID');
  }
}

const clusterOf = (kafka: ResolvedKafkaOptions, options: ResolvedConsumerOptions): Cluster =>
  new Cluster({
    ...kafka,
    requestTimeoutMs: options.requestTimeoutMs,
    metadataMaxAgeMs: options.metadataMaxAgeMs,
    allowAutoTopicCreation: false, // reading must not bring topics about
  });

const closedError = (): IllegalStateError => new IllegalStateError('the consumer is closed', 'CONSUMER_CLOSED');

const plain = ({ topic, partition }: TopicPartition): TopicPartition => ({ topic, partition });
