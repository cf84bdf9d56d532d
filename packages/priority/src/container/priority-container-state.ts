/**
 * - `created`: nothing was done yet. Leads to starting, stopped.
 * - `starting`: all levels join their groups. Leads to running, stopping.
 * - `running`: all levels have started. Leads to stopping.
 * - `stopping`: all levels drain, commit and leave. Leads to stopped, failed.
 * - `stopped`: over, as asked.
 * - `failed`: over because of an error; `finished` rejected with it.
 */
export type PriorityContainerState = 'created' | 'starting' | 'running' | 'stopping' | 'stopped' | 'failed';

export const PRIORITY_CONTAINER_MOVES: Readonly<Record<PriorityContainerState, readonly PriorityContainerState[]>> = {
  created: ['starting', 'stopped'],
  starting: ['running', 'stopping'],
  running: ['stopping'],
  stopping: ['stopped', 'failed'],
  stopped: [],
  failed: [],
};
