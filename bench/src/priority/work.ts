import { setTimeout as sleep } from 'node:timers/promises';
import type { Handle } from './readers.js';

/** What is done with each record, whoever reads it: it takes its time, and both ends are told. */
export interface Work {
  /** How long the next record takes, in milliseconds: whole ones, at least 1, as a timer takes it. */
  readonly takesMs: () => number;
  readonly started?: (level: number, value: Buffer | null) => void;
  /** @param tookMs as delivered */
  readonly ended?: (level: number, tookMs: number) => void;
}

/** The work as a listener does it. */
export const doing =
  ({ takesMs, started, ended }: Work): Handle =>
  async (level, value) => {
    started?.(level, value);
    const startedAt = performance.now();
    await sleep(takesMs());
    ended?.(level, performance.now() - startedAt);
  };
