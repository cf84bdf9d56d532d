import type { ConsumerGroupMetadata, PartitionLag, TopicPartition } from '@hearken/core';
import type { ContainerState } from './container-state.js';
import type { WaitingRun } from './dispatch/run-list.js';
import type { Ownership } from './offsets/ownership.js';
import type { ParkedKeySnapshot } from './parking/parking.js';
import type { PauseOwner } from './pause/pause-owner.js';

/** One owned partition, as it stands. */
export interface PartitionSnapshot {
  readonly topic: string;
  readonly partition: number;
  readonly epoch: number;
  /** Offset of the next record to be polled; undefined while it is looked for where to begin, as of a partition nobody leads. */
  readonly position: number | undefined;
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
  /** Since it was polled. */
  readonly oldestAgeMs: number | undefined;
  readonly queued: number;
  /** Keys, values and headers of those. */
  readonly queuedBytes: number;
  /** With what records take that wait to be tried again, or are with a recoverer. */
  readonly heldBytes: number;
  readonly running: number;
  /** Records that wait to be tried again, or for their recoverer to be asked again. */
  readonly retrying: number;
  /** Lanes that hold records. */
  readonly lanes: number;
  /** Who keeps it from being polled; empty while nobody does. */
  readonly pausedBy: readonly PauseOwner[];
}

/** A listener that runs. */
export interface RunningListener extends TopicPartition {
  /** Of its record; of a batch, the first one's. */
  readonly offset: number;
  readonly attempt: number;
  /** How long, to the turn of the event loop in which it started. */
  readonly runningMs: number;
  /** Its partition was given up, reset or sought: whatever it comes to is too late. */
  readonly isLate: boolean;
}

/** A record that waits to be tried, or recovered, again. */
export interface WaitingRecord extends TopicPartition {
  readonly offset: number;
  /** Which it waits for; of a record to be recovered, its last. */
  readonly attempt: number;
  readonly dueInMs: number;
}

/** A container, as it stands. Plain data that `JSON.stringify` takes; nothing of what records hold. */
export interface ContainerSnapshot {
  readonly state: ContainerState;
  /** Undefined without a consumer. */
  readonly group: ConsumerGroupMetadata | undefined;
  /** Whether everything is paused, but for what was resumed by name. */
  readonly paused: boolean;
  readonly partitions: readonly PartitionSnapshot[];
  /** The hundred that run longest; `metrics().running` counts all. */
  readonly running: readonly RunningListener[];
  /** The hundred that are due first. */
  readonly waiting: readonly WaitingRecord[];
  /** Keys whose records are parked: the hundred that have been for longest. They are shown, as nobody could mend them unnamed. */
  readonly parked: readonly ParkedKeySnapshot[];
}

/** Lists are for people to look at: a thousand entries would tell no more. */
const LONGEST_LIST = 100;

export const byTopicAndPartition = (a: TopicPartition, b: TopicPartition): number =>
  a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1;

export function partitionSnapshot(
  ownership: Ownership,
  endOffset: PartitionLag['endOffset'],
  pausedBy: readonly PauseOwner[],
  now: number,
): PartitionSnapshot {
  const { topic, partition, epoch, committed, hasPosition, tracker, lanes, running, retries, oldestAt } = ownership;
  return {
    topic,
    partition,
    epoch,
    position: hasPosition ? tracker.nextOffset : undefined,
    committed,
    endOffset,
    lag: endOffset === undefined || !hasPosition ? undefined : Math.max(0, endOffset - tracker.committable),
    outstanding: tracker.outstanding,
    oldestOutstanding: tracker.oldestOutstanding,
    oldestAgeMs: oldestAt === undefined ? undefined : now - oldestAt,
    queued: lanes.queued,
    queuedBytes: lanes.queuedBytes,
    heldBytes: lanes.heldBytes,
    running,
    retrying: retries.size,
    lanes: lanes.table.size,
    pausedBy,
  };
}

/** @param runs the oldest first */
export function runningListeners(runs: Iterable<WaitingRun>, now: number): readonly RunningListener[] {
  const running: RunningListener[] = [];
  for (const { waitsFor } of runs) {
    if (waitsFor === undefined) continue;
    if (running.push(runningListener(waitsFor, now)) === LONGEST_LIST) break;
  }
  return running;
}

function runningListener({ work, since }: NonNullable<WaitingRun['waitsFor']>, now: number): RunningListener {
  const { record, attempt } = work.lead;
  return { ...placeOf(record), attempt, runningMs: now - since, isLate: work.ownership.isOver };
}

export function waitingRecords(owned: Iterable<Ownership>, now: number): readonly WaitingRecord[] {
  const waits = Array.from(owned, ({ retries }) => [...retries]).flat();
  return waits
    .sort((a, b) => a.dueAt - b.dueAt)
    .slice(0, LONGEST_LIST)
    .map(({ record, attempt, dueAt }) => ({ ...placeOf(record), attempt, dueInMs: Math.max(0, dueAt - now) }));
}

const placeOf = ({ topic, partition, offset }: TopicPartition & { readonly offset: number }) => ({
  topic,
  partition,
  offset,
});
