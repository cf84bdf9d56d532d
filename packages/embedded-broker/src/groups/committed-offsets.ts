import { topicPartitionKey } from '@hearken/core/internal';

export interface CommittedOffset {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** -1 if unknown. */
  readonly leaderEpoch: number;
  /** Empty if none was given. */
  readonly metadata: string;
}

/** A commit and its place in the order of all of the group's commits. */
interface Entry {
  readonly committed: CommittedOffset;
  readonly order: number;
}
type Entries = Map<string, Entry>;

/** What one group committed, and what transactions will have committed when they end. */
export class CommittedOffsets {
  readonly #entries: Entries = new Map();
  /** By producer id. */
  readonly #staged = new Map<number, Entries>();
  #commits = 0;

  commit(committed: CommittedOffset): void {
    this.#put(this.#entries, committed);
  }

  /** Counts once the producer's transaction is committed. */
  stage(producerId: number, committed: CommittedOffset): void {
    const staged = this.#staged.get(producerId) ?? new Map<string, Entry>();
    this.#staged.set(producerId, staged);
    this.#put(staged, committed);
  }

  /** A plain commit that came after the transaction's own stays: the later request wins, not the later end. */
  completeTransaction(producerId: number, isCommitted: boolean): void {
    const staged = this.#staged.get(producerId) ?? [];
    this.#staged.delete(producerId);
    if (!isCommitted) return;
    for (const [key, entry] of staged) {
      if ((this.#entries.get(key)?.order ?? -1) < entry.order) this.#entries.set(key, entry);
    }
  }

  get(topic: string, partition: number): CommittedOffset | undefined {
    return this.#entries.get(topicPartitionKey({ topic, partition }))?.committed;
  }

  /** Whether an open transaction will set this partition's offset. */
  isUnstable(topic: string, partition: number): boolean {
    const key = topicPartitionKey({ topic, partition });
    return [...this.#staged.values()].some((staged) => staged.has(key));
  }

  all(): readonly CommittedOffset[] {
    return Array.from(this.#entries.values(), ({ committed }) => committed);
  }

  delete(topic: string, partition: number): void {
    this.#deleteWhere((committed) => committed.topic === topic && committed.partition === partition);
  }

  deleteTopic(topic: string): void {
    this.#deleteWhere((committed) => committed.topic === topic);
  }

  #put(entries: Entries, committed: CommittedOffset): void {
    entries.set(topicPartitionKey(committed), { committed, order: this.#commits++ });
  }

  #deleteWhere(isGone: (committed: CommittedOffset) => boolean): void {
    for (const entries of [this.#entries, ...this.#staged.values()]) {
      for (const [key, { committed }] of entries) if (isGone(committed)) entries.delete(key);
    }
  }
}
