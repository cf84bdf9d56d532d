import assert from 'node:assert/strict';
import type { ConsumerRecord, TopicPartition, TopicPartitionOffset, TopicPartitionOffsets } from '@hearken/core';
import type { ListenerContext, PartitionSnapshot } from '../../dist/index.js';
import { decodeOffsetMap } from '../../dist/offsets/offset-map.js';
import { hasEnded } from '../../dist/offsets/ended-offsets.js';
import { CommitLaws } from './commit-laws.js';
import { Fates } from './fates.js';
import { Epoch, LaneBook, type Start } from './model.js';
import type { ConsumerWatch } from './watched-consumer.js';
import { isManual, PARTITIONS, REVOKE_DRAIN_MS, type World } from './world.js';

/** A call of the listener. */
export interface Call {
  readonly record: ConsumerRecord;
  readonly context: ListenerContext;
  readonly lane: string;
  /** "partition/offset" */
  readonly at: string;
}

/** What the oracle may look at, beside what it is told. */
export interface View {
  now(): number;
  snapshot(): readonly PartitionSnapshot[];
  assigned(): readonly TopicPartition[];
  isRunning(): boolean;
  /** Another consumer begins. */
  connects(): void;
  /** What the group has committed. */
  committed(partition: number): TopicPartitionOffset;
  recordsOf(partition: number): readonly ConsumerRecord[];
  /** How many tasks of others the executor runs, and how many it may run. */
  foreign(): number;
  limit(): number;
}

/**
 * Knows from the outside what a container may do next, and objects to everything else. One long class, as every law is about
 * the same few facts; who plays the world tells them.
 */
export class Oracle implements ConsumerWatch {
  readonly book: LaneBook;
  /** Calls whose listener runs. */
  readonly running = new Set<Call>();
  polledRecords = 0;
  /** Calls that outlived the time they had when their partition was revoked. */
  readonly #strays = new Set<Call>();
  readonly #world: World;
  readonly #view: View;
  /** Where a partition's next epoch begins, if another one comes. */
  readonly #starts = new Map<number, Start>();
  readonly #epochs = new Map<number, Epoch>();
  /** Lanes whose record the recoverer works on, of whatever epoch. */
  readonly #recovering = new Set<string>();
  /** The epoch in which a record's recovery began. */
  readonly #recoveries = new Map<string, number>();
  /** "partition/offset": a listener was called with it. */
  readonly #called = new Set<string>();
  readonly #fates = new Fates();
  readonly #commits: CommitLaws<Epoch>;
  /** Paused partitions, and how many of their records may still start: those that `commitBefore` had claimed. */
  readonly #paused = new Map<number, number>();
  /** How often partitions went in a way that loses what `commitBefore` had committed and not started. */
  #losses = 0;
  #refusals = 0;
  #closed = false;
  #violation: unknown;

