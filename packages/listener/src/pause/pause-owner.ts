/**
 * Who keeps a partition from being read, each for itself:
 * - `user`: `pause`, until `resume`.
 * - `failure`: the error handler decided so, until `resume`.
 * - `back-pressure`: too many of its records are queued or unfinished.
 * - `executor`: its `concurrency` is 0.
 */
export type PauseOwner = 'user' | 'failure' | 'back-pressure' | 'executor';

export const PAUSE_OWNERS: readonly PauseOwner[] = ['user', 'failure', 'back-pressure', 'executor'];
