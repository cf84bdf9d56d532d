import type { TopicPartitionOffsets } from '@hearken/core';

/**
 * - `created`: nothing was done yet. Leads to starting, stopped.
 * - `starting`: has a consumer that joins its group. Leads to running, restarting, stopping.
 * - `running`: polls and listens, also while it rebalances or is paused. Leads to restarting, stopping.
 * - `restarting`: its consumer failed: drains, commits, closes it, and waits before it makes another one. Leads to starting,
 *   stopping.
 * - `stopping`: polls no more, drains, commits, closes. Leads to stopped, failed.
 * - `stopped`: over, as asked.
 * - `failed`: over because of an error; `finished` rejected with it.
 */
export type ContainerState = 'created' | 'starting' | 'running' | 'restarting' | 'stopping' | 'stopped' | 'failed';

export const CONTAINER_MOVES: Readonly<Record<ContainerState, readonly ContainerState[]>> = {
  created: ['starting', 'stopped'],
  starting: ['running', 'restarting', 'stopping'],
  running: ['restarting', 'stopping'],
  restarting: ['starting', 'stopping'],
  stopping: ['stopped', 'failed'],
  stopped: [],
  failed: [],
};

export interface StopOptions {
  /** How long listeners may go on before their signals abort. @default the container's `shutdownTimeoutMs` */
  readonly timeoutMs?: number;
  /** Does not wait for running listeners: their signals abort at once, and only what has ended is committed. @default false */
  readonly immediate?: boolean;
}

/** How a stop went. */
export interface StopReport {
  /**
   * Whether every listener ended in time, and every record that ended is committed, so that none of them comes twice. It is
   * not if a record before it failed, or was not acknowledged, unless `offsetMap` has it told, or the last commit failed;
   * `commitBefore` knows no such thing. A record that did not end, as its listener failed meanwhile, is `abandoned` and keeps
   * nothing from being drained by itself.
   */
  readonly drained: boolean;
  /** Records that were polled and had not ended: they come again. */
  readonly abandoned: number;
  /** The committed offset of each partition owned at the end, where this container knows it. */
  readonly committed: TopicPartitionOffsets;
}
