import { IllegalStateError, type KafkaError, type PartitionRecords, type TopicPartition } from '@hearken/core';
import { describePartition, topicPartitionKey } from '@hearken/core/internal';
import { backOffMs } from '../cluster/back-off.js';
import { FetchBuffer } from './fetch-buffer.js';

/**
 * One partition that this consumer reads. A new object at every assignment, so whoever holds one can tell whether it is
 * still the assigned one.
 */
export class AssignedPartition implements TopicPartition {
  readonly topic: string;
  readonly partition: number;
  /** Absent while the position is unknown. Replaced, never emptied: a buffer is one epoch of reading. */
  buffer: FetchBuffer | undefined;
  paused = false;
  /** Whether it may be fetched and polled: from the end of `onPartitionsAssigned` until it is being taken away. */
  active = false;
  highWatermark: number | undefined;
  lastStableOffset: number | undefined;
  /** The buffer that the outstanding fetch is for. If it is not `buffer`, its answer will be dropped. */
  fetchingFor: FetchBuffer | undefined;
  /** Not fetched before this time of the monotonic clock: its leader is unknown or refused. */
  retryAtMs = 0;
  #failures = 0;
  #missing: KafkaError | undefined;
  readonly #onReady: () => void;

  constructor({ topic, partition }: TopicPartition, onReady: () => void) {
    this.topic = topic;
    this.partition = partition;
    this.#onReady = onReady;
  }

  /** Reads on from here; what was buffered or is being fetched is void. */
  startAt(offset: number): void {
    this.buffer = new FetchBuffer(this, offset, this.#onReady);
    this.#missing = undefined;
    this.retryAtMs = 0;
  }

  /** There is no position, and nothing will bring one but a seek: `take` throws this until then. */
  cannotStart(error: KafkaError): void {
    this.#missing = error;
  }

  /** Not to be fetched for a while. Returns how often in a row that was said. */
  backOff(nowMs: number): number {
    this.#failures++;
    this.retryAtMs = nowMs + backOffMs(this.#failures, Math.random());
    return this.#failures;
  }

  fetched(): void {
    this.#failures = 0;
  }

  get isFetching(): boolean {
    return this.fetchingFor !== undefined && this.fetchingFor === this.buffer;
  }

  /** Why there is no position, if it is known. */
  get missing(): KafkaError | undefined {
    return this.#missing;
  }

  /** Whether `poll` may take from it, and finds something. */
  get isReady(): boolean {
    return this.active && !this.paused && (this.#missing !== undefined || this.buffer?.isReady === true);
  }

  /** {@link FetchBuffer.take} */
  take(max: number): PartitionRecords | undefined {
    if (this.#missing !== undefined) throw this.#missing;
    return this.buffer?.take(max);
  }
}

/** What the consumer reads now. Changed by rebalances and by the user's calls, read by the fetcher and `poll`. */
export class SubscriptionState {
  readonly #onReady: () => void;
  #partitions = new Map<string, AssignedPartition>();
  #list: readonly AssignedPartition[] = [];

  /** @param onReady called when a partition has something for `poll` that was being decompressed */
  constructor(onReady: () => void) {
    this.#onReady = onReady;
  }

  /** In the order of assignment. */
  get partitions(): readonly AssignedPartition[] {
    return this.#list;
  }

  get(partition: TopicPartition): AssignedPartition | undefined {
    return this.#partitions.get(topicPartitionKey(partition));
  }

  /** @throws IllegalStateError `NOT_ASSIGNED` */
  require(partition: TopicPartition): AssignedPartition {
    const assigned = this.get(partition);
    if (assigned !== undefined) return assigned;
    throw new IllegalStateError(`${describePartition(partition)} is not assigned to this consumer`, 'NOT_ASSIGNED');
  }

  /** Whether this very assignment of the partition still stands. */
  isCurrent(partition: AssignedPartition): boolean {
    return this.get(partition) === partition;
  }

  /** Replaces the assignment. Everything begins anew, partitions that were assigned before too. */
  assign(partitions: readonly TopicPartition[]): readonly AssignedPartition[] {
    this.#partitions = new Map();
    return this.reassign(partitions);
  }

  /** Replaces the assignment; partitions that stay go on where they are. */
  reassign(partitions: readonly TopicPartition[]): readonly AssignedPartition[] {
    this.#partitions = new Map(
      partitions.map((partition) => [
        topicPartitionKey(partition),
        this.get(partition) ?? new AssignedPartition(partition, this.#onReady),
      ]),
    );
    this.#list = [...this.#partitions.values()];
    return this.#list;
  }

  activate(): void {
    for (const partition of this.#list) partition.active = true;
  }

  /** Nothing is fetched or polled any more; positions can still be read. */
  deactivate(): void {
    for (const partition of this.#list) partition.active = false;
  }
}
