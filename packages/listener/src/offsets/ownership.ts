import type { ConsumerRecord, TopicPartition, Timer } from '@hearken/core';
import { keepLayoutOf } from '@hearken/core/internal';
import { newCounters, type ContainerCounters } from '../container-metrics.js';
import type { AttemptSignal } from '../dispatch/attempt-signal.js';
import type { DeliveryLanes } from '../dispatch/delivery.js';
import { PartitionLanes } from '../dispatch/lane.js';
import { Arrivals } from './arrivals.js';
import type { ParkedPartition } from '../parking/parked-partition.js';
import { CommitWaiters } from './commit-waiters.js';
import type { EndedOffsets } from './ended-offsets.js';
import { OffsetTracker } from './offset-tracker.js';

/** How a record may end, by the counter that says so. */
export type RecordEnd = 'processed' | 'filtered' | 'recovered' | 'parked' | 'skipped' | 'alreadyProcessed';

/** What the group was told of records behind the offset that it was told. */
export interface ToldEnds {
  /** How many records had ended by then, those below the offset included. */
  readonly ended: number;
  /** Whether it was all there is to tell. */
  readonly isWhole: boolean;
}

/** A record's wait for its next attempt. */
export interface RetryWait extends Timer {
  readonly record: ConsumerRecord;
  readonly attempt: number;
  /** On the monotonic clock. */
  readonly dueAt: number;
}

export interface OwnershipInit {
  readonly partition: TopicPartition;
  readonly epoch: number;
  /** Offset of the first record to be read; undefined while it is looked for. */
  readonly position: number | undefined;
  /** What the group committed, if known. */
  readonly committed: number | undefined;
  readonly lanes: DeliveryLanes;
  readonly counters: ContainerCounters;
  /** Records are committed before they start. */
  readonly commitsBefore: boolean;
  /** What ended in the ownership before, where that still counts. */
  readonly known?: EndedOffsets | undefined;
  /** Called after a record ended, with how many more a commit would cover; must not throw. */
  readonly onEnded: (records: number) => void;
  /** No listener of it is waited for, and perhaps nothing is left to start; must not throw. */
  readonly onIdle: () => void;
}

/**
 * One partition from when it is assigned, sought or reset until it is revoked, lost, sought or reset: everything that must
 * not outlive that. Written by the dispatcher, by acknowledgments and, where it says so, by the committer; all in one
 * thread, so there is no lock, and no `await` between a read and its write.
 *
 * - `open`: its records are dispatched.
 * - `finishing`: those start that keep others, which started, from being committed; none else.
 * - `closing`: no record of it starts any more; those that end still count and are committed.
 * - `over`: whatever still ends is late.
 */
// Long because whatever forgets to end with an ownership is a race: so all of it is here, in parts of a few lines.
export class Ownership implements TopicPartition {
  readonly topic: string;
  readonly partition: number;
  readonly epoch: number;
  /** Whether it is known where reading begins: nothing of it comes, and there is nothing to commit, before it is. */
  hasPosition: boolean;
  /** Offset of the first record that was to be read; 0 while that is not known. */
  begunAt: number;
  readonly tracker: OffsetTracker;
  readonly lanes: DeliveryLanes;
  /** The last offset written, by the group before us or by the committer; undefined if none is known. */
  committed: number | undefined;
  /** Records that are not to be processed once more; until all of them came. */
  known: EndedOffsets | undefined;
  /** The newest leader epoch that a poll told. */
  leaderEpoch: number | undefined;
  /** Too much of it is queued or unfinished: it is not polled for now. Written by `Intake`. */
  isFull = false;
  /** What of it is parked; undefined where nothing ever is. Written as it begins. */
  parked: ParkedPartition | undefined;
  /** Its last commit was refused. Written by the committer. */
  isRefused = false;
  /** Records that wait to be tried, or recovered, again. */
  readonly retries = new Set<RetryWait>();

  readonly #init: OwnershipInit;
  /** What may be committed: by what has ended, which is the tracker, or by what is claimed. */
  readonly #claims: OffsetTracker;
  /** Attempts whose listener asked for its signal. */
  readonly #attempts = new Set<AttemptSignal>();
  readonly #commitWaiters = new CommitWaiters();
  readonly #arrivals = new Arrivals();
  #phase: 'open' | 'finishing' | 'closing' | 'over' = 'open';
  /** Of the tracker's count, how many the last commit sent covers. */
  #sent = 0;
  /** With the last offset written. */
  #told: ToldEnds | undefined;
  /** The offset that cannot be written, as its topic was deleted. */
  #dropped: number | undefined;
  /** The commit on its way, if one is, may be gone over. */
  #isDoubted = false;
  #abortReason: Error | undefined;
  #running = 0;

