import type { TopicPartitionOffsets } from '@hearken/core';

/**
 * - `created`: nothing was done yet. Leads to starting, stopped.
 * - `starting`: joins its group. Leads to running, stopping.
 * - `running`: polls and listens, also while it rebalances or is paused. Leads to stopping.
 * - `stopping`: polls no more, drains, commits, closes. Leads to stopped, failed.
 * - `stopped`: over, as asked.
 * - `failed`: over because of an error; `finished` rejected with it.
 */
export type ContainerState = 'created' | 'starting' | 'running' | 'stopping' | 'stopped' | 'failed';

export const CONTAINER_MOVES: Readonly<Record<ContainerState, readonly ContainerState[]>> = {
  created: ['starting', 'stopped'],
  starting: ['running', 'stopping'],
  running: ['stopping'],
  stopping: ['stopped', 'failed'],
  stopped: [],
  failed: [],
};

export interface StopOptions {
  /** How long running listeners may go on before their signals abort. @default the container's `shutdownTimeoutMs` */
  readonly timeoutMs?: number;
}

/** How a stop went. */
export interface StopReport {
  /** Whether every running listener ended in time. */
  readonly drained: boolean;
  /** Records that were polled and had not ended: they come again. */
  readonly abandoned: number;
  /** The committed offset of each partition owned at the end, where this container knows it. */
  readonly committed: TopicPartitionOffsets;
}