  constructor(world: World, view: View) {
    this.#world = world;
    this.#view = view;
    this.book = new LaneBook(world);
    this.#commits = new CommitLaws({
      now: () => view.now(),
      assigned: () => view.assigned(),
      recordsOf: (partition) => view.recordsOf(partition),
      current: (partition) => this.#current(partition),
    });
  }

  /** Throws the first violation. */
  check(): void {
    if (this.#violation !== undefined) throw this.#violation as Error;
    if (this.#world.commitBefore) this.#checkAhead();
  }

  // ---- what the consumer sees

  connects(): void {
    this.#commits.connects();
    this.#losses++;
    this.#view.connects();
  }

  begins({ partition }: TopicPartition, offset: number, why: 'assigned' | 'sought'): void {
    const committed = this.#view.committed(partition);
    this.#starts.set(partition, { start: offset, told: why === 'assigned' ? this.#toldWith(committed) : new Set() });
    if (why === 'assigned') return;
    this.#losses++;
    for (const record of this.#view.recordsOf(partition)) {
      if (record.offset < offset) this.#fates.leavesOut(record);
      else this.#called.delete(`${partition}/${record.offset}`);
    }
  }

  /** Those in time are waited for, and what ended is committed. */
  revokes(partitions: readonly TopicPartition[]): () => void {
    const [since, failures] = [this.#view.now(), this.#commits.failures];
    const given = partitions.map(({ partition }) => ({ partition, epoch: this.#current(partition) }));
    return () => {
      const isRunning = this.#view.isRunning(); // else it stops or restarts, and waits for its own time
      const isInTime = this.#view.now() < since + REVOKE_DRAIN_MS;
      // Acknowledgments, and listeners that take too long, may come after the last commit was made up.
      const isWritten = isInTime && !isManual(this.#world) && this.#commits.failures === failures;
      for (const { partition, epoch } of given) {
        const left = this.#runningIn(partition);
        this.#note(() => {
          if (!isRunning) return;
          assert.ok(
            left.length === 0 || !isInTime,
            `${partition} is given up while a listener runs, and there was time`,
          );
          if (epoch !== undefined && isWritten && !this.#world.commitBefore) this.#checkWritten(partition, epoch);
        });
        for (const call of left) this.#strays.add(call);
      }
    };
  }

  polled({ count }: { readonly count: number }): void {
    this.polledRecords += count;
  }

  commits(offsets: TopicPartitionOffsets): (error?: unknown) => void {
    const note = (check: () => void): void => this.#note(check);
    return this.#commits.sent(offsets, note, (at, epoch) => {
      if (!this.#world.commitBefore) this.#commits.checkEnded(at, epoch);
      for (const told of this.#toldWith(at)) assert.ok(epoch.ended.has(told), `${at.partition}/${told} has not ended`);
    });
  }

  // ---- what becomes of records

  started(call: Call): void {
    this.#note(() => this.#checkStart(call));
    this.running.add(call);
    this.#note(() => {
      const busy = this.running.size + this.#view.foreign();
      assert.ok(busy <= this.#view.limit(), `${busy} at once, and ${this.#view.limit()} slots`);
    });
  }

  /** The listener's promise is about to settle. */
  settles(call: Call): void {
    this.running.delete(call);
  }

  ended({ record, context }: Call): void {
    this.#end(record, context.epoch);
  }

  hasEnded({ record, context }: Call): boolean {
    return this.#epochs.get(context.epoch)?.ended.has(record.offset) === true;
  }

  /** Its lane goes on with the same record, and not before so many milliseconds. */
  comesAgain({ record, lane, context }: Call, attempt: number, delayMs: number): void {
    this.#epochs
      .get(context.epoch)
      ?.again.set(lane, { offset: record.offset, attempt, notBefore: this.#view.now() + delayMs });
  }

  /** The same, as the container tells it: of a record whose listener could not be called, or whose wait begins later. */
  waits(record: ConsumerRecord, attempt: number, delayMs: number): void {
    const lane = this.book.laneOf(record);
    const epoch = this.#current(record.partition);
    epoch?.newest.set(lane, record.offset);
    epoch?.again.set(lane, { offset: record.offset, attempt, notBefore: this.#view.now() + delayMs });
  }

  /** The recoverer is asked. @returns what to call when it has the record */
  recovers(record: ConsumerRecord): (taken: boolean) => void {
    const { partition } = record;
    const lane = this.book.laneOf(record);
    const at = `${partition}/${record.offset}`;
    // Not always the current one: asked again in the moment in which another epoch begins, it recovers for the one before.
    const number = this.#recoveries.get(at) ?? this.#numberOf(partition);
    const epoch = number === undefined ? undefined : this.#epoch(partition, number);
    if (number !== undefined) this.#recoveries.set(at, number);
    this.#called.add(at);
    epoch?.newest.set(lane, record.offset);
    epoch?.toRecover.add(lane);
    this.#recovering.add(lane);
    return (taken) => {
      this.#recovering.delete(lane);
      if (!taken || number === undefined) return; // it is asked again
      this.#recoveries.delete(at);
      epoch?.toRecover.delete(lane);
      this.#end(record, number);
    };
  }

  isRecovering(partition: number): boolean {
    return [...this.book.lanesOf(partition)].some((lane) => this.#recovering.has(lane));
  }

  // ---- what the user does

  pauses(partition: number): void {
    if (this.#paused.has(partition)) return;
    this.#paused.set(partition, this.#world.commitBefore ? this.#world.concurrency + 1 : 0);
  }

  resumes(partition: number): void {
    this.#paused.delete(partition);
  }

  loses(): void {
    this.#losses++;
  }

  /** The broker refuses a commit: what it was to cover takes no slots from others, and starts with theirs in the end. */
  refuses(): void {
    this.#refusals++;
  }

  /** The container is about to stop. @returns what checks that nothing comes twice that ended in what it owns */
  stops(): () => void {
    const owned = this.#view.snapshot().map(({ partition }) => ({ partition, epoch: this.#current(partition) }));
    return () => {
      for (const { partition, epoch } of owned) {
        for (const offset of epoch?.ended ?? [])
          assert.ok(this.#isSpared(partition, offset), `${partition}/${offset} ended, and comes again`);
      }
    };
  }

  /** Whether something keeps records from being started, or from ending, that no listener's end would change. */
  get isBarred(): boolean {
    return this.#paused.size > 0 || this.#recovering.size > 0 || this.#isAnyToComeAgain;
  }

  /** A stop tries nothing again, not even what could start by then. */
  get #isAnyToComeAgain(): boolean {
    return [...this.#epochs.values()].some(({ again, ended }) =>
      [...again.values()].some(({ offset }) => !ended.has(offset)),
    );
  }

  // ---- laws about what should have happened

  /** Nothing moves any more: whatever could start has started. */
  checkBusy(): void {
    for (const { partition, position = 0, pausedBy } of this.#view.snapshot()) {
      const paused = pausedBy.includes('user') || pausedBy.includes('failure');
      assert.equal(paused, this.#paused.has(partition), `${partition} is paused by ${pausedBy.join()}`);
      const epoch = this.#current(partition);
      if (paused || epoch === undefined) continue;
      for (const lane of this.book.lanesOf(partition)) this.#checkLaneIsBusy(partition, epoch, lane, position);
    }
  }

  /** Nothing starts from now on. */
  close(): void {
    this.#closed = true;
  }

  /** All is over: no record is missing but those that somebody sought past. */
  checkNothingLost(partitions: readonly number[]): void {
    if (this.#world.commitBefore) return;
    for (const partition of partitions) this.#fates.checkNothingLost(this.#view.recordsOf(partition));
  }

  // ---- inside

  /** A violation thrown inside the container would only look like a failure of its listener or commit. */
  #note(check: () => void): void {
    try {
      check();
    } catch (error) {
      this.#violation ??= error;
    }
  }

  #numberOf(partition: number): number | undefined {
    return this.#view.snapshot().find((at) => at.partition === partition)?.epoch;
  }

  #current(partition: number): Epoch | undefined {
    const number = this.#numberOf(partition);
    return number === undefined ? undefined : this.#epoch(partition, number);
  }

  #epoch(partition: number, number: number): Epoch {
    const known = this.#epochs.get(number) ?? new Epoch(this.#starts.get(partition) ?? { start: 0, told: new Set() });
    this.#epochs.set(number, known);
    return known;
  }

  #end(record: ConsumerRecord, epoch: number): void {
    const { partition, offset } = record;
    if (this.#numberOf(partition) !== epoch) return; // late: it changes nothing
    this.#fates.ends(record);
    const { ended, spared, again } = this.#epoch(partition, epoch);
    const waiting = again.get(this.book.laneOf(record));
    if (waiting?.offset === offset && this.#view.now() < waiting.notBefore) spared.add(offset);
    ended.add(offset);
  }

  /** But for those that nobody waits for any more, as they took too long. */
  #runningIn(partition: number): Call[] {
    return [...this.running].filter((call) => call.record.partition === partition && !this.#strays.has(call));
  }

  /** Which records behind a committed offset it tells to have ended. */
  #toldWith(committed: TopicPartitionOffset): ReadonlySet<number> {
    const { metadata } = committed;
    if (metadata === undefined) return new Set();
    assert.ok(this.#world.offsetMap, 'nobody wanted a map');
    const map = decodeOffsetMap(metadata, committed);
    assert.ok(typeof map === 'object', `${metadata} is none`);
    const ended = this.#view.recordsOf(committed.partition).filter((record) => hasEnded(map, record));
    return new Set(ended.map(({ offset }) => offset));
  }

  /** Whether the group knows that a record ended. */
  #isSpared(partition: number, offset: number): boolean {
    const committed = this.#view.committed(partition);
    return offset < committed.offset || this.#toldWith(committed).has(offset);
  }

  /** What ended up to the first that has not is committed, and with maps all that ended is known. */
  #checkWritten(partition: number, epoch: Epoch): void {
    for (const { offset } of this.#view.recordsOf(partition)) {
      if (offset < epoch.start) continue;
      if (!epoch.ended.has(offset) && !this.#world.offsetMap) return;
      const isSpared = !epoch.ended.has(offset) || this.#isSpared(partition, offset);
      assert.ok(isSpared, `${partition}/${offset} ended, and was given up uncommitted`);
    }
  }

  #checkStart({ record, context, lane, at }: Call): void {
    const { partition, offset } = record;
    assert.ok(!this.#closed, `${at} starts after the stop`);
    assert.equal(context.epoch, this.#numberOf(partition), `${at} starts in an epoch that is over`);
    assert.ok(
      !this.#recovering.has(lane) || !this.book.isLasting(lane),
      'a lane goes on before its record is recovered',
    );
    assert.ok(!this.#current(partition)?.toRecover.has(lane), 'a lane goes on before its record is recovered');
    for (const other of this.running) {
      if (this.book.isLasting(lane) || other.context.epoch === context.epoch) {
        assert.notEqual(other.lane, lane, 'two of one lane at a time');
      }
    }
    if (this.book.isSingle(lane)) assert.ok(!this.#isSingleBusy, 'two without a key at a time');
    this.#checkPaused(partition);
    if (this.#world.commitBefore) this.#checkAtMostOnce(partition, offset, at);
    this.#called.add(at);
    this.#recoveries.delete(at);
    this.#checkTurn(this.#epoch(partition, context.epoch), record, lane, context.attempt);
  }

  /** It is the lane's next record and no other, or the one that comes again. */
  #checkTurn(epoch: Epoch, { partition, offset }: ConsumerRecord, lane: string, attempt: number): void {
    const again = epoch.again.get(lane);
    epoch.again.delete(lane);
    const before = epoch.newest.get(lane);
    epoch.newest.set(lane, offset);
    assert.ok(!epoch.spared.has(offset), `${partition}/${offset} ended while it waited, and comes again`);
    // One that was acknowledged meanwhile need not come again; it may, if its lane was ready by then and only lacked a slot.
    if (again !== undefined && (offset === again.offset || !epoch.ended.has(again.offset))) {
      const { notBefore, ...expected } = again;
      assert.deepEqual({ offset, attempt }, expected, `lane ${lane}: another record passes one that comes again`);
      assert.ok(this.#view.now() >= notBefore, `${partition}/${offset} comes again too early`);
      return;
    }
    const next = this.#nextOf(epoch, partition, lane, before);
    assert.deepEqual({ offset, attempt }, { offset: next, attempt: 1 }, `lane ${lane} after ${before}`);
    if (this.#world.syncCommits && before !== undefined) {
      assert.ok(this.#view.committed(partition).offset > before, `lane ${lane} goes on before ${before} is committed`);
    }
  }

  #nextOf({ start, told }: Epoch, partition: number, lane: string, before: number | undefined): number | undefined {
    return this.book.firstFrom(partition, lane, before === undefined ? start : before + 1, told);
  }

  /** Whether a record runs, or is being recovered, beside which no other without a key may run. */
  get #isSingleBusy(): boolean {
    const lanes = [...this.#recovering, ...Array.from(this.running, ({ lane }) => lane)];
    return lanes.some((lane) => this.book.isSingle(lane));
  }

  /** The same, or one waits for its recoverer to be asked again; in a partition that goes it does no longer. */
  get #isSingleTaken(): boolean {
    const epochs = this.#view.snapshot().map(({ partition }) => this.#current(partition));
    const waiting = epochs.flatMap((epoch) => [...(epoch?.toRecover ?? [])]);
    return this.#isSingleBusy || waiting.some((lane) => this.book.isSingle(lane));
  }

  #checkPaused(partition: number): void {
    const left = this.#paused.get(partition);
    assert.notEqual(left, 0, 'a paused partition goes on');
    if (left !== undefined) this.#paused.set(partition, left - 1);
  }

  #checkAtMostOnce(partition: number, offset: number, at: string): void {
    assert.ok(this.#view.committed(partition).offset > offset, `${at} starts before it is committed`);
    assert.ok(!this.#called.has(at), `${at} starts twice`);
  }

  /** What is committed and has not started is about to, or was lost when its partition went. */
  #checkAhead(): void {
    let ahead = 0;
    for (const { partition } of this.#view.snapshot()) {
      const { offset: committed } = this.#view.committed(partition);
      for (const record of this.#view.recordsOf(partition)) {
        const isCalled = this.#called.has(`${partition}/${record.offset}`);
        if (record.offset < committed && !isCalled && !this.#fates.isLeftOut(record)) ahead++;
      }
    }
    // A partition claims no more while it is refused, so what waits of each is as many as there are slots.
    const refused = Math.min(this.#refusals, PARTITIONS.length);
    const most = this.#world.concurrency * (1 + this.#losses + refused);
    assert.ok(ahead <= most, `${ahead} are committed and have not started`);
  }

  #checkLaneIsBusy(partition: number, epoch: Epoch, lane: string, position: number): void {
    if ((this.book.isLasting(lane) && this.#recovering.has(lane)) || epoch.toRecover.has(lane)) return;
    for (const call of this.running) if (call.lane === lane && this.book.isLasting(lane)) return;
    if (this.book.isSingle(lane) && this.#isSingleTaken) return;
    const before = epoch.newest.get(lane);
    const again = epoch.again.get(lane);
    if (again !== undefined && !epoch.ended.has(again.offset)) {
      assert.ok(again.notBefore > this.#view.now(), `${partition}/${again.offset} should have come again`);
      return;
    }
    if (again !== undefined && again.notBefore > this.#view.now()) return; // acknowledged while it waited
    const next = this.#nextOf(epoch, partition, lane, before);
    if (next === undefined || next >= position) return;
    if (this.#world.syncCommits && before !== undefined && epoch.written <= before) return;
    assert.fail(`${partition}/${next} could have started`);
  }
}
