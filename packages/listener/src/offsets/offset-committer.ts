import {
  isKafkaError,
  type Clock,
  type CommitFailedError,
  type Consumer,
  type Logger,
  type Timer,
  type TopicPartition,
  type TopicPartitionOffset,
} from '@hearken/core';
import { describePartitions, topicPartitionKey } from '@hearken/core/internal';
import type { GuardedEvents } from '../container-events.js';
import type { ContainerCounters } from '../container-metrics.js';
import { ExponentialBackOff } from '../failure/back-off.js';
import type { OwnedPartitions } from './owned-partitions.js';
import type { Ownership } from './ownership.js';

export interface OffsetCommitterInit {
  readonly consumer: Pick<Consumer, 'commit' | 'committed'>;
  readonly owned: OwnedPartitions;
  readonly counters: ContainerCounters;
  readonly events: GuardedEvents;
  readonly logger: Logger;
  readonly clock: Clock;
  /** Commits that nobody waits for are at least this far apart. */
  readonly commitIntervalMs: number;
  /** False without a group: there is nowhere to commit to. */
  readonly enabled: boolean;
}

/** An offset on its way, and whose it is: an answer for an ownership that is over changes nothing. */
interface PendingOffset {
  readonly ownership: Ownership;
  readonly offset: number;
}

const BETWEEN_FAILURES = new ExponentialBackOff({
  initialIntervalMs: 500,
  maxIntervalMs: 30_000,
  maxRetries: Number.MAX_SAFE_INTEGER,
});

/**
 * Tells the group how far we are, beside polling and dispatch: one commit in flight, everything that ended meanwhile goes
 * with the next. What is not written stays dirty (`Ownership.dirty`), so a failed commit needs no bookkeeping: it is sent
 * again, later and later, and reported each time.
 */
export class OffsetCommitter {
  readonly #init: OffsetCommitterInit;
  /** Set while a commit is due. */
  #timer: Timer | undefined;
  /** Never rejects. */
  #inFlight: Promise<void> | undefined;
  #urgent = false;
  #notBefore = 0;
  #failures = 0;
  #closed = false;

  constructor(init: OffsetCommitterInit) {
    this.#init = init;
  }

  /** There may be something to commit. Called for every record, so it does next to nothing. */
  touch(): void {
    if (this.#timer === undefined && this.#inFlight === undefined) this.#schedule();
  }

  /** Commits now, or right after the commit in flight. After a failure it still waits, as all do. */
  commitNow(): void {
    this.#urgent = this.#inFlight !== undefined;
    if (this.#failures > 0) this.touch();
    else if (!this.#urgent) void this.#send(this.#init.owned);
  }

  /** Waits for the commit in flight, then writes what these have left. Failures are reported, not thrown. */
  async flush(ownerships: Iterable<Ownership>): Promise<void> {
    while (this.#inFlight !== undefined) await this.#inFlight;
    await this.#send(ownerships);
  }

  /** What the group committed, by partition; undefined where that is nothing or cannot be read. */
  async committed(partitions: readonly TopicPartition[]): Promise<(partition: TopicPartition) => number | undefined> {
    const { enabled, consumer, logger } = this.#init;
    const found = new Map<string, number>();
    if (enabled) {
      try {
        for (const at of await consumer.committed(partitions)) found.set(topicPartitionKey(at), at.offset);
      } catch (error) {
        // Not knowing costs one commit of what is written already.
        logger.warn({ partitions: describePartitions(partitions), error }, 'committed offsets could not be read');
      }
    }
    return (partition) => found.get(topicPartitionKey(partition));
  }

  /** Nothing is scheduled any more. */
  close(): void {
    this.#closed = true;
    this.#timer?.clear();
    this.#timer = undefined;
  }

  #schedule(): void {
    const { clock, enabled } = this.#init;
    if (!enabled || this.#closed) return;
    const delayMs = Math.max(0, this.#notBefore - clock.monotonic());
    this.#timer = clock.setTimer(() => {
      this.#timer = undefined;
      if (this.#inFlight === undefined) void this.#send(this.#init.owned);
    }, delayMs);
  }

  #send(ownerships: Iterable<Ownership>): Promise<void> {
    const batch = this.#init.enabled ? dirtyOf(ownerships) : [];
    if (batch.length === 0) return Promise.resolve();
    this.#timer?.clear();
    this.#timer = undefined;
    this.#inFlight = this.#write(batch).then(() => {
      this.#inFlight = undefined;
      this.#goOn();
    });
    return this.#inFlight;
  }

  /** Something may have ended while the commit was on its way. */
  #goOn(): void {
    if (this.#urgent && this.#failures === 0) {
      this.#urgent = false;
      void this.#send(this.#init.owned);
    } else if (dirtyOf(this.#init.owned).length > 0) this.touch();
  }

  async #write(batch: readonly PendingOffset[]): Promise<void> {
    const { consumer, clock, commitIntervalMs, counters, events } = this.#init;
    const offsets = batch.map(toOffset);
    try {
      await consumer.commit(offsets);
      this.#failures = 0;
      this.#notBefore = clock.monotonic() + commitIntervalMs;
      counters.commits++;
      for (const { ownership, offset } of batch) ownership.wrote(offset);
      events.emit('offsets:committed', { offsets });
    } catch (error) {
      this.#failed(batch, error);
    }
  }

  #failed(batch: readonly PendingOffset[], error: unknown): void {
    const { clock, counters, events, logger } = this.#init;
    const retryInMs = BETWEEN_FAILURES.delayMs(++this.#failures) ?? 0;
    this.#notBefore = clock.monotonic() + retryInMs;
    counters.commitFailures++;
    const refused = refusedBy(error, batch);
    for (const pending of batch) if (!refused.includes(pending)) pending.ownership.wrote(pending.offset);
    const offsets = refused.map(toOffset);
    logger.warn({ partitions: describePartitions(offsets), retryInMs, error }, 'offsets could not be committed');
    events.emit('commit:failed', { offsets, error });
  }
}

function dirtyOf(ownerships: Iterable<Ownership>): PendingOffset[] {
  const dirty: PendingOffset[] = [];
  for (const ownership of ownerships) {
    const offset = ownership.dirty;
    if (offset !== undefined) dirty.push({ ownership, offset });
  }
  return dirty;
}

const toOffset = ({ ownership, offset }: PendingOffset): TopicPartitionOffset => {
  const { topic, partition, leaderEpoch } = ownership;
  return leaderEpoch === undefined ? { topic, partition, offset } : { topic, partition, offset, leaderEpoch };
};

/** Those the error names; all of them if it names none. */
function refusedBy(error: unknown, batch: readonly PendingOffset[]): readonly PendingOffset[] {
  const named = isKafkaError(error) ? ((error as Partial<CommitFailedError>).partitions ?? []) : [];
  if (named.length === 0) return batch;
  const keys = new Set(named.map(topicPartitionKey));
  return batch.filter(({ ownership }) => keys.has(topicPartitionKey(ownership)));
}
