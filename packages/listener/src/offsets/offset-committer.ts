import type { Clock, Consumer, Logger, TopicPartition, TopicPartitionOffset } from '@hearken/core';
import { deferred, describePartitions } from '@hearken/core/internal';
import type { GuardedEvents } from '../container-events.js';
import type { ContainerCounters } from '../container-metrics.js';
import { CommitTimeoutError } from '../errors.js';
import { within } from '../within.js';
import { fatesIn } from './commit-failure.js';
import { CommitMetadata, type OffsetText } from './commit-metadata.js';
import type { CommitPolicy } from './commit-policy.js';
import { CommitRetries } from './commit-retries.js';
import { CommitSchedule } from './commit-schedule.js';
import { readCommitted } from './committed-offsets.js';
import type { OwnedPartitions } from './owned-partitions.js';
import type { Ownership } from './ownership.js';
import { dirtyOf, toOffset, type PendingOffset } from './pending-offset.js';
import { Reminder } from './reminder.js';

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
  /** Whether the position of a new assignment is committed where the group has committed nothing. */
  readonly commitsOnAssignment: boolean;
  /** A commit that is not answered by then has failed. */
  readonly timeoutMs: number;
  /** What is kept with an offset. */
  readonly metadataOf: ((offset: TopicPartitionOffset) => string | undefined) | undefined;
  /** Which records behind an offset have ended, instead; and how often that is told where the offset stays as it is. */
  readonly maps: { readonly text: OffsetText; readonly intervalMs: number } | undefined;
  /** Called when `isRefused` of a partition changed, before anybody hears that its offset is written; must not throw. */
  readonly onRefusalChanged: (ownership: Ownership) => void;
}

/**
 * Tells the group how far we are, beside polling and dispatch: one commit in flight, everything that ended meanwhile goes
 * with the next. What is not written stays dirty (`Ownership.dirty`), so a failed commit needs no bookkeeping but when to try
 * again: later and later, reported each time, and by itself, so that a partition that is refused holds up no other.
 */
// Long because a commit and each of its ends is one story; when it is due and what may be written are elsewhere.
export class OffsetCommitter {
  readonly #init: OffsetCommitterInit;
  /** Never rejects. */
  #inFlight: Promise<void> | undefined;
  #urgent = false;
  /** Flushes that wait for the commit in flight. */
  #flushes = 0;
  #isClosed = false;
  readonly #schedule: CommitSchedule;
  readonly #retries: CommitRetries;
  readonly #text: OffsetText;
  /** Of what ended behind offsets that are written. */
  readonly #reminder: Reminder | undefined;
  /** Whose topic is gone; that was said, and listeners may go on for minutes. */
  readonly #deleted = new WeakSet<Ownership>();

  constructor(init: OffsetCommitterInit) {
    this.#init = init;
    this.#retries = new CommitRetries(init.clock);
    this.#schedule = new CommitSchedule(init.policy, init.clock, () => this.#due());
    this.#text = init.maps?.text ?? new CommitMetadata(init.metadataOf, init.logger);
    if (init.maps !== undefined) {
      const afterMs = Math.max(init.maps.intervalMs, init.policy.spacingMs);
      this.#reminder = new Reminder(init.clock, afterMs, () => this.#tellEnds());
    }
  }

