import { codeOf, isKafkaError } from '@hearken/core';
import { describePartition, describePartitions, topicPartitionKey } from '@hearken/core/internal';
import { errorCodes, fetchApi, isRetriableError, type FetchResponse } from '@hearken/protocol';
import { backOffMs } from '../cluster/back-off.js';
import { brokerError } from '../errors.js';
import { AbortedTransactions } from './aborted-transactions.js';
import { BackOffs } from './back-offs.js';
import { BufferedMemory } from './buffered-memory.js';
import { leaderOf, type ConsumerContext } from './consumer-context.js';
import type { FetchObserver } from './fetch-observer.js';
import { FetchPlan, standingOf, type Fetch, type FetchEntry } from './fetch-plan.js';
import { fetchRequest, LAST_VERSION_BY_NAME } from './fetch-request.js';
import { WARN_AFTER_FAILURES } from './retrying.js';
import type { AssignedPartition } from './assigned-partition.js';
import type { SubscriptionState } from './subscription-state.js';

/** How long nothing may be asked while there is some room. Many times what a fetch takes, and soon enough for one that was sought. */
const LONGEST_GAP_MS = 500;

type FetchedPartition = FetchResponse['responses'][number]['partitions'][number];

/**
 * Keeps the buffers of the assigned partitions filled: a {@link FetchPlan} for each node says what to ask of it, until it
 * says nothing more. Partitions about which nothing changed are not looked at: with a thousand idle ones assigned, a fetch
 * costs what it brings.
 */
// Long because one request, its answer and its failure are read together: what one of them forgets, another fetches twice.
export class Fetcher {
  readonly #context: ConsumerContext;
  readonly #subscription: SubscriptionState;
  readonly #observer: FetchObserver;
  /** By node. */
  readonly #plans = new Map<number, FetchPlan>();
  /** Where a partition is, or would be, fetched. */
  readonly #placed = new Map<AssignedPartition, FetchPlan>();
  /** Of topics, by their ids. */
  readonly #names = new Map<string, string>();
  readonly #backOffs: BackOffs;
  readonly #memory: BufferedMemory;
  #hasFailed = false;
  #seenRevision = -1;
  /** Moves with every request: brokers fill an answer from its first partition on, so each comes first in turn. */
  #turn = 0;
  /** When the last request was sent, on the monotonic clock. */
  #sentAtMs = -Infinity;

  constructor(context: ConsumerContext, subscription: SubscriptionState, observer: FetchObserver) {
    this.#context = context;
    this.#subscription = subscription;
    this.#observer = observer;
    this.#memory = new BufferedMemory(subscription, context.options.fetchMaxBytes);
    this.#backOffs = new BackOffs(context.clock, (due) => this.#retryNow(due));
  }

