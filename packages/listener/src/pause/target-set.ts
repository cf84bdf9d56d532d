import type { TopicPartition } from '@hearken/core';

/** A topic, with all its partitions, or one partition. */
export type PartitionTarget = string | TopicPartition;

interface TopicEntry {
  /** What was said of the topic; undefined if nothing was, and what is said of everything holds. */
  all: boolean | undefined;
  /** What was said of partitions since. */
  readonly partitions: Map<number, boolean>;
}

/**
 * Partitions named one by one, by their topic or all at once, also those that nobody knows yet. The last word on a partition
 * counts: take one out of everything, and everything else stays in it.
 */
export class TargetSet {
  #all = false;
  readonly #topics = new Map<string, TopicEntry>();

  /** Of a topic, or of everything: whether what was not named more closely is in. */
  has(target?: PartitionTarget): boolean {
    if (target === undefined) return this.#all;
    if (typeof target === 'string') return this.#topics.get(target)?.all ?? this.#all;
    const entry = this.#topics.get(target.topic);
    return entry?.partitions.get(target.partition) ?? entry?.all ?? this.#all;
  }

  /** @param targets undefined is everything */
  add(targets: readonly PartitionTarget[] | undefined): void {
    this.#put(targets, true);
  }

  /** @param targets undefined is everything */
  remove(targets: readonly PartitionTarget[] | undefined): void {
    this.#put(targets, false);
  }

  #put(targets: readonly PartitionTarget[] | undefined, isIn: boolean): void {
    if (targets === undefined) {
      this.#all = isIn;
      this.#topics.clear();
    } else for (const target of targets) this.#putOne(target, isIn);
  }

  #putOne(target: PartitionTarget, isIn: boolean): void {
    if (typeof target === 'string') this.#topics.set(target, { all: isIn, partitions: new Map() });
    else this.#entry(target.topic).partitions.set(target.partition, isIn);
  }

  #entry(topic: string): TopicEntry {
    const entry = this.#topics.get(topic) ?? { all: undefined, partitions: new Map<number, boolean>() };
    this.#topics.set(topic, entry);
    return entry;
  }
}
