import type { PartitionSnapshot } from './container-snapshot.js';

/** Counts since the container was made. `polled = processed + filtered + recovered + parked + skipped + alreadyProcessed + abandoned + outstanding`, always. */
export interface ContainerCounters {
  /** Records that `poll` returned. */
  polled: number;
  /** Records that ended well: the listener returned or, under a manual `ackMode`, acknowledged. */
  processed: number;
  /** Records that the filter did not keep: their listener never saw them. */
  filtered: number;
  /** Records that the recoverer took: dead letters. */
  recovered: number;
  /** Records that went to the parked topic: they come to the listener from there. */
  parked: number;
  /** Records that came from the parked topic and ended: processed, recovered, skipped or filtered. */
  workedOff: number;
  /** Times that a key was handed back, as nothing of it was parked any more. */
  handedBack: number;
  /** Offsets of parked topics that were deleted before they were worked off. */
  parkedMissing: number;
  /** Records that whoever had lost their partition parked too late, and that were passed over: as often as they were read. */
  parkedLate: number;
  /** Records that ended unprocessed because a listener or the error handler said so. */
  skipped: number;
  /** Records that had ended before, and came again as one before them had not: their partition was taken away and given back or, with `offsetMap`, whoever had it told so. */
  alreadyProcessed: number;
  /** Records given up unfinished because their partition was revoked, lost, sought, or the container stopped: they come again, unless `commitBefore` had them committed. */
  abandoned: number;
  /** Attempts that failed and were tried again. */
  retried: number;
  /** Attempts that failed while their partition was being given up, so that no other follows here: those records are among `abandoned`. */
  leftBehind: number;
  /** Records that were copied out of what they were fetched with, as little else of that was left. See `bufferBytes`. */
  copiedOut: number;
  /** Times that a listener gave its record back, to get it again later. */
  nacked: number;
  /** Records whose last attempt failed: they were recovered or skipped, or the container stopped. A pause is no end: it leads to another attempt. */
  failed: number;
  /** Times that a recoverer failed. */
  recoveryFailures: number;
  /** Attempts that took longer than `handlerTimeoutMs`. */
  timedOut: number;
  /** Listeners that ended after their record was abandoned. */
  lateResults: number;
  /** Acknowledgments, and nacks, that came after their record was abandoned. */
  lateAcknowledgments: number;
  commits: number;
  commitFailures: number;
  /** Requests to commit that were answered, well or badly, or no longer waited for. */
  commitRequests: number;
  /** How long all of those took, in milliseconds. */
  commitTimeMs: number;
  /** How long the longest of them took, in milliseconds. */
  longestCommitTimeMs: number;
  /** With `offsetMap`: offsets written with a map of what had ended behind them. */
  offsetMaps: number;
  /** Those of them in which not all of it had room. */
  offsetMapsCut: number;
  /** Committed offsets with a text that was no map, or not theirs. */
  offsetMapsIgnored: number;
  /** Offsets that `shed` skipped. */
  shedOffsets: number;
  /** Consumers made after one that failed. */
  restarts: number;
  /** Times that partitions were assigned, or none: each is the end of a rebalance (Kafka's `rebalance-total`). */
  rebalances: number;
  /** Times that partitions were lost, as the group had thrown this member out. */
  losses: number;
}

/** A snapshot. */
export interface ContainerMetrics extends Readonly<ContainerCounters> {
  /** Records polled that have neither ended nor been abandoned: queued, running, waiting for a retry or an acknowledgment. */
  readonly outstanding: number;
  /** Records that wait for their turn. */
  readonly queued: number;
  /** Their keys, values and headers. */
  readonly queuedBytes: number;
  /** Those, and what records take that wait to be tried again or are with a recoverer: what `bufferBytes` is about. */
  readonly heldBytes: number;
  /** Listeners that run, also those whose record was abandoned meanwhile. */
  readonly running: number;
  /** Records that wait to be tried, or recovered, again. */
  readonly retrying: number;
  /** How long ago the oldest of `outstanding` was polled; undefined if there is none. */
  readonly oldestAgeMs: number | undefined;
  /** Keys whose records are parked. */
  readonly parkedKeys: number;
  /** Offsets that are not done, up to the end of each partition that was fetched from. */
  readonly lag: number;
  /** Partitions that are ours. */
  readonly assigned: number;
  /** Those of them that somebody keeps from being polled. */
  readonly paused: number;
  /** Those of them that one record holds up, as `partition:blocked` told. */
  readonly blocked: number;
}

/** What is counted by looking. */
export function gaugesOf(
  partitions: readonly PartitionSnapshot[],
): Pick<ContainerMetrics, 'outstanding' | 'oldestAgeMs' | 'retrying' | 'lag' | 'assigned' | 'paused'> {
  const sum = (of: (at: PartitionSnapshot) => number): number => partitions.reduce((total, at) => total + of(at), 0);
  const ages = partitions.flatMap(({ oldestAgeMs = [] }) => oldestAgeMs);
  return {
    outstanding: sum(({ outstanding }) => outstanding),
    oldestAgeMs: ages.length === 0 ? undefined : Math.max(...ages),
    retrying: sum(({ retrying }) => retrying),
    lag: sum(({ lag = 0 }) => lag),
    assigned: partitions.length,
    paused: sum(({ pausedBy }) => Math.sign(pausedBy.length)),
  };
}

export const newCounters = (): ContainerCounters => ({
  polled: 0,
  processed: 0,
  filtered: 0,
  recovered: 0,
  parked: 0,
  workedOff: 0,
  handedBack: 0,
  parkedMissing: 0,
  parkedLate: 0,
  skipped: 0,
  alreadyProcessed: 0,
  copiedOut: 0,
  abandoned: 0,
  retried: 0,
  leftBehind: 0,
  nacked: 0,
  failed: 0,
  recoveryFailures: 0,
  timedOut: 0,
  lateResults: 0,
  lateAcknowledgments: 0,
  commits: 0,
  commitFailures: 0,
  commitRequests: 0,
  commitTimeMs: 0,
  longestCommitTimeMs: 0,
  offsetMaps: 0,
  offsetMapsCut: 0,
  offsetMapsIgnored: 0,
  shedOffsets: 0,
  restarts: 0,
  rebalances: 0,
  losses: 0,
});