  /** Sends every fetch that can be sent now. To be called whenever something changed; does nothing if nothing has. */
  pump(): void {
    if (this.#hasFailed || this.#context.closed.aborted) return;
    this.#placeAll(this.#changed());
    const { fetchMaxWaitMs } = this.#context.options;
    const room = this.#room();
    if (room === 0) return;
    const share = Math.ceil(room / this.#nodesToAsk); // each may bring all that it is asked for
    for (const [nodeId, plan] of this.#plans) {
      for (let fetch = plan.next(fetchMaxWaitMs); fetch !== undefined; fetch = plan.next(fetchMaxWaitMs)) {
        void this.#fetch(nodeId, plan, fetch, share);
      }
    }
  }

  close(): void {
    this.#backOffs.close();
  }

  /**
   * How much to fetch; 0 for nothing yet. When there is room for as much as can be polled still, which is half of it all
   * where nothing is paused: a fetch for every bit of room that a poll makes would bring little each. With less room from time
   * to time while somebody polls, as there may be records of partitions of which nothing is held, and to know where they end.
   * Where nothing can be polled, as all that is held is of paused partitions, polling would never make room.
   */
  #room(): number {
    const { clock, options } = this.#context;
    const { fetchMaxBytes, maxPartitionFetchBytes } = options;
    const { bufferedBytes, pollableBytes } = this.#subscription;
    const room = fetchMaxBytes - bufferedBytes;
    if (pollableBytes === 0) return Math.max(room, Math.min(fetchMaxBytes, maxPartitionFetchBytes));
    if (room >= pollableBytes) return room;
    return clock.monotonic() >= this.#sentAtMs + LONGEST_GAP_MS ? Math.max(0, room) : 0;
  }

  /** Nodes that lead what is wanted; 1 at least. */
  get #nodesToAsk(): number {
    let nodes = 0;
    for (const { isWanted } of this.#plans.values()) if (isWanted) nodes++;
    return Math.max(1, nodes);
  }

  /** What metadata told anew may concern every partition. */
  #changed(): readonly AssignedPartition[] {
    const changed = this.#subscription.takeChanged();
    const { revision } = this.#context.cluster.metadata;
    if (revision === this.#seenRevision) return changed;
    this.#seenRevision = revision;
    this.#names.clear();
    return [...changed, ...this.#subscription.partitions];
  }

  #placeAll(partitions: readonly AssignedPartition[]): void {
    const leaderless = partitions.filter((partition) => !this.#place(partition));
    if (leaderless.length === 0) return;
    this.#troubled(leaderless, brokerError(errorCodes.LEADER_NOT_AVAILABLE, describePartitions(leaderless)));
    this.#placeAll(this.#subscription.takeChanged()); // they back off now
  }

  /** Tells the plans where this partition stands. False if it is wanted and nobody leads it. */
  #place(partition: AssignedPartition): boolean {
    const { cluster, clock, options } = this.#context;
    const nowMs = clock.monotonic();
    const isCurrent = this.#subscription.isCurrent(partition);
    const standing = isCurrent ? standingOf(partition, nowMs, options.maxPartitionFetchBytes) : 'idle';
    const leader = standing === 'idle' ? undefined : leaderOf(cluster, partition);
    const plan = leader && this.#planOf(leader.leader);
    if (this.#placed.get(partition) !== plan) this.#move(partition, plan);
    if (standing === 'held-back' && partition.retryAtMs > nowMs) this.#backOffs.add(partition);
    if (leader === undefined || plan === undefined) return standing !== 'wanted';
    if (standing === 'wanted') this.#want(plan, partition, leader.leaderEpoch);
    else plan.drop(partition);
    return true;
  }

  #planOf(nodeId: number): FetchPlan {
    let plan = this.#plans.get(nodeId);
    if (plan === undefined) this.#plans.set(nodeId, (plan = new FetchPlan()));
    return plan;
  }

  #move(partition: AssignedPartition, plan: FetchPlan | undefined): void {
    this.#placed.get(partition)?.drop(partition);
    if (plan === undefined) this.#placed.delete(partition);
    else this.#placed.set(partition, plan);
  }

