import type { Clock, Logger } from '@hearken/core';
import { describeError } from '@hearken/core/internal';
import { backOffMs } from '../cluster/back-off.js';
import type { ProducerCluster } from './producer-cluster.js';

/** Between refreshes for leaders that are still missing. */
const SPACING_MS = 100;

export interface MetadataRefresherParts {
  readonly metadata: Pick<ProducerCluster['metadata'], 'refresh'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: () => number;
  /** Leaders may have changed, or it is time to try again. */
  readonly onRefreshed: () => void;
}

/** Looks up anew, in the background and together, the topics whose leaders turned out wrong, missing or old. */
export class MetadataRefresher {
  readonly #parts: MetadataRefresherParts;
  readonly #stale = new Set<string>();
  #isRefreshing = false;
  #notBeforeMs = 0;
  #failures = 0;

  constructor(parts: MetadataRefresherParts) {
    this.#parts = parts;
  }

  markStale(topic: string): void {
    this.#stale.add(topic);
  }

  /** Starts a refresh if one is wanted and may be made now. Returns when to call again; Infinity if it will tell itself. */
  refreshIfDue(nowMs: number): number {
    if (this.#stale.size === 0 || this.#isRefreshing) return Infinity;
    if (nowMs < this.#notBeforeMs) return this.#notBeforeMs;
    void this.#refresh();
    return Infinity;
  }

  async #refresh(): Promise<void> {
    const { metadata, clock, logger, random, onRefreshed } = this.#parts;
    const topics = [...this.#stale];
    this.#stale.clear();
    this.#isRefreshing = true;
    try {
      await metadata.refresh(topics);
      this.#failures = 0;
    } catch (error) {
      this.#failures++;
      for (const topic of topics) this.#stale.add(topic);
      logger.debug({ topics, error: describeError(error) }, 'metadata could not be refreshed, trying again');
    }
    this.#isRefreshing = false;
    this.#notBeforeMs = clock.monotonic() + Math.max(SPACING_MS, this.#failures && backOffMs(this.#failures, random()));
    onRefreshed();
  }
}
