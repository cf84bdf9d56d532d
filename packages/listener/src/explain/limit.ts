/** What kept a record from ending sooner, as seen from the line. */
export type Limit = 'slots' | 'executor' | 'loop' | 'lanes' | 'records';

export const LIMITS: readonly Limit[] = ['slots', 'executor', 'loop', 'lanes', 'records'];

/** The line, while a listener runs. */
export interface LineState {
  /** Whether a lane could start. */
  readonly isReady: boolean;
  /** Records that wait in lanes. */
  readonly queued: number;
  /** Slots that are free. */
  readonly available: number;
  /** Listeners that run, and how many may. */
  readonly running: number;
  readonly concurrency: number;
}

/**
 * What more of would let more records start:
 * - `records`: nothing waits;
 * - `lanes`: what waits stands behind what runs, or waits, in its lane;
 * - `loop`: a lane could start and a slot is free, but listeners have held the event loop long enough for now;
 * - `slots`: none is free, as most are taken here;
 * - `executor`: none is free, and most are not taken here: it limits a rate, or others use them.
 */
export function limitOf({ isReady, queued, available, running, concurrency }: LineState): Limit {
  if (!isReady) return queued > 0 ? 'lanes' : 'records';
  if (available > 0) return 'loop';
  return running * 2 > concurrency ? 'slots' : 'executor';
}
