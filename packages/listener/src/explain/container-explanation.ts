import type { TopicPartition } from '@hearken/core';
import type { Binding, ThroughputBounds } from './bounds.js';

/** A key whose records are many: in partition order, a partition. */
export interface HotKey extends TopicPartition {
  /** As text, or in hexadecimal digits after `0x`; of a long one the beginning. Null for records without one, and for a partition. */
  readonly key: string | null;
  /** From 0 to 1: its part of the records that came lately, at least. */
  readonly share: number;
  /** And at most. */
  readonly shareAtMost: number;
  /**
   * Its part of those of its partition, at least: no more than 1 / (latency * this) of that partition end in a second, and while
   * it is held up others are polled, so that `share` falls.
   */
  readonly shareOfPartition: number;
}

/** Lanes are records that run one after the other: those of a key of a partition, or of a partition. */
export interface LaneCounts {
  /** Those that hold records. */
  readonly liveLanes: number;
  /** Those of them that could start. */
  readonly readyLanes: number;
}

/** One owned partition. */
export interface PartitionExplanation extends TopicPartition, LaneCounts {
  readonly queued: number;
  /** Records that came since the oldest one that has not ended, itself included: what `windowRecords` bounds. */
  readonly windowSpan: number;
  /** Those of them that have not ended. */
  readonly incompletes: number;
  /** The oldest of those, which commits wait for. */
  readonly oldest: { readonly offset: number; readonly ageMs: number } | undefined;
}

/** Why a container does not do more, and what it could do at most. Plain data. */
export interface ContainerExplanation extends LaneCounts {
  readonly binding: Binding;
  /** The same for people. */
  readonly reason: string;
  readonly bounds: ThroughputBounds;
  /** Records that end in a second, since this was asked for last and five seconds ago or more; undefined the first time. */
  readonly recordsPerSecond: number | undefined;
  /** Mean time from a listener's call to its end, lately; undefined before one was measured. */
  readonly latencyMs: number | undefined;
  /** How many listeners may run, */
  readonly concurrency: number;
  /** and how many do. */
  readonly inFlight: number;
  /** Records that wait in lanes. */
  readonly queued: number;
  /** Their keys and values. */
  readonly queuedBytes: number;
  /** The eight that had most records lately, the hottest first; empty without an order. */
  readonly hottest: readonly HotKey[];
  readonly partitions: readonly PartitionExplanation[];
}
