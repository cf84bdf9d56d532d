import type { Clock, PartitionLag, TopicPartition } from '@hearken/core';

/** Asking goes through all partitions: an answer is good for so long. */
const GOOD_FOR_MS = 50;

export interface BacklogElsewhereInit {
  /** What is left to be read, as far as the consumer knows. */
  readonly lag: () => readonly PartitionLag[];
  /** Whether a partition would be read if there were room. */
  readonly isRead: (partition: TopicPartition) => boolean;
  readonly clock: Clock;
}

/** Whether records wait to be read in other partitions than one that takes much of the buffer. */
export class BacklogElsewhere {
  readonly #init: BacklogElsewhereInit;
  /** Partitions with a backlog: that there are two, or which one it is, says it for any. */
  #behind: readonly TopicPartition[] = [];
  #askedAt = -Infinity;

  constructor(init: BacklogElsewhereInit) {
    this.#init = init;
  }

  isThere({ topic, partition }: TopicPartition): boolean {
    this.#look();
    return this.#behind.some((at) => at.partition !== partition || at.topic !== topic);
  }

  #look(): void {
    const { lag, isRead, clock } = this.#init;
    const now = clock.monotonic();
    if (now < this.#askedAt + GOOD_FOR_MS) return;
    this.#askedAt = now;
    this.#behind = lag().filter((at) => (at.lag ?? 0) > 0 && isRead(at));
  }
}
