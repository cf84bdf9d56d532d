import type { TopicPartition } from '@hearken/core';
import { atOnce } from '@hearken/core/internal';
import { PriorityOutOfRangeError } from '../errors.js';
import type { LevelPlace } from './level-place.js';
import { SuffixNaming, type PriorityNaming } from './priority-naming.js';

/**
 * Puts levels where they are already: in topics that have names of their own, or in partitions of one topic (the "bucket"
 * pattern). Topics it does not know get the names of another naming.
 *
 * A level in partitions is read by a group that shares out those and no others. All its members have to read the same topics in
 * the same partitions: who reads others is refused (`INCONSISTENT_GROUP_PROTOCOL`). So before they change, all members stop, or the group is another.
 */
export class PlacedNaming implements PriorityNaming {
  readonly #places: ReadonlyMap<string, readonly LevelPlace[]>;
  readonly #others: PriorityNaming;

  /**
   * @param places by logical topic, a place for each level, the least urgent first: `{ mail: ['newsletters', 'receipts'] }`
   * @param others names groups, and other topics. @default new SuffixNaming()
   */
  constructor(
    places: Readonly<Record<string, readonly (string | LevelPlace)[]>>,
    others: PriorityNaming = new SuffixNaming(),
  ) {
    this.#places = new Map(
      Object.entries(places).map(([topic, levels]) => [
        topic,
        levels.map((place) => (typeof place === 'string' ? { topic: place } : place)),
      ]),
    );
    this.#others = others;
  }

  /** @throws PriorityOutOfRangeError for a level without a place */
  topic(topic: string, priority: number): string {
    return this.#placeOf(topic, priority)?.topic ?? this.#others.topic(topic, priority);
  }

  partitions(topic: string, priority: number): readonly number[] | undefined {
    if (this.#places.has(topic)) return this.#placeOf(topic, priority)?.partitions;
    return this.#others.partitions?.(topic, priority);
  }

  group(groupId: string, priority: number): string {
    return this.#others.group(groupId, priority);
  }

  #placeOf(topic: string, priority: number): LevelPlace | undefined {
    const places = this.#places.get(topic);
    if (places === undefined) return undefined;
    const place = places[priority];
    if (place !== undefined) return place;
    throw new PriorityOutOfRangeError(`${topic} has places for levels 0 to ${places.length - 1}, none for ${priority}`);
  }
}

/** Which level a partition belongs to; undefined if to none. */
export type PriorityResolver = (partition: TopicPartition) => number | undefined;

/**
 * The places of a topic whose partitions are levels, as a rule says: `({ partition }) => (partition < 2 ? 1 : 0)`.
 * @param partitionCount how many partitions of the topic it is asked about: a number that all processes agree on, so not what the
 *   topic has when one of them starts. Raised as the partitions of a level are changed: see {@link PlacedNaming}
 */
export function placesByResolver(
  topic: string,
  partitionCount: number,
  levels: number,
  resolver: PriorityResolver,
): readonly LevelPlace[] {
  const all = Array.from({ length: partitionCount }, (_, partition) => partition);
  return Array.from({ length: levels }, (_, priority) => ({
    topic,
    partitions: all.filter((partition) => atOnce('a PriorityResolver', resolver({ topic, partition })) === priority),
  }));
}

/**
 * The places of a topic whose partitions are cut into one piece per level, the first partitions for the least urgent one.
 * The sizes are said, not worked out of the topic's partition count: partitions that are added change nobody's level.
 * @param sizes partitions of each level, the least urgent first
 */
export function partitionBuckets(topic: string, sizes: readonly number[]): readonly LevelPlace[] {
  let first = 0;
  return sizes.map((size) => {
    const begin = first;
    first += size;
    return { topic, partitions: Array.from({ length: size }, (_, index) => begin + index) };
  });
}
