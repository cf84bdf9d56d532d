/**
 * - `created`: nothing was done yet. Leads to starting, stopping.
 * - `starting`: topics are made, templates resolved, listeners start. Leads to running, stopping.
 * - `running`: every listener that starts by itself has started. Leads to stopping.
 * - `stopping`: listeners drain, templates flush, producers close, beans are let go. Leads to stopped, failed.
 * - `stopped`: over, as asked.
 * - `failed`: over because of an error; `finished` rejected with it.
 */
export type ApplicationState = 'created' | 'starting' | 'running' | 'stopping' | 'stopped' | 'failed';

export const APPLICATION_MOVES: Readonly<Record<ApplicationState, readonly ApplicationState[]>> = {
  created: ['starting', 'stopping'],
  starting: ['running', 'stopping'],
  running: ['stopping'],
  stopping: ['stopped', 'failed'],
  stopped: [],
  failed: [],
};
