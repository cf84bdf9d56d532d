import type { ContainerHealth, ContainerMetrics, ContainerSnapshot } from '@hearken/listener';
import type { LatencyHistogram } from './latency-sample.js';
import type { LevelWait } from './level-explanation.js';
import type { LevelName } from './priority-events.js';
import type { PriorityContainerState } from './priority-container-state.js';

/** One level: what its container counts, and what came of sharing. */
export interface LevelMetrics extends LevelName, ContainerMetrics {
  /** Attempts that got a slot: a record that is tried again gets one again. */
  readonly started: number;
  /** Slots it has now. */
  readonly slots: number;
  /** Its part of all starts since the policy was made, from 0 to 1; undefined before the first. */
  readonly share: number | undefined;
  /** What its part should be where all levels have records, by weight. */
  readonly targetShare: number;
  /** How long a record has been able to start without one of the level starting, in milliseconds, as last looked. */
  readonly waitedMs: number;
  /**
   * From a record's timestamp to its start, in milliseconds: a moving mean over every 32nd record, or the first record of every
   * 32nd batch, retries included. As good as the clocks of who wrote them. Undefined before the first of them.
   */
  readonly latencyMs: number | undefined;
  /** The same records, counted by how long that was. */
  readonly latencyHistogram: LatencyHistogram;
  readonly isPaused: boolean;
}

/** A snapshot of counts. */
export interface PriorityMetrics {
  readonly capacity: number;
  /** Slots taken, over all levels. */
  readonly slots: number;
  /** Starts of a record while one of a more urgent level could have started: what weights and floors are for. */
  readonly inversions: number;
  /** By level, 0 first. */
  readonly levels: readonly LevelMetrics[];
}

/** A policy and what it decides by. */
export interface PolicySnapshot {
  readonly name: string;
  readonly weights: readonly number[];
  readonly minShares: readonly number[];
  /** What the policy itself tells. */
  readonly state?: Readonly<Record<string, unknown>>;
}

export interface LevelSnapshot extends LevelName {
  /** Whether a record could start if the policy chose the level and a slot were free. */
  readonly isReady: boolean;
  readonly isPaused: boolean;
  readonly slots: number;
  /** Slots it could take now. */
  readonly available: number;
  /** What its records wait for: why it does not move, if it does not. */
  readonly waitsFor: readonly LevelWait[];
  readonly container: ContainerSnapshot;
}

/** As it stands. */
export interface PrioritySnapshot {
  readonly state: PriorityContainerState;
  readonly capacity: number;
  /** Slots taken, over all levels; more than `capacity` for a while where that was made smaller. */
  readonly slots: number;
  readonly policy: PolicySnapshot;
  readonly levels: readonly LevelSnapshot[];
}

/** Why the last record that started was of its level. */
export interface DispatchExplanation extends LevelName {
  readonly policy: string;
  /** The policy's own words. */
  readonly reason: string;
  /** The levels that could have started, the most urgent first. */
  readonly ready: readonly string[];
}

export interface PriorityHealth {
  /** Starting the process anew would not help: false when the container failed, or a level is not live. */
  readonly live: boolean;
  /** Every level has its partitions and reads them. */
  readonly ready: boolean;
  /** `'up'`: every level is. `'degraded'`: ready, but a level has reasons to say more. `'down'`: not ready. */
  readonly status: 'up' | 'degraded' | 'down';
  readonly state: PriorityContainerState;
  readonly levels: readonly (LevelName & ContainerHealth)[];
  /** Why it failed. */
  readonly error?: unknown;
}
