import { codeOf, isKafkaError, type Timer } from '@hearken/core';
import { describePartition, describePartitions, topicPartitionKey } from '@hearken/core/internal';
import { errorCodes, fetchApi, isRetriableError, type FetchResponse } from '@hearken/protocol';
import { brokerError } from '../errors.js';
import { AbortedTransactions } from './aborted-transactions.js';
import { leaderOf, type ConsumerContext } from './consumer-context.js';
import type { FetchBuffer } from './fetch-buffer.js';
import { planFetches, type Fetch } from './fetch-plan.js';
import { fetchRequest, LAST_VERSION_BY_NAME } from './fetch-request.js';
import type { AssignedPartition, SubscriptionState } from './subscription-state.js';

/** Whom the fetcher tells. */
export interface FetchObserver {
  /** Some partition may have something for `poll` now. */
  onFetched(): void;
  /** The log does not hold the position of this partition. */
  onOutOfRange(partition: AssignedPartition): void;
  /** Nothing more can be fetched, for ever. */
  onFatal(error: unknown): void;
}

/** Failures in a row of one partition before a user should hear of it: about two seconds of trouble. */
const WARN_AFTER_FAILURES = 5;

type FetchedPartition = FetchResponse['responses'][number]['partitions'][number];

/** What a partition was when it was asked for. */
interface Sent {
  readonly partition: AssignedPartition;
  readonly buffer: FetchBuffer;
}

/** Keeps the buffers of the assigned partitions filled: what {@link planFetches} says, until it says nothing more. */
export class Fetcher {
  readonly #context: ConsumerContext;
  readonly #subscription: SubscriptionState;
  readonly #observer: FetchObserver;
  /** "node/role" of the fetches without an answer yet. */
  readonly #outstanding = new Set<string>();
  #retry: Timer | undefined;
  #isHeldBack = false;
  #hasFailed = false;
  /** Moves with every request: brokers fill an answer from its first partition on, so each comes first in turn. */
  #turn = 0;

  constructor(context: ConsumerContext, subscription: SubscriptionState, observer: FetchObserver) {
    this.#context = context;
    this.#subscription = subscription;
    this.#observer = observer;
  }

  /** To be called when a poll took something: there may be room for more. */
  madeRoom(): void {
    if (this.#isHeldBack) this.pump();
  }

  /** Sends every fetch that can be sent now. To be called whenever something changed; does nothing if nothing has. */
  pump(): void {
    if (this.#hasFailed || this.#context.closed.aborted) return;
    const { clock, cluster, options } = this.#context;
    const world = {
      nowMs: clock.monotonic(),
      leaderOf: (partition: AssignedPartition) => leaderOf(cluster, partition)?.leader,
      isBusy: (nodeId: number, role: Fetch['role']) => this.#outstanding.has(`${nodeId}/${role}`),
    };
    const plan = planFetches(this.#subscription.partitions, world, options);
    this.#isHeldBack = plan.isHeldBack;
    for (const fetch of plan.fetches) void this.#fetch(fetch);
    if (plan.leaderless.length > 0)
      this.#troubled(
        plan.leaderless,
        brokerError(errorCodes.LEADER_NOT_AVAILABLE, describePartitions(plan.leaderless)),
      );
    this.#armRetry(world.nowMs);
  }

  close(): void {
    this.#retry?.clear();
  }

  /** Never rejects. */
  async #fetch(fetch: Fetch): Promise<void> {
    const key = `${fetch.nodeId}/${fetch.role}`;
    const sent = fetch.partitions.map((partition) => ({ partition, buffer: partition.buffer }));
    for (const { partition, buffer } of sent) partition.fetchingFor = buffer;
    this.#outstanding.add(key);
    try {
      this.#accept(sent, await this.#send(fetch));
    } catch (error) {
      this.#interrupted(fetch, error);
    } finally {
      this.#outstanding.delete(key);
      for (const { partition, buffer } of sent) {
        if (partition.fetchingFor === buffer) partition.fetchingFor = undefined;
      }
    }
    this.#observer.onFetched();
    this.pump();
  }

  #send(fetch: Fetch): Promise<FetchResponse> {
    const { cluster, options } = this.#context;
    const request = fetchRequest(
      fetch,
      options,
      this.#turn++,
      (partition) => leaderOf(cluster, partition)?.leaderEpoch ?? -1,
    );
    return cluster.send(fetch.nodeId, fetch.role, fetchApi, request, {
      timeoutMs: options.requestTimeoutMs + fetch.maxWaitMs,
      maxVersion: LAST_VERSION_BY_NAME,
    });
  }

