import type { FetchResponse } from '@hearken/protocol';
import type { AssignedPartition } from './assigned-partition.js';

/** Where an epoch ends in the log of its leader, or the newest one before it that the log has. */
export type EpochEnd = NonNullable<FetchResponse['responses'][number]['partitions'][number]['divergingEpoch']>;

/** Whom the fetcher tells. */
export interface FetchObserver {
  /** Some partition may have something for `poll` now. */
  onFetched(): void;
  /** The log does not hold the position of this partition. */
  onOutOfRange(partition: AssignedPartition): void;
  /** What was fetched of this partition last is not in the log any more; up to this it may be. */
  onTruncated(partition: AssignedPartition, end: EpochEnd): void;
  /** The topic that the position belongs to is gone, and this is another one of its name. */
  onRecreated(partition: AssignedPartition): void;
  /** Nothing more can be fetched, for ever. */
  onFatal(error: unknown): void;
}
