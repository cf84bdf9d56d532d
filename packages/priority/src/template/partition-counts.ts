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
  /** Nothing is left to be waited for. */
  isChecked: boolean;
  /** The check under way. */
  checking: Promise<void> | undefined;
}

export interface PartitionCountsInit {
  readonly unequalPartitions: UnequalPartitions;
  readonly partitionsFor: (topic: string) => Promise<readonly PartitionInfo[]>;
  readonly logger: Logger;
}

/**
 * Checks that a key has the same partition number in all levels of a topic. Looks only at levels that are sent to, and
 * after their topic is asked for by the first send anyway: to look at the others could create them.
 */
export class PartitionCounts {
  readonly #init: PartitionCountsInit;
  /** By logical topic, then by the topic of a level. */
  readonly #known = new Map<string, Record<string, number>>();
  readonly #underWay = new Set<Promise<void>>();

  constructor(init: PartitionCountsInit) {
    this.#init = init;
  }

  /** What a keyed record has to wait for, if for anything. Rejects with UnequalPartitionsError, or if nobody can tell. */
  check(level: CountedLevel): Promise<void> | undefined {
    const { unequalPartitions } = this.#init;
    if (unequalPartitions === 'ignore' || level.isChecked) return undefined;
    const checking = (level.checking ??= this.#begin(level));
    return unequalPartitions === 'fail' ? checking : undefined;
  }

  /** Resolves when no check is under way. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#underWay);
  }

  /**
   * Notes the end in the first reaction, right before those of the sends that wait: noted any earlier, a send that comes in
   * between would find the check done and overtake them.
   */
  #begin(level: CountedLevel): Promise<void> {
    const checking = this.#compare(level);
    this.#underWay.add(checking);
    const over = (isChecked: boolean): void => {
      level.isChecked = isChecked;
      level.checking = undefined;
      this.#underWay.delete(checking);
    };
    checking.then(
      () => over(true),
      (error: unknown) => {
        over(false);
        this.#init.logger.debug({ error, topic: level.place.topic }, 'partitions not checked');
      },
    );
    return checking;
  }

  /** Compared and noted at once: levels that are met at the same moment would miss each other. */
  async #compare({ topic, place }: CountedLevel): Promise<void> {
    const { length } = await this.#init.partitionsFor(place.topic);
    const counts = { ...this.#known.get(topic), [place.topic]: length };
    const isEqual = Object.values(counts).every((count) => count === length);
    const error = isEqual ? undefined : new UnequalPartitionsError(topic, counts);
    if (error !== undefined && this.#init.unequalPartitions === 'fail') throw error;
    this.#known.set(topic, counts);
    if (error !== undefined) this.#init.logger.warn({ error }, 'a key has another partition in each level');
  }
}
