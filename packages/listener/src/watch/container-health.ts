import type { ContainerState } from '../container-state.js';

/**
 * - `NOT_STARTED`, `STARTING`, `STOPPING`, `STOPPED`: where it is in its life.
 * - `RESTARTING`: its consumer failed; it mends itself.
 * - `FAILED`: it is over, because of `error`.
 * - `REBALANCING`: its group is between two assignments, or has thrown it out.
 * - `LOOP_NOT_TURNING`: nothing was polled for the consumer's `maxPollIntervalMs`.
 * - `LISTENER_HANGING`: listeners have not ended though they were told to by `handlerTimeoutMs`.
 * - `PARTITION_STALLED`: nothing goes on in a partition that has something to do; see `noProgressTimeoutMs`.
 * - `PARTITION_BLOCKED`: one record keeps a partition from being committed, in which nearly all else has ended.
 * - `KEYS_PARKED`: records of some keys are parked, as one of them could not be processed.
 * - `COMMITS_FAILING`: offsets of a partition cannot be committed.
 */
export type HealthReasonCode =
  | 'NOT_STARTED'
  | 'STARTING'
  | 'RESTARTING'
  | 'STOPPING'
  | 'STOPPED'
  | 'FAILED'
  | 'REBALANCING'
  | 'LOOP_NOT_TURNING'
  | 'LISTENER_HANGING'
  | 'PARTITION_STALLED'
  | 'PARTITION_BLOCKED'
  | 'KEYS_PARKED'
  | 'COMMITS_FAILING';

/** Something that is not as it should be, or not yet. */
export interface HealthReason {
  readonly code: HealthReasonCode;
  readonly message: string;
  /** For how long so far, where that is known. */
  readonly forMs?: number;
  readonly error?: unknown;
}

/** How a container is: for probes, and for people who ask why. */
export interface ContainerHealth {
  /** Starting the process anew would not help: false when the container is over because of an error, or its loop is stuck. */
  readonly live: boolean;
  /** It has its partitions, of which there may be none, and reads them. */
  readonly ready: boolean;
  /** `'up'`: ready, with no reason to say more. `'degraded'`: ready, with reasons. `'down'`: not ready. */
  readonly status: 'up' | 'degraded' | 'down';
  /** The gravest first; empty when all is well. */
  readonly reasons: readonly HealthReason[];
  readonly state: ContainerState;
  readonly assigned: number;
  readonly paused: number;
  /** Milliseconds since the poll loop last turned; undefined before its first turn. */
  readonly lastTurnMsAgo: number | undefined;
  /** Why it failed. */
  readonly error?: unknown;
}

const DEADLY: ReadonlySet<HealthReasonCode> = new Set(['FAILED', 'LOOP_NOT_TURNING']);
const TOLERABLE: ReadonlySet<HealthReasonCode> = new Set([
  'LISTENER_HANGING',
  'PARTITION_STALLED',
  'PARTITION_BLOCKED',
  'KEYS_PARKED',
  'COMMITS_FAILING',
]);

/** What the reasons amount to. */
export function verdictOf(reasons: readonly HealthReason[]): Pick<ContainerHealth, 'live' | 'ready' | 'status'> {
  const live = !reasons.some(({ code }) => DEADLY.has(code));
  const ready = reasons.every(({ code }) => TOLERABLE.has(code));
  return { live, ready, status: !ready ? 'down' : reasons.length > 0 ? 'degraded' : 'up' };
}
