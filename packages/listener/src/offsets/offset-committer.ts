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
import { dueInMs, type CommitPolicy, type Uncommitted } from './commit-policy.js';
import type { OwnedPartitions } from './owned-partitions.js';
import type { Ownership } from './ownership.js';

export interface OffsetCommitterInit {
  readonly consumer: Pick<Consumer, 'commit' | 'committed'>;
  readonly owned: OwnedPartitions;
  readonly counters: ContainerCounters;
  readonly events: GuardedEvents;
  readonly logger: Logger;
  readonly clock: Clock;
  /** When commits that nobody waits for go out. */
  readonly policy: CommitPolicy;
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

/** What a broker says of a partition that is no more. */
const DELETED = 'UNKNOWN_TOPIC_OR_PARTITION';

/**
 * Tells the group how far we are, beside polling and dispatch: one commit in flight, everything that ended meanwhile goes
 * with the next. What is not written stays dirty (`Ownership.dirty`), so a failed commit needs no bookkeeping but when to try
 * again: later and later, reported each time, and by itself, so that a partition that is refused holds up no other.
 */
export class OffsetCommitter {
  readonly #init: OffsetCommitterInit;
  /** Set while a commit is due. */
  #timer: Timer | undefined;
  /** Never rejects. */
  #inFlight: Promise<void> | undefined;
  #urgent = false;
  /** How many records a commit now would cover, about. */
  #records = 0;
  #committedAt: number;
  #endedAt: number;
  /** How often in a row a partition was refused. */
  readonly #failures = new WeakMap<Ownership, number>();
  /** Refused, and not to be tried yet; and the timers that end that. */
  readonly #backingOff = new Set<Ownership>();
  readonly #backOffs = new Set<Timer>();
  #closed = false;

  constructor(init: OffsetCommitterInit) {
    this.#init = init;
    this.#committedAt = this.#endedAt = init.clock.monotonic();
  }

  /** A record ended, and a commit now would cover so many more. Called for every record, so it does next to nothing. */
  ended(records: number): void {
    const { policy, clock } = this.#init;
    if (policy.quietMs < Infinity) this.#endedAt = clock.monotonic();
    const before = this.#records;
    this.#records += records;
    if (before < policy.records && this.#records >= policy.records) this.#clearTimer(); // due sooner than it was
    this.#touch();
  }

  /** Commits now, or right after the commit in flight; what was refused still waits. */
  commitNow(): void {
    this.#urgent = this.#inFlight !== undefined;
    if (!this.#urgent) void this.#send(this.#ready());
  }

  /** Waits for the commit in flight, then writes what these have left. Failures are reported, not thrown. */
  async flush(ownerships: Iterable<Ownership>): Promise<void> {
    while (this.#inFlight !== undefined) await this.#inFlight;
    await this.#send(dirtyOf(ownerships));
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
    this.#clearTimer();
    for (const timer of this.#backOffs) timer.clear();
  }

  #touch(): void {
    if (this.#timer === undefined && this.#inFlight === undefined) this.#schedule();
  }

  #schedule(): void {
    const { clock, policy, enabled } = this.#init;
    if (!enabled || this.#closed) return;
    this.#timer = clock.setTimer(this.#onTimer, dueInMs(policy, this.#uncommitted()));
  }

  readonly #onTimer = (): void => {
    this.#timer = undefined;
    if (this.#inFlight !== undefined) return;
    if (dueInMs(this.#init.policy, this.#uncommitted()) > 0)
      this.#schedule(); // others have ended since
    else void this.#send(this.#ready());
  };

  #uncommitted(): Uncommitted {
    const now = this.#init.clock.monotonic();
    return { records: this.#records, sinceCommitMs: now - this.#committedAt, sinceEndMs: now - this.#endedAt };
  }

  #clearTimer(): void {
    this.#timer?.clear();
    this.#timer = undefined;
  }

  #ready(): PendingOffset[] {
    return dirtyOf(this.#init.owned).filter(({ ownership }) => !this.#backingOff.has(ownership));
  }

  #send(batch: readonly PendingOffset[]): Promise<void> {
    if (!this.#init.enabled || batch.length === 0) return Promise.resolve();
    this.#clearTimer();
    for (const { ownership } of batch) ownership.sent();
    this.#records = 0;
    for (const { uncommitted } of this.#init.owned) this.#records += uncommitted;
    this.#inFlight = this.#write(batch).then(() => {
      this.#inFlight = undefined;
      this.#goOn();
    });
    return this.#inFlight;
  }

  /** Something may have ended while the commit was on its way. */
  #goOn(): void {
    const ready = this.#ready();
    if (this.#urgent) {
      this.#urgent = false;
      void this.#send(ready);
    } else if (ready.length > 0) this.#touch();
  }

  async #write(batch: readonly PendingOffset[]): Promise<void> {
    const { consumer } = this.#init;
    try {
      await consumer.commit(batch.map(toOffset));
      this.#wrote(batch);
    } catch (error) {
      this.#failed(batch, error);
    }
  }

  #wrote(written: readonly PendingOffset[]): void {
    const { clock, counters, events } = this.#init;
    if (written.length === 0) return;
    this.#committedAt = clock.monotonic();
    counters.commits++;
    for (const { ownership, offset } of written) {
      this.#failures.delete(ownership);
      this.#backingOff.delete(ownership);
      ownership.wrote(offset);
    }
    events.emit('offsets:committed', { offsets: written.map(toOffset) });
  }

  /** Those that the error does not name are written; those of deleted topics never will be. */
  #failed(batch: readonly PendingOffset[], error: unknown): void {
    this.#init.counters.commitFailures++;
    const codeOf = codesIn(error);
    const dropped = batch.filter(({ ownership, offset }) => codeOf(ownership) === DELETED && ownership.drop(offset));
    const refused = batch.filter((pending) => codeOf(pending.ownership) !== undefined && !dropped.includes(pending));
    this.#wrote(batch.filter(({ ownership }) => codeOf(ownership) === undefined));
    if (dropped.length > 0) this.#reportDropped(dropped, error);
    if (refused.length > 0) this.#tryLater(refused, error);
  }