  #accept(sent: readonly Sent[], response: FetchResponse): void {
    if (response.errorCode !== 0) throw brokerError(response.errorCode, 'a fetch');
    const asked = new Map(sent.map((one) => [topicPartitionKey(one.partition), one]));
    for (const { topic, partitions } of response.responses) {
      for (const fetched of partitions) {
        const one = asked.get(topicPartitionKey({ topic, partition: fetched.partitionIndex }));
        // Assigned anew, sought or reset since it was asked for: this answers a question nobody has any more.
        if (one === undefined || one.partition.buffer !== one.buffer) continue;
        if (!this.#subscription.isCurrent(one.partition)) continue;
        if (fetched.errorCode === 0) this.#buffer(one, fetched);
        else this.#refused(one, fetched.errorCode);
      }
    }
  }

  #buffer({ partition, buffer }: Sent, fetched: FetchedPartition): void {
    partition.fetched();
    partition.highWatermark = fetched.highWatermark;
    partition.lastStableOffset = fetched.lastStableOffset;
    if (fetched.records === null || fetched.records.length === 0) return;
    buffer.append(fetched.records, new AbortedTransactions(fetched.abortedTransactions ?? []), this.#context.options);
  }

  #refused({ partition, buffer }: Sent, errorCode: number): void {
    const error = brokerError(errorCode, describePartition(partition));
    if (errorCode === errorCodes.OFFSET_OUT_OF_RANGE) {
      // With records left to poll, the position itself may be fine: asked again when they are used up.
      if (buffer.isEmpty) this.#observer.onOutOfRange(partition);
      else this.#troubled([partition], error);
    } else if (isRetriableError(errorCode)) {
      this.#troubled([partition], error);
    } else {
      this.#fail(error);
    }
  }

  #interrupted({ partitions }: Fetch, error: unknown): void {
    if (this.#context.closed.aborted || codeOf(error) === 'CLIENT_CLOSED') return;
    if (isKafkaError(error) && error.retriable) this.#troubled(partitions, error);
    else this.#fail(error);
  }

  /** Asking again would bring the same at once, and again. */
  #fail(error: unknown): void {
    this.#hasFailed = true;
    this.#observer.onFatal(error);
  }

  /** Leaves them alone for a while and asks who leads them now. */
  #troubled(partitions: readonly AssignedPartition[], error: unknown): void {
    const { clock, cluster, logger } = this.#context;
    const failures = Math.max(...partitions.map((partition) => partition.backOff(clock.monotonic())));
    const level = failures === WARN_AFTER_FAILURES ? 'warn' : 'debug';
    logger[level](
      { error, failures, partitions: describePartitions(partitions) },
      'consumer: cannot fetch, tries again',
    );
    cluster.metadata.refresh([...new Set(partitions.map(({ topic }) => topic))]).catch((cause: unknown) => {
      logger.debug({ error: cause }, 'consumer: no metadata, tries again');
    });
  }

  #armRetry(nowMs: number): void {
    this.#retry?.clear();
    this.#retry = undefined;
    let next = Infinity;
    for (const { retryAtMs } of this.#subscription.partitions) {
      if (retryAtMs > nowMs && retryAtMs < next) next = retryAtMs;
    }
    if (next < Infinity) this.#retry = this.#context.clock.setTimer(() => this.pump(), next - nowMs);
  }
}
