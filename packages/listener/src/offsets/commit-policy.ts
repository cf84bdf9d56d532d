import type { AckMode } from '../container-properties.js';

/** When a commit that nobody waits for is due. Durations in milliseconds; Infinity is never. */
export interface CommitPolicy {
  /** So many records make a commit due… */
  readonly records: number;
  /** …and so does the time since the last one, for however few… */
  readonly afterMs: number;
  /** …or since the last record that ended. */
  readonly quietMs: number;
  /** But two are never closer than this. */
  readonly spacingMs: number;
}

/** What a commit now would find. */
export interface Uncommitted {
  /** How many records it would cover. */
  readonly records: number;
  readonly sinceCommitMs: number;
  readonly sinceEndMs: number;
}

/** How long until the commit is due; 0 is now. */
export function dueInMs(policy: CommitPolicy, { records, sinceCommitMs, sinceEndMs }: Uncommitted): number {
  const { afterMs, quietMs, spacingMs } = policy;
  const wantedIn = records >= policy.records ? 0 : Math.min(afterMs - sinceCommitMs, quietMs - sinceEndMs);
  return Math.max(0, spacingMs - sinceCommitMs, wantedIn);
}

export interface CommitPolicySettings {
  readonly ackMode: AckMode;
  /** Given with the count modes. */
  readonly ackCount: number | undefined;
  readonly ackTimeMs: number;
  readonly commitIntervalMs: number;
  readonly pollTimeoutMs: number;
}

/**
 * After Spring's `AckMode`, but by clock and count instead of by polls: there COUNT and TIME are looked at when the poll loop
 * comes by. What COUNT leaves over is committed on an empty poll there, and here when nothing has ended for as long as one
 * waits; otherwise the last records of a day would stay uncommitted over the night.
 */
export function commitPolicyOf(settings: CommitPolicySettings): CommitPolicy {
  const { ackMode, ackTimeMs, commitIntervalMs, pollTimeoutMs } = settings;
  const ackCount = settings.ackCount ?? 1;
  switch (ackMode) {
    case 'count':
      return { records: ackCount, afterMs: Infinity, quietMs: pollTimeoutMs, spacingMs: commitIntervalMs };
    case 'count-time':
      return { records: ackCount, afterMs: ackTimeMs, quietMs: Infinity, spacingMs: commitIntervalMs };
    case 'time':
      return atMostEvery(ackTimeMs);
    case 'manual-immediate':
      return atMostEvery(0);
    default:
      return atMostEvery(commitIntervalMs);
  }
}

const atMostEvery = (spacingMs: number): CommitPolicy => ({
  records: 0,
  afterMs: Infinity,
  quietMs: Infinity,
  spacingMs,
});