  #reportDropped(dropped: readonly PendingOffset[], error: unknown): void {
    const { events, logger } = this.#init;
    const offsets = dropped.map(toOffset);
    logger.warn({ partitions: describePartitions(offsets), error }, 'offsets of a topic that was deleted are dropped');
    events.emit('offsets:dropped', { offsets, error });
  }

  #tryLater(refused: readonly PendingOffset[], error: unknown): void {
    const { events, logger } = this.#init;
    const retryInMs = this.#backOff(refused.map(({ ownership }) => ownership));
    const offsets = refused.map(toOffset);
    logger.warn({ partitions: describePartitions(offsets), retryInMs, error }, 'offsets could not be committed');
    events.emit('commit:failed', { offsets, error });
  }

  /** They go together again, as late as the one that failed most often. */
  #backOff(refused: readonly Ownership[]): number {
    const failures = 1 + Math.max(...refused.map((ownership) => this.#failures.get(ownership) ?? 0));
    const delayMs = BETWEEN_FAILURES.delayMs(failures) ?? 0;
    for (const ownership of refused) {
      this.#failures.set(ownership, failures);
      this.#backingOff.add(ownership);
    }
    if (this.#closed) return delayMs;
    const timer = this.#init.clock.setTimer(() => {
      this.#backOffs.delete(timer);
      for (const ownership of refused) this.#backingOff.delete(ownership);
      this.commitNow();
    }, delayMs);
    this.#backOffs.add(timer);
    return delayMs;
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

/** What the error says of a partition: its code, if it names that one, or names none; undefined is written. */
function codesIn(error: unknown): (partition: TopicPartition) => string | undefined {
  const named = isKafkaError(error) ? ((error as Partial<CommitFailedError>).partitions ?? []) : [];
  if (named.length === 0) return () => 'UNKNOWN';
  const codes = new Map(named.map((at) => [topicPartitionKey(at), at.code]));
  return (partition) => codes.get(topicPartitionKey(partition));
}
