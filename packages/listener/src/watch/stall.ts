import type { PartitionSnapshot } from '../container-snapshot.js';

/**
 * What the records of a partition that does not go on wait for:
 * - `listener`: listeners run.
 * - `retry`: records wait to be tried again, or for their recoverer.
 * - `slot`: records are ready, and the executor has no free slot.
 * - `executor`: its concurrency is 0.
 * - `acknowledgment`: records were given to the listener and are not acknowledged.
 * - `fetch`: there are records to read, and none come; or it cannot be found out where to begin.
 */
export type StallReason = 'listener' | 'retry' | 'slot' | 'executor' | 'acknowledgment' | 'fetch';

/** Since when a partition stands where it stands. */
export interface Standstill {
  readonly epoch: number;
  /** Its oldest record that has not ended, or its position. */
  readonly at: number;
  /** When it was first seen there with something to do, on the monotonic clock. */
  readonly since: number;
}

const NOWHERE = -1;

const committableOf = ({ oldestOutstanding, position = NOWHERE }: PartitionSnapshot): number =>
  oldestOutstanding ?? position;

/** Somebody paused it, who has to resume it: not to go on is what is wanted. */
const isHeld = ({ pausedBy }: PartitionSnapshot): boolean => pausedBy.includes('user') || pausedBy.includes('failure');

/** Where nobody can say where to begin, nobody knows that there is nothing to read. */
const hasWork = ({ outstanding, position, lag = 0 }: PartitionSnapshot): boolean =>
  outstanding > 0 || lag > 0 || position === undefined;

/**
 * The standstill of a partition as it is seen now. By what may be committed, which is what goes on in the end: a partition that
 * is read on and on while its oldest record hangs replays all of it one day.
 */
export function standstillOf(before: Standstill | undefined, partition: PartitionSnapshot, now: number): Standstill {
  const { epoch } = partition;
  const at = committableOf(partition);
  const stands = before?.epoch === epoch && before.at === at && hasWork(partition) && !isHeld(partition);
  return stands ? before : { epoch, at, since: now };
}

/** All that its records wait for. */
export function stallReasons(partition: PartitionSnapshot, freeSlots: number): readonly StallReason[] {
  const { outstanding, queued, running, retrying, pausedBy } = partition;
  const isShut = pausedBy.includes('executor');
  const reasons: readonly (readonly [StallReason, boolean])[] = [
    ['executor', isShut],
    ['listener', running > 0],
    ['retry', retrying > 0],
    ['slot', queued > 0 && freeSlots === 0 && !isShut],
    ['acknowledgment', outstanding > queued + running + retrying],
    ['fetch', outstanding === 0 && !isShut],
  ];
  return reasons.filter(([, applies]) => applies).map(([reason]) => reason);
}
