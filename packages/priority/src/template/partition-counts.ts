import type { Logger, PartitionInfo } from '@hearken/core';
import { UnequalPartitionsError } from '../errors.js';
import type { LevelPlace } from '../naming/level-place.js';

/** What follows when levels of a topic have different numbers of partitions. */
export type UnequalPartitions = 'warn' | 'fail' | 'ignore';

/** A level as the check knows it. */
export interface CountedLevel {
  /** The logical topic. */
  readonly topic: string;
  readonly place: LevelPlace;
  /** How many partitions the level has; undefined until that is checked. */
  partitionCount: number | undefined;
  /** Under way: settles when it is known. */
  counting: Promise<number> | undefined;
}

export interface PartitionCountsInit {
  readonly unequalPartitions: UnequalPartitions;
  readonly partitionsFor: (topic: string) => Promise<readonly PartitionInfo[]>;
  /** Levels of the same topic that are in use. */
  readonly levelsOf: (topic: string) => readonly CountedLevel[];
  readonly logger: Logger;
}

/**
 * Checks that a key has the same partition number in all levels of a topic. Looks only at levels that are sent to, and
 * after their topic is asked for by the first send anyway: to look at the others could create them.
 */
export class PartitionCounts {
  readonly #init: PartitionCountsInit;
  readonly #counting = new Set<Promise<unknown>>();

  constructor(init: PartitionCountsInit) {
    this.#init = init;
  }

  /** What a keyed record has to wait for, if for anything. Rejects with UnequalPartitionsError, or if nobody can tell. */
  check(level: CountedLevel): Promise<unknown> | undefined {
    const { unequalPartitions } = this.#init;
    if (unequalPartitions === 'ignore' || level.partitionCount !== undefined) return undefined;
    const counting = (level.counting ??= this.#begin(level));
    return unequalPartitions === 'fail' ? counting : undefined;
  }

  /** Resolves when no check is under way. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#counting);
  }

  /**
   * Notes the end of the check before anyone who waits for it goes on: a send that comes in between would find the check
   * done and overtake them.
   */
  #begin(level: CountedLevel): Promise<number> {
    const counting = this.#count(level);
    this.#counting.add(counting);
    const over = (count: number | undefined): void => {
      level.partitionCount = count;
      level.counting = undefined;
      this.#counting.delete(counting);
    };
    counting.then(over, (error: unknown) => {
      over(undefined);
      this.#init.logger.debug({ error, topic: level.place.topic }, 'partitions not checked');
    });
    return counting;
  }

  async #count({ topic, place }: CountedLevel): Promise<number> {
    const { length } = await this.#init.partitionsFor(place.topic);
    const counts: Record<string, number> = { [place.topic]: length };
    for (const other of this.#init.levelsOf(topic)) {
      if (other.partitionCount !== undefined) counts[other.place.topic] = other.partitionCount;
    }
    if (Object.values(counts).every((count) => count === length)) return length;
    const error = new UnequalPartitionsError(topic, counts);
    if (this.#init.unequalPartitions === 'fail') throw error;
    this.#init.logger.warn({ error }, 'a key has another partition in each level');
    return length;
  }
}
