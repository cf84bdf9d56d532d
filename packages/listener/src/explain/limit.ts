/** What kept a record from ending sooner, as seen from the line. */
export type Limit = 'slots' | 'executor' | 'loop' | 'lanes' | 'records';

export const LIMITS: readonly Limit[] = ['slots', 'executor', 'loop', 'lanes', 'records'];

/** The line, while a listener runs. */
export interface LineState {
  /** Whether a lane could start. */
  readonly isReady: boolean;
  /** If none could, records that wait behind others of their lane. */
  readonly behind: number;
  /** Slots that are free. */
  readonly available: number;
  /** Listeners that run, and how many may. */
  readonly running: number;
  readonly concurrency: number;
}

/**
 * What more of would let more records start:
 * - `records`: nothing waits, or only for more of its batch;
 * - `lanes`: what waits stands behind what runs, or waits, in its lane;
 * - `loop`: a lane could start and a slot is free, but listeners have held the event loop long enough for now;
 * - `slots`: none is free, as most are taken here;
 * - `executor`: none is free, and most are not taken here: it limits a rate, or others use them.
 */
export function limitOf({ isReady, behind, available, running, concurrency }: LineState): Limit {
  if (!isReady) return behind > 0 ? 'lanes' : 'records';
  if (available > 0) return 'loop';
  return running * 2 > concurrency ? 'slots' : 'executor';
}
