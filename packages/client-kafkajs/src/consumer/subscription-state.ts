import { IllegalStateError, type TopicPartition } from '@hearken/core';
import { describePartition, topicPartitionKey } from '@hearken/core/internal';
import { AssignedPartition, type PartitionObserver } from './assigned-partition.js';
import { HeldBytes } from './held-bytes.js';

/**
 * What the consumer reads now. Changed by rebalances and by the user's calls, read by the fetcher and `poll`. Both find here
 * which partitions they have to look at, so that their work grows with what happens and not with what is assigned.
 */
export class SubscriptionState {
  readonly #observer: PartitionObserver;
  #partitions = new Map<string, AssignedPartition>();
  #list: readonly AssignedPartition[] = [];
  /** Every partition that is ready, and such as were; the one whose turn it is comes first. */
  readonly #ready = new Set<AssignedPartition>();
  readonly #changed = new Set<AssignedPartition>();
  readonly #buffered = new HeldBytes<AssignedPartition>();
  readonly #pollable = new HeldBytes<AssignedPartition>();

  /** @param onReady called when a partition has something for `poll` that was being decompressed */
  constructor(onReady: () => void) {
    this.#observer = { onReady, onChanged: (partition) => this.#onChanged(partition) };
  }

  /** In the order of assignment. */
  get partitions(): readonly AssignedPartition[] {
    return this.#list;
  }

  /** Fetched and not polled, over all partitions. */
  get bufferedBytes(): number {
    return this.#buffered.total;
  }

  /** What of that can be polled, now or when it is decompressed. */
  get pollableBytes(): number {
    return this.#pollable.total;
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
    return this.#partitions.get(partition.key) === partition;
  }

  /** Replaces the assignment. Partitions that stay go on where they are; one that was gone in between begins anew. */
  assign(partitions: readonly TopicPartition[]): readonly AssignedPartition[] {
    const before = this.#list;
    const next = partitions.map((at) => this.get(at) ?? new AssignedPartition(at, this.#observer));
    this.#partitions = new Map(next.map((partition) => [partition.key, partition]));
    this.#list = [...this.#partitions.values()];
    for (const partition of before) if (!this.isCurrent(partition)) this.#onChanged(partition);
    return this.#list;
  }

  activate(): void {
    for (const partition of this.#list) partition.active = true;
  }

  /** Nothing is fetched or polled any more; positions can still be read. */
  deactivate(): void {
    for (const partition of this.#list) partition.active = false;
  }

  /**
   * Visits the partitions that are ready, each once at most, the one that waited longest first, until `visit` returns false
   * or throws: then that one is the first again next time.
   */
  visitReady(visit: (partition: AssignedPartition) => boolean): void {
    let left = this.#ready.size;
    for (const partition of this.#ready) {
      if (left-- === 0) return;
      if (this.#isReady(partition) && !visit(partition)) return;
      this.#ready.delete(partition);
      if (this.#isReady(partition)) this.#ready.add(partition);
    }
  }

  /** The partitions that something changed about since this was last asked, also such as are not assigned any more. */
  takeChanged(): readonly AssignedPartition[] {
    const changed = [...this.#changed];
    this.#changed.clear();
    return changed;
  }

  #isReady(partition: AssignedPartition): boolean {
    return partition.isReady && this.isCurrent(partition);
  }

  #onChanged(partition: AssignedPartition): void {
    this.#changed.add(partition);
    if (partition.isReady) this.#ready.add(partition);
    this.#count(partition);
  }

  #count(partition: AssignedPartition): void {
    const { active, paused, buffer } = partition;
    const bytes = this.isCurrent(partition) ? (buffer?.bytes ?? 0) : 0;
    this.#buffered.set(partition, bytes);
    this.#pollable.set(partition, active && !paused ? bytes : 0);
  }
}
