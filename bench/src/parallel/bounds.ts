import { keyNumbers } from '../payloads.js';
import type { TopicPlan } from '../topics.js';

/** What handlers are asked to do. */
export interface Demand {
  /** Handlers that may run at once. */
  readonly concurrency: number;
  /** What one takes, in the mean. */
  readonly latencyMs: number;
  /** The part of all records that the most frequent key has. */
  readonly hottestShare: number;
  /** What one of that key takes, in the mean. @default latencyMs */
  readonly hottestMs?: number;
}

/** Records a second that nobody can exceed. */
export interface Bounds {
  /** C / L: a handler on every slot all the time. */
  readonly slots: number;
  /** 1 / (L * p_max): a handler on the most frequent key all the time, and the others do not have to wait. */
  readonly hottestKey: number;
}

export const boundsOf = ({ concurrency, latencyMs, hottestShare, hottestMs = latencyMs }: Demand): Bounds => ({
  slots: (concurrency * 1000) / latencyMs,
  hottestKey: 1000 / (hottestMs * hottestShare),
});

/** The most frequent key. */
export interface Hottest {
  readonly key: number;
  /** Its part of all records. */
  readonly share: number;
}

/** Of the records of a topic, counted. */
export function hottestOf({ records, keys, skew = 0 }: Pick<TopicPlan, 'records' | 'keys' | 'skew'>): Hottest {
  const counts = new Uint32Array(keys);
  const next = keyNumbers(keys, skew);
  let hottest = 0;
  for (let i = 0; i < records; i++) {
    const key = next();
    counts[key] = (counts[key] ?? 0) + 1;
    if ((counts[key] ?? 0) > (counts[hottest] ?? 0)) hottest = key;
  }
  return { key: hottest, share: (counts[hottest] ?? 0) / records };
}