  constructor(init: OwnershipInit) {
    this.topic = init.partition.topic;
    this.partition = init.partition.partition;
    this.epoch = init.epoch;
    this.hasPosition = init.position !== undefined;
    this.begunAt = init.position ?? 0;
    this.known = init.known;
    this.lanes = init.lanes;
    this.committed = init.committed;
    this.tracker = new OffsetTracker(this.begunAt);
    this.#claims = init.commitsBefore ? new OffsetTracker(this.begunAt) : this.tracker;
    this.#init = init;
  }

  get isOpen(): boolean {
    return this.#phase === 'open';
  }

  get isFinishing(): boolean {
    return this.#phase === 'finishing';
  }

  /** Whether none of its records starts any more. */
  get isClosed(): boolean {
    return this.#phase === 'closing' || this.isOver;
  }

  get isOver(): boolean {
    return this.#phase === 'over';
  }

  /** Whether a record of it may start: also a claimed one that was committed meanwhile, or nobody would ever process it. */
  get mayStart(): boolean {
    if (this.#phase === 'open') return true;
    const isLeft = this.#phase === 'finishing' || (this.#phase === 'closing' && this.#init.commitsBefore);
    return isLeft && !this.isAborted;
  }

  /** Its listeners were told to give up. */
  get isAborted(): boolean {
    return this.#abortReason !== undefined;
  }

  /** Listeners that run and are waited for. */
  get running(): number {
    return this.#running;
  }

  /** The offset to write, if there is one that is not written yet. */
  get dirty(): number | undefined {
    const { committable } = this.#claims;
    if (!this.hasPosition) return undefined;
    if (this.#init.commitsBefore && !this.mayStart) return undefined; // what is claimed cannot start any more
    return this.isOver || committable === this.committed || committable === this.#dropped ? undefined : committable;
  }

  /** The offset to write once more, if it is written: behind it records ended of which the group was not told. */
  get untold(): number | undefined {
    const { hasGaps, endedCount, committable } = this.tracker;
    if (this.isOver || !hasGaps || endedCount === this.#told?.ended) return undefined;
    return committable === this.committed ? committable : undefined;
  }

  /** Whether records come again that ended, as the group does not know of them. */
  get comesTwice(): boolean {
    const { hasGaps, endedCount } = this.tracker;
    return hasGaps && !(this.#told?.isWhole === true && this.#told.ended === endedCount);
  }

  /** How many records the next commit would cover that the last one did not. */
  get uncommitted(): number {
    return this.#claims.covered - this.#sent;
  }

  started(): void {
    this.#running++;
  }

  /** A listener is done with, or is no longer waited for. */
  finished(): void {
    this.#running--;
    this.lookIfIdle();
  }

  /** To be called when what waits will perhaps not start any more. */
  lookIfIdle(): void {
    if (this.#running === 0) this.#init.onIdle();
  }

  /** It is found where reading begins. */
  beginAt(position: number): void {
    this.hasPosition = true;
    this.begunAt = position;
    this.advance(position);
  }

  /** When the oldest record came that has not ended, on the monotonic clock; undefined if there is none. */
  get oldestAt(): number | undefined {
    const { covered, span } = this.tracker;
    return span === 0 ? undefined : this.#arrivals.of(covered);
  }

  /** The records that are taken in next came with one poll, at this time. */
  arrive(at: number): void {
    const { covered, span } = this.tracker;
    this.#arrivals.note({ from: covered + span, at }, covered);
  }

  /** Takes in the next record. @returns its sequence */
  received(offset: number): number {
    if (this.#claims !== this.tracker) this.#claims.received(offset);
    return this.tracker.received(offset);
  }

  /** The position moved past offsets that hold no record. */
  advance(nextOffset: number): void {
    this.#claims.advance(nextOffset);
    this.tracker.advance(nextOffset);
  }

  /** With `commitsBefore`: the record starts once it is committed. */
  claimed(sequence: number): void {
    this.#claims.ended(sequence);
  }

  /** A record ended. False if it had ended before, or if it is too late. */
  ended(sequence: number, how: RecordEnd = 'processed'): boolean {
    const covered = this.tracker.covered;
    if (this.isOver || !this.tracker.ended(sequence)) return false;
    this.#init.counters[how]++;
    this.#init.onEnded(this.tracker.covered - covered);
    return true;
  }

  /** Many records ended: whoever is told of it finds all of them ended, and commits them together. */
  endedTogether(records: Iterable<{ readonly sequence: number }>): void {
    if (this.isOver) return;
    const covered = this.tracker.covered;
    let ended = 0;
    for (const { sequence } of records) if (this.tracker.ended(sequence)) ended++;
    if (ended === 0) return;
    this.#init.counters.processed += ended;
    this.#init.onEnded(this.tracker.covered - covered);
  }

  /** The position moved past offsets without records: there may be something to commit. */
  moved(): void {
    this.#init.onEnded(0);
  }

  acknowledged(sequence: number): boolean {
    if (this.isOver) this.acknowledgedLate();
    return this.ended(sequence);
  }

  /** An acknowledgment, or the contrary, that changes nothing any more. */
  acknowledgedLate(): void {
    this.#init.counters.lateAcknowledgments++;
  }

  /** Only what waits in its lanes starts from now on, and nothing is tried again. The caller trims them before. */
  finish(): void {
    if (this.#phase === 'open') this.#phase = 'finishing';
    this.#endRetries();
  }

  /** No record of it starts from now on. The caller clears its lanes. */
  close(): void {
    if (this.#phase === 'open' || this.#phase === 'finishing') this.#phase = 'closing';
    this.#endRetries();
    this.lookIfIdle(); // what was left to start is not any more
  }

  #endRetries(): void {
    for (const wait of this.retries) wait.clear();
    this.retries.clear();
  }

  /** Aborts the signals of its listeners, also of those that ask for theirs later. */
  abort(reason: Error): void {
    this.#abortReason ??= reason;
    for (const attempt of this.#attempts) attempt.abort(this.#abortReason);
  }

  /** Gives up what has not ended. Whoever waited for a commit waits no longer. */
  end(): void {
    if (this.isOver) return;
    this.close();
    this.#phase = 'over';
    this.#init.counters.abandoned += this.tracker.outstanding;
    this.#commitWaiters.wakeUpTo(Infinity);
  }

  /** `abort` reaches this attempt until it is removed. */
  addAttempt(attempt: AttemptSignal): void {
    if (this.#abortReason !== undefined) attempt.abort(this.#abortReason);
    this.#attempts.add(attempt);
  }

  removeAttempt(attempt: AttemptSignal): void {
    this.#attempts.delete(attempt);
  }

  /** Called by the committer: what is committable now is on its way. */
  sent(): void {
    this.#sent = this.#claims.covered;
    this.#isDoubted = false;
  }

  /**
   * Called by the committer: this offset is written, and what goes with it.
   * @returns false if it may have been gone over meanwhile: then nobody is told of it
   */
  wrote(offset: number, told?: ToldEnds): boolean {
    const isSure = !this.#isDoubted;
    this.#isDoubted = false;
    if (!isSure) return false;
    this.committed = offset;
    this.#told = told;
    this.#commitWaiters.wakeUpTo(offset);
    this.lookIfIdle();
    return true;
  }

  /**
   * Called by a committer: one of its commits of this partition, that nobody waited for any more, was answered. It may have
   * gone over what is written, and over what is on its way, which is not to be believed when it is answered.
   */
  doubt(): void {
    this.committed = undefined;
    this.#isDoubted = true;
    this.moved();
  }

  /** Called by the committer: this offset never will be written. Later ones are tried all the same. */
  drop(offset: number): boolean {
    if (this.#init.commitsBefore) return false; // what waits for it must not start
    this.#dropped = offset;
    this.#commitWaiters.wakeUpTo(offset);
    return true;
  }

  /** Calls `wake` once `offset` or more is written, is dropped, or the ownership is over. */
  onceWritten(offset: number, wake: () => void): void {
    const isWritten = this.dirty === undefined && this.#claims.committable >= offset;
    if (isWritten) wake();
    else this.#commitWaiters.add(offset, wake);
  }
}

keepLayoutOf(
  new Ownership({
    partition: { topic: '', partition: 0 },
    epoch: 0,
    position: 0,
    committed: undefined,
    lanes: new PartitionLanes(),
    counters: newCounters(),
    commitsBefore: false,
    onEnded: () => undefined,
    onIdle: () => undefined,
  }),
);
