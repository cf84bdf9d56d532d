import type { Limit } from './limit.js';

/** Records a second that cannot be exceeded, each for a reason of its own. The least of them is what there can be. */
export interface ThroughputBounds {
  /** Slots divided by latency, C / L. Undefined before a listener was measured, and while there are no slots. */
  readonly concurrency: number | undefined;
  /**
   * What one lane can do, divided by the share of the hottest one, 1 / (L * p): the records of a key (in partition order: of
   * a partition) run one after the other. By the share that the key has for sure, so it may be lower. Undefined without an order.
   */
  readonly hottestKey: number | undefined;
  /** What one thread can do, by the time that a listener holds it before it first waits; undefined where that is none. */
  readonly eventLoop: number | undefined;
}

export interface Measured {
  readonly concurrency: number;
  /** Mean latency of a call. */
  readonly latencyMs: number | undefined;
  /** How much of it the event loop was held for. */
  readonly heldMs: number | undefined;
  readonly recordsPerCall: number;
  /** From 0 to 1, of the hottest lane; undefined without lanes. */
  readonly share: number | undefined;
}

/** See `ThroughputBounds`. */
export function boundsOf({ concurrency, latencyMs, heldMs, recordsPerCall, share }: Measured): ThroughputBounds {
  const perSecond = (calls: number, ms: number | undefined): number | undefined =>
    ms === undefined || ms === 0 || calls === 0 ? undefined : (calls * recordsPerCall * 1_000) / ms;
  return {
    concurrency: perSecond(concurrency, latencyMs),
    hottestKey: share === undefined || share === 0 ? undefined : perSecond(1 / share, latencyMs),
    eventLoop: perSecond(1, heldMs),
  };
}

/**
 * What keeps a container from doing more.
 * - `concurrency`: all slots are taken, and records wait for one. More slots would help.
 * - `hottest-key`, `hottest-partition`: records wait for the one before them of the same key, or partition; slots are free.
 * - `retries`: they wait for one that is to be tried again, or for a commit.
 * - `event-loop`: listeners compute more than they wait. Worker threads or another process would help, and slots would not.
 * - `executor`: it gives no slots though fewer run than may: it limits a rate, it is open, or others use it.
 * - `fetch`: slots are free and nothing is queued, though there is more in the log.
 * - `input`: everything there is has been read.
 * - `paused`: all partitions are.
 */
export type Binding =
  | 'concurrency'
  | 'hottest-key'
  | 'hottest-partition'
  | 'retries'
  | 'event-loop'
  | 'executor'
  | 'fetch'
  | 'input'
  | 'paused';

export interface BindingFacts {
  /** What was short when calls ended lately, or else what is short now. */
  readonly limit: Limit;
  readonly bounds: ThroughputBounds;
  readonly ordering: 'partition' | 'key' | 'none';
  readonly isPaused: boolean;
  /** The executor is held back, or has no slots at all. */
  readonly isShut: boolean;
  /** More of what is queued waits behind records that are to be tried again than behind such as run. */
  readonly waitsForRetries: boolean;
  /** The log has more than was polled. */
  readonly hasMore: boolean;
}

/** Which bound it is. */
export function bindingOf({ limit, bounds, ordering, waitsForRetries, hasMore, ...line }: BindingFacts): Binding {
  if (line.isPaused) return 'paused';
  if (line.isShut) return 'executor';
  switch (limit) {
    case 'slots':
      return (bounds.eventLoop ?? Infinity) <= (bounds.concurrency ?? 0) ? 'event-loop' : 'concurrency';
    case 'executor':
      return 'executor';
    case 'loop':
      return 'event-loop';
    case 'lanes':
      if (waitsForRetries || ordering === 'none') return 'retries';
      return ordering === 'key' ? 'hottest-key' : 'hottest-partition';
    case 'records':
      return hasMore ? 'fetch' : 'input';
  }
}
