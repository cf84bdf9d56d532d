import type { TopicPartition } from '@hearken/core';
import { atOnce, describe } from '@hearken/core/internal';
import type { PriorityNaming } from './priority-naming.js';

/** Where the records of one level are: in a topic, or in some of its partitions. */
export interface LevelPlace {
  readonly topic: string;
  /** Ascending. @default all of them */
  readonly partitions?: readonly number[];
}

/** Where a naming puts a level. */
export function placeOf(naming: PriorityNaming, topic: string, priority: number): LevelPlace {
  const partitions = atOnce('partitions', naming.partitions?.(topic, priority));
  const physical = atOnce('topic', naming.topic(topic, priority));
  if (partitions === undefined) return Object.freeze({ topic: physical });
  return Object.freeze({ topic: physical, partitions: Object.freeze(partitions.toSorted((a, b) => a - b)) });
}

/** What is wrong with a place that a naming made up, if anything. */
export function problemWith({ topic, partitions }: LevelPlace): string | undefined {
  if (typeof topic !== 'string' || topic === '') return `the topic must be a non-empty string, got ${describe(topic)}`;
  if (partitions === undefined) return undefined;
  if (partitions.length === 0) return `there must be a partition of ${topic}, got none`;
  const wrong = partitions.find((partition) => !Number.isSafeInteger(partition) || partition < 0);
  if (wrong !== undefined) return `partitions must be whole numbers from 0, got ${describe(wrong)}`;
  if (new Set(partitions).size < partitions.length) return `partitions of ${topic} are named twice`;
  return undefined;
}

/** Whether the place has this partition. */
export const holds = (place: LevelPlace, { topic, partition }: TopicPartition): boolean =>
  place.topic === topic && (place.partitions?.includes(partition) ?? true);

/** Whether a partition could be in both. */
export function overlap(one: LevelPlace, other: LevelPlace): boolean {
  if (one.topic !== other.topic) return false;
  return one.partitions?.some((partition) => holds(other, { topic: one.topic, partition })) ?? true;
}

/** "orders-2", or "jobs partitions 0, 1", for messages. */
export const describePlace = ({ topic, partitions }: LevelPlace): string =>
  partitions === undefined ? topic : `${topic} partition${partitions.length > 1 ? 's' : ''} ${partitions.join(', ')}`;