  /** A record ended, and a commit now would cover so many more. Called for every record, so it does next to nothing. */
  ended(records: number): void {
    this.#schedule.ended(records);
    this.#touch();
    if (this.#reminder !== undefined) this.#reminder.touch();
  }

  /** Commits now, or right after the commit in flight; what was refused still waits. */
  commitNow(): void {
    this.#urgent = this.#inFlight !== undefined;
    if (!this.#urgent) void this.#send(this.#ready());
  }

  /**
   * Partitions were assigned. Where the group had committed nothing, the position is: records sent from now on are not lost to
   * a crash before the first of them is processed, also under autoOffsetReset 'latest' (as Spring does on assignment).
   */
  async assigned(ownerships: readonly Ownership[]): Promise<void> {
    if (this.#init.commitsOnAssignment) await this.flush(ownerships);
    else for (const at of ownerships) if (at.committed === undefined && at.dirty !== undefined) at.drop(at.dirty);
  }

  /** Waits for the commit in flight, then writes what these have left. Failures are reported, not thrown. */
  async flush(ownerships: Iterable<Ownership>): Promise<void> {
    this.#flushes++;
    while (this.#inFlight !== undefined) await this.#inFlight;
    this.#flushes--;
    const left = dirtyOf(ownerships, { untold: this.#reminder !== undefined });
    if (left.length > 0) await this.#send(left);
    else this.#goOn(); // as whatever is sent does when it is over
  }

  /** Whether the group knows how far these are, as far as there is one. */
  hasWritten(ownerships: readonly Ownership[]): boolean {
    return !this.#init.enabled || dirtyOf(ownerships).length === 0;
  }

  /** What the group committed, by partition; undefined where that is nothing or cannot be read. */
  async committed(
    partitions: readonly TopicPartition[],
  ): Promise<(partition: TopicPartition) => TopicPartitionOffset | undefined> {
    const { enabled, consumer, logger } = this.#init;
    return enabled ? readCommitted(consumer, partitions, logger) : () => undefined;
  }

  /** Nothing is sent any more: what is owned from now on is another consumer's to commit. */
  close(): void {
    this.#isClosed = true;
    this.#schedule.close();
    this.#reminder?.close();
    this.#retries.close();
  }

  #touch(): void {
    if (this.#init.enabled && this.#inFlight === undefined) this.#schedule.touch();
  }

  #due(): void {
    if (this.#inFlight === undefined) void this.#send(this.#ready());
  }

  /** Where records ended behind an offset that is written already, the same offset is written again with them. */
  #tellEnds(): void {
    const ready = this.#ready({ untold: true });
    if (this.#inFlight !== undefined) this.#reminder?.touch();
    else if (ready.some(({ ownership }) => ownership.dirty === undefined)) void this.#send(ready);
  }

  #ready(what?: { readonly untold: boolean }): PendingOffset[] {
    return dirtyOf(this.#init.owned, what).filter(({ ownership }) => !this.#retries.isWaiting(ownership));
  }

  #send(batch: readonly PendingOffset[]): Promise<void> {
    if (!this.#init.enabled || this.#isClosed || batch.length === 0) return Promise.resolve();
    for (const { ownership } of batch) ownership.sent();
    let left = 0;
    for (const { uncommitted } of this.#init.owned) left += uncommitted;
    this.#schedule.sent(left);
    const over = deferred();
    this.#inFlight = over.promise; // before anything of the user's is called that may want a commit
    void this.#write(batch).then(() => {
      this.#inFlight = undefined;
      this.#goOn();
      over.resolve();
    });
    return this.#inFlight;
  }

  /** Something may have ended while the commit was on its way. It goes after what is waited for, or that might wait for ever. */
  #goOn(): void {
    if (this.#flushes > 0) return;
    const ready = this.#ready();
    if (this.#urgent) {
      this.#urgent = false;
      void this.#send(ready);
    } else if (ready.length > 0) this.#touch();
  }

  async #write(dirty: readonly PendingOffset[]): Promise<void> {
    // Without room for a map there is nothing to tell of an offset that is written.
    let open = dirty
      .map((pending) => this.#text.addTo(pending))
      .filter(({ ownership, told }) => told !== undefined || ownership.dirty !== undefined);
    while (open.length > 0) {
      try {
        await this.#commit(open);
        open = this.#wrote(open);
      } catch (error) {
        open = this.#failed(open, error);
      }
      this.#schedule.answered();
    }
  }

  /** The client bounds its commits, but whoever waits for one must not depend on that. */
  async #commit(batch: readonly PendingOffset[]): Promise<void> {
    const { consumer, clock, timeoutMs } = this.#init;
    const sentAt = clock.monotonic();
    const answer = consumer.commit(batch.map(toOffset));
    try {
      if (await within(answer, timeoutMs, clock)) return;
    } finally {
      this.#took(clock.monotonic() - sentAt);
    }
    const late = (): void => this.#answeredLate(batch);
    answer.then(late, late); // one that failed may have been written in part, or without the client's knowing
    throw new CommitTimeoutError(batch.map(toOffset), timeoutMs);
  }

  #took(ms: number): void {
    const { counters } = this.#init;
    counters.commitRequests++;
    counters.commitTimeMs += ms;
    counters.longestCommitTimeMs = Math.max(counters.longestCommitTimeMs, ms);
  }

  /** @returns what is repeated at once, whoever waits for it: what a late answer may have gone over */
  #wrote(answered: readonly PendingOffset[]): PendingOffset[] {
    const { counters, events } = this.#init;
    const written: PendingOffset[] = [];
    const doubted: Ownership[] = [];
    for (const pending of answered) {
      const { ownership, at, told } = pending;
      this.#retries.written(ownership);
      this.#setRefused(ownership, false);
      if (!ownership.wrote(at.offset, told)) {
        doubted.push(ownership);
        continue;
      }
      written.push(pending);
      if (told !== undefined) counters.offsetMaps++;
      if (told?.isWhole === false) counters.offsetMapsCut++;
    }
    if (written.length > 0) {
      counters.commits++;
      events.emit('offsets:committed', { offsets: written.map(toOffset) });
    }
    return dirtyOf(doubted).map((pending) => this.#text.addTo(pending));
  }

  #setRefused(ownership: Ownership, isRefused: boolean): void {
    if (ownership.isRefused === isRefused) return;
    ownership.isRefused = isRefused;
    if (!ownership.isOver) this.#init.onRefusalChanged(ownership);
  }

  /**
   * It may have gone over what was written since, also where a seek, a reset or another consumer began anew meanwhile; and over
   * what is on its way, as brokers need not take up in order what came by two connections. What is not ours any more is left.
   */
  #answeredLate(batch: readonly PendingOffset[]): void {
    for (const { at } of batch) this.#init.owned.get(at)?.doubt();
  }

  /** @returns what is repeated at once, whoever waits for it: also without the metadata that was too long */
  #failed(batch: readonly PendingOffset[], error: unknown): PendingOffset[] {
    this.#init.counters.commitFailures++;
    const fateOf = fatesIn(error);
    const dropped = batch.filter(({ ownership, at }) => fateOf(at) === 'deleted' && ownership.drop(at.offset));
    const kept = batch.filter((pending) => !dropped.includes(pending));
    const doubted = this.#wrote(kept.filter(({ at }) => fateOf(at) === 'written'));
    this.#reportDropped(dropped, error);
    this.#tryLater(
      kept.filter(({ at }) => fateOf(at) === 'refused' || fateOf(at) === 'deleted'),
      error,
    );
    const shortened = this.#withoutMetadata(
      kept.filter(({ at }) => fateOf(at) === 'metadata-too-large'),
      error,
    );
    return [...doubted, ...shortened];
  }

  /** Those of deleted topics never will be written. */
  #reportDropped(dropped: readonly PendingOffset[], error: unknown): void {
    if (dropped.length === 0) return;
    const { events, logger } = this.#init;
    const offsets = dropped.map(toOffset);
    const isNews = dropped.some(({ ownership }) => !this.#deleted.has(ownership));
    for (const { ownership } of dropped) this.#deleted.add(ownership);
    const details = { partitions: describePartitions(offsets), error };
    logger[isNews ? 'warn' : 'debug'](details, 'offsets of a topic that was deleted are dropped');
    events.emit('offsets:dropped', { offsets, error });
  }

  #withoutMetadata(tooLong: readonly PendingOffset[], error: unknown): PendingOffset[] {
    if (tooLong.length === 0) return [];
    this.#text.tooLong?.();
    this.#reminder?.touch();
    const { events, logger } = this.#init;
    const offsets = tooLong.map(toOffset);
    logger.warn({ partitions: describePartitions(offsets), error }, 'offsets are committed without their metadata');
    events.emit('commit:failed', { offsets, error });
    return dirtyOf(tooLong.map(({ ownership }) => ownership));
  }

  #tryLater(refused: readonly PendingOffset[], error: unknown): void {
    if (refused.length === 0) return;
    const { events, logger } = this.#init;
    const offsets = refused.map(toOffset);
    if (this.#isClosed) {
      logger.info({ partitions: describePartitions(offsets), error }, 'the last commit failed: its records come again');
      return;
    }
    const ownerships = refused.map(({ ownership }) => ownership);
    const retryInMs = this.#retries.postpone(ownerships, () => {
      this.commitNow();
      this.#reminder?.touch();
    });
    logger.warn({ partitions: describePartitions(offsets), retryInMs, error }, 'offsets could not be committed');
    events.emit('commit:failed', { offsets, error });
    for (const ownership of ownerships) this.#setRefused(ownership, true);
  }
}
