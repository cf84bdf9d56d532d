import type { ConsumerGroupMetadata, PartitionLag, TopicPartition } from '@hearken/core';
import type { ContainerState } from './container-state.js';
import type { Ownership } from './offsets/ownership.js';
import type { PauseOwner } from './pause/pause-owner.js';

/** One owned partition, as it stands. */
export interface PartitionSnapshot {
  readonly topic: string;
  readonly partition: number;
  readonly epoch: number;
  /** Offset of the next record to be polled. */
  readonly position: number;
  /** As far as this container knows; undefined before the first commit of a new group. */
  readonly committed: number | undefined;
  /** Where the partition ended when it was fetched from last; undefined before. */
  readonly endOffset: number | undefined;
  /** Offsets up to there that are not done: not polled, queued, running, or waiting. */
  readonly lag: number | undefined;
  /** Records that were polled and have not ended. */
  readonly outstanding: number;
  /** Offset of the oldest of them: what holds the commits back. */
  readonly oldestOutstanding: number | undefined;
  readonly queued: number;
  readonly running: number;
  /** Lanes that hold records. */
  readonly lanes: number;
  /** Who keeps it from being polled; empty while nobody does. */
  readonly pausedBy: readonly PauseOwner[];
}

/** A container, as it stands. Plain data that `JSON.stringify` takes; nothing of what records hold. */
export interface ContainerSnapshot {
  readonly state: ContainerState;
  /** Undefined without a consumer. */
  readonly group: ConsumerGroupMetadata | undefined;
  /** Whether everything is paused, but for what was resumed by name. */
  readonly paused: boolean;
  readonly partitions: readonly PartitionSnapshot[];
}

export const byTopicAndPartition = (a: TopicPartition, b: TopicPartition): number =>
  a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1;

export function partitionSnapshot(
  ownership: Ownership,
  endOffset: PartitionLag['endOffset'],
  pausedBy: readonly PauseOwner[],
): PartitionSnapshot {
  const { topic, partition, epoch, committed, tracker, lanes, running } = ownership;
  return {
    topic,
    partition,
    epoch,
    position: tracker.nextOffset,
    committed,
    endOffset,
    lag: endOffset === undefined ? undefined : Math.max(0, endOffset - tracker.committable),
    outstanding: tracker.outstanding,
    oldestOutstanding: tracker.oldestOutstanding,
    queued: lanes.queued,
    running,
    lanes: lanes.table.size,
    pausedBy,
  };
}