  #want(plan: FetchPlan, assigned: AssignedPartition, leaderEpoch: number): void {
    const { topic, partition, buffer } = assigned;
    const topicId = this.#context.cluster.metadata.topic(topic)?.topicId;
    if (assigned.topicId !== undefined && topicId !== undefined && assigned.topicId !== topicId) {
      plan.drop(assigned);
      this.#observer.onRecreated(assigned);
    } else if (buffer !== undefined) {
      if (topicId !== undefined) this.#names.set(topicId, topic);
      assigned.topicId = topicId;
      const { fetchOffset, lastFetchedEpoch } = buffer;
      plan.want({ topic, topicId, partition, fetchOffset, leaderEpoch, lastFetchedEpoch, assigned, buffer });
    }
  }

  /** Never rejects. */
  async #fetch(nodeId: number, plan: FetchPlan, fetch: Fetch, maxBytes: number): Promise<void> {
    try {
      const response = await this.#send(nodeId, fetch, maxBytes);
      plan.answered(fetch, response.errorCode, response.sessionId);
      this.#accept(fetch, response);
    } catch (error) {
      plan.lost(fetch);
      this.#interrupted(fetch, error);
    }
    this.#observer.onFetched();
    this.pump();
  }

  #send(nodeId: number, fetch: Fetch, maxBytes: number): Promise<FetchResponse> {
    const { clock, cluster, options } = this.#context;
    const turn = this.#turn++;
    this.#sentAtMs = clock.monotonic();
    return cluster.send(
      nodeId,
      fetch.role,
      fetchApi,
      (version: number) => fetchRequest(fetch, { ...options, maxBytes, turn, version }),
      {
        timeoutMs: options.requestTimeoutMs + fetch.maxWaitMs,
        maxVersion: fetch.usesTopicIds ? undefined : LAST_VERSION_BY_NAME,
      },
    );
  }

  #accept(fetch: Fetch, { errorCode, responses }: FetchResponse): void {
    if (errorCode !== 0) {
      // A session that is gone is opened anew at once; a broker that opens none is left alone for a while.
      if (fetch.sessionEpoch > 0 && isRetriableError(errorCode)) return;
      throw brokerError(errorCode, 'a fetch');
    }
    for (const { topic, topicId, partitions } of responses) {
      const name = topic === '' ? this.#names.get(topicId) : topic;
      if (name === undefined) continue;
      for (const fetched of partitions) {
        const entry = fetch.asked(topicPartitionKey({ topic: name, partition: fetched.partitionIndex }));
        if (entry === undefined || !this.#isAwaited(entry)) continue;
        if (fetched.errorCode === 0) this.#buffer(entry, fetched);
        else this.#refused(entry, fetched.errorCode);
      }
    }
  }

  /**
   * False if it was assigned anew, sought or reset since, or another leader answered first: the answer is to a question
   * nobody has any more.
   */
  #isAwaited({ assigned, buffer, fetchOffset }: FetchEntry): boolean {
    return assigned.buffer === buffer && buffer.fetchOffset === fetchOffset && this.#subscription.isCurrent(assigned);
  }

  #buffer({ assigned }: FetchEntry, fetched: FetchedPartition): void {
    const { records, abortedTransactions, divergingEpoch } = fetched;
    assigned.fetched();
    assigned.highWatermark = fetched.highWatermark;
    assigned.lastStableOffset = fetched.lastStableOffset;
    if (divergingEpoch !== undefined) this.#observer.onTruncated(assigned, divergingEpoch);
    else if (records !== null && records.length > 0) {
      const { checkCrcs } = this.#context.options;
      const memory = this.#memory.of(records);
      assigned.append(records, new AbortedTransactions(abortedTransactions ?? []), { checkCrcs, memory });
    }
  }

  #refused({ assigned, buffer }: FetchEntry, errorCode: number): void {
    const error = brokerError(errorCode, describePartition(assigned));
    if (errorCode === errorCodes.OFFSET_OUT_OF_RANGE) {
      // With records left to poll, the position itself may be fine: asked again when they are used up.
      if (buffer.isEmpty) this.#observer.onOutOfRange(assigned);
      else this.#troubled([assigned], error);
    } else if (isRetriableError(errorCode) || errorCode === errorCodes.UNKNOWN_SERVER_ERROR) {
      this.#troubled([assigned], error); // what the broker cannot name may pass, as Java's FetchCollector takes it
    } else {
      this.#fail(error);
    }
  }

  #interrupted(fetch: Fetch, error: unknown): void {
    if (this.#context.closed.aborted || codeOf(error) === 'CLIENT_CLOSED') return;
    const awaited = fetch.all().filter((entry) => this.#isAwaited(entry));
    if (!isKafkaError(error) || !error.retriable) this.#fail(error);
    else if (awaited.length > 0)
      this.#troubled(
        awaited.map(({ assigned }) => assigned),
        error,
      );
  }

  /** Asking again would bring the same at once, and again. */
  #fail(error: unknown): void {
    this.#hasFailed = true;
    this.#observer.onFatal(error);
  }

  /** Leaves them alone for a while, all for the same so that they come back in one fetch, and asks who leads them now. */
  #troubled(partitions: readonly AssignedPartition[], error: unknown): void {
    const { clock, cluster, logger } = this.#context;
    const failures = Math.max(...partitions.map((partition) => partition.failed()));
    const retryAtMs = clock.monotonic() + backOffMs(failures, Math.random());
    for (const partition of partitions) partition.backOff(retryAtMs);
    const level = failures === WARN_AFTER_FAILURES ? 'warn' : 'debug';
    logger[level](
      { error, failures, partitions: describePartitions(partitions) },
      'consumer: cannot fetch, tries again',
    );
    cluster.metadata.refresh([...new Set(partitions.map(({ topic }) => topic))]).catch((cause: unknown) => {
      logger.debug({ error: cause }, 'consumer: no metadata, tries again');
    });
  }

  #retryNow(due: readonly AssignedPartition[]): void {
    this.#placeAll(due);
    this.pump();
  }
}
