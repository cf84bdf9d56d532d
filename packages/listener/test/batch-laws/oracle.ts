import assert from 'node:assert/strict';
import type { ConsumerRecord, TopicPartition, TopicPartitionOffsets } from '@hearken/core';
import type { BatchListenerContext, PartitionSnapshot } from '../../dist/index.js';
import { CommitLaws, type CommittedEpoch } from '../laws/commit-laws.js';
import type { Fates } from '../laws/fates.js';
import type { ConsumerWatch } from '../laws/watched-consumer.js';
import { REVOKE_DRAIN_MS } from '../laws/world.js';
import { isManual, type World } from './world.js';

const UNORDERED = '/unordered';
const NO_KEY = '/none';

const isOrdered = (lane: string): boolean => !lane.endsWith(UNORDERED);
const isWithoutKey = (lanes: ReadonlySet<string>): boolean => [...lanes].some((lane) => lane.endsWith(NO_KEY));

/** They have their say after the listener: what failed may have been acknowledged by then. */
export const SEEING: ReadonlySet<World['executor']> = new Set([
  'by-record',
  'rate-limited',
  'circuit-breaker',
  'adaptive',
]);

/** How often the error handler has a record tried again. */
export const MAX_RETRIES = 2;

export interface Element {
  readonly offset: number;
  readonly attempt: number;
}

export interface Call {
  readonly partition: number;
  readonly elements: readonly Element[];
  readonly context: BatchListenerContext;
  readonly lanes: ReadonlySet<string>;
  /** What is to come in calls of its own after this one. */
  readonly alone: readonly Element[];
}

/** What a lane goes on with, and nothing else. */
interface Again {
  readonly elements: readonly Element[];
  /** How many of them, from the first, get calls of their own. */
  readonly alone: number;
  readonly notBefore: number;
}

/** One partition from an assignment or seek until it is revoked, lost or sought again. */
class Epoch implements CommittedEpoch {
  readonly ended = new Set<number>();
  /** Of calls that are over, or run: a record of a manual mode may be behind its listener and not done. */
  readonly called = new Set<number>();
  readonly again: Again[] = [];
  committed = -1;
  written = -1;
  frontier: number;

  constructor(readonly start: number) {
    this.frontier = start;
  }
}

export interface View {
  now(): number;
  snapshot(): readonly PartitionSnapshot[];
  assigned(): readonly TopicPartition[];
  isRunning(): boolean;
  /** Another consumer begins. */
  connects(): void;
  committed(partition: number): number;
  recordsOf(partition: number): readonly ConsumerRecord[];
  isBad(partition: number, offset: number): boolean;
}

/** Knows from the outside what one container with a batch listener may do next, and objects to everything else. */
export class Oracle implements ConsumerWatch {
  readonly running = new Set<Call>();
  polledRecords = 0;
  readonly #world: World;
  readonly #view: View;
  readonly #starts = new Map<number, number>();
  readonly #epochs = new Map<number, Epoch>();
  /** Calls that outlived the time they had when their partition was revoked. */
  readonly #strays = new Set<Call>();
  /** How many records the recoverer works on. */
  #recovering = 0;
  readonly #fates: Fates;
  readonly #commits: CommitLaws<Epoch>;
  #closed = false;
  #violation: unknown;

  /** @param fates what the containers before this one told of */
  constructor(world: World, view: View, fates: Fates) {
    this.#world = world;
    this.#view = view;
    this.#fates = fates;
    const commitView = {
      now: () => view.now(),
      assigned: () => view.assigned(),
      recordsOf: (partition: number) => view.recordsOf(partition),
      current: (partition: number) => this.#current(partition),
    };
    this.#commits = new CommitLaws(commitView, world.commitTimeoutMs);
  }

  check(): void {
    if (this.#violation !== undefined) throw this.#violation as Error;
  }

  connects(): void {
    this.#commits.connects();
    this.#view.connects();
  }

  begins({ partition }: TopicPartition, offset: number, why: 'assigned' | 'sought'): void {
    this.#starts.set(partition, offset);
    if (why === 'assigned') return;
    for (const record of this.#view.recordsOf(partition)) if (record.offset < offset) this.#fates.leavesOut(record);
  }

  /** Those in time are waited for, and what ended is committed. */
  revokes(partitions: readonly TopicPartition[]): () => void {
    const [since, failures] = [this.#view.now(), this.#commits.failures];
    const given = partitions.map(({ partition }) => ({ partition, epoch: this.#current(partition) }));
    return () => {
      const isRunning = this.#view.isRunning(); // else it stops or restarts, and waits for its own time
      const isInTime = this.#view.now() < since + REVOKE_DRAIN_MS;
      const isWritten = isInTime && !isManual(this.#world) && this.#commits.failures === failures;
      const isLost = (partition: number): boolean => !this.#view.assigned().some((at) => at.partition === partition);
      for (const { partition, epoch } of given) {
        if (isRunning && isLost(partition)) continue; // meanwhile: there was nothing left to give up
        const left = this.#runningIn(partition);
        this.#note(() => {
          if (!isRunning) return;
          assert.ok(
            left.length === 0 || !isInTime,
            `${partition} is given up while a listener runs, and there was time`,
          );
          if (epoch !== undefined && isWritten) this.#checkWritten(partition, epoch);
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
    return this.#commits.sent(offsets, note, (at, epoch) => this.#commits.checkEnded(at, epoch));
  }

  /** The container is about to stop. @returns what checks that nothing comes twice that ended in what it owns */
  stops(): () => void {
    const owned = this.#view.snapshot().map(({ partition }) => ({ partition, epoch: this.#current(partition) }));
    return () => {
      for (const { partition, epoch } of owned) {
        const committed = this.#view.committed(partition);
        for (const offset of epoch?.ended ?? []) assert.ok(offset < committed, `${partition}/${offset} comes again`);
      }
    };
  }

  /** Whether something keeps records from being started, or from ending, that no listener's end would change. */
  get isBarred(): boolean {
    if (this.#recovering > 0 || [...this.running].some(({ alone }) => alone.length > 0)) return true;
    return [...this.#epochs.values()].some(({ again, ended }) =>
      again.some(({ elements }) => elements.some(({ offset }) => !ended.has(offset))),
    );
  }

  /** Nothing starts from now on. */
  close(): void {
    this.#closed = true;
  }

  laneOf({ partition, key }: ConsumerRecord): string {
    const { ordering, nullKey } = this.#world;
    if (ordering === 'partition') return `${partition}`;
    if (ordering === 'key' && key !== null) return `${partition}/${key.toString()}`;
    return ordering === 'none' || nullKey === 'unordered' ? `${partition}${UNORDERED}` : `${partition}${NO_KEY}`;
  }

  #lanesOf(partition: number, elements: readonly Element[]): ReadonlySet<string> {
    const offsets = new Set(elements.map(({ offset }) => offset));
    const records = this.#view.recordsOf(partition).filter(({ offset }) => offsets.has(offset));
    return new Set(records.map((record) => this.laneOf(record)));
  }

  /** @returns the call, of which it knows what has to follow */
  started(records: readonly ConsumerRecord[], context: BatchListenerContext): Call {
    const elements = records.map(({ offset }, index) => ({ offset, attempt: context.attemptOf(index) }));
    const { partition } = context;
    const lanes = this.#lanesOf(partition, elements);
    let alone: readonly Element[] = [];
    this.#note(() => {
      alone = this.#checkStart(records, elements, context, lanes);
    });
    const call: Call = { partition, elements, context, lanes, alone };
    this.running.add(call);
    for (const { offset } of elements) this.#epochs.get(context.epoch)?.called.add(offset);
    this.#note(() => assert.ok(this.running.size <= this.#world.concurrency, 'more than the concurrency'));
    return call;
  }

  ended({ context, partition }: Call, elements: readonly Element[]): void {
    for (const { offset } of elements) this.#end(partition, offset, context.epoch);
  }

  /** @returns what to call when the recoverer has it */
  recovers({ partition, offset }: ConsumerRecord): () => void {
    const number = this.#numberOf(partition);
    const epoch = this.#current(partition);
    this.#recovering++;
    return () => {
      this.#recovering--;
      if (number !== undefined && epoch !== undefined) this.#end(partition, offset, number);
    };
  }

  openOf({ context, elements }: Call): Element[] {
    return elements.filter(({ offset }) => this.#epochs.get(context.epoch)?.ended.has(offset) !== true);
  }

  comesAgain({ context }: Call, elements: readonly Element[], alone: number, delayMs: number): void {
    if (elements.length === 0) return;
    this.#epochs.get(context.epoch)?.again.push({ elements, alone, notBefore: this.#view.now() + delayMs });
  }

  /** A record failed before a listener saw it: those of its lane behind it wait. */
  #blocksLane(epoch: Epoch, offset: number): boolean {
    return !epoch.ended.has(offset) && !epoch.called.has(offset);
  }

  #checkStart(
    records: readonly ConsumerRecord[],
    elements: readonly Element[],
    { partition, epoch: number, attempt, topic }: BatchListenerContext,
    lanes: ReadonlySet<string>,
  ): readonly Element[] {
    const { by, maxRecords } = this.#world;
    const snapshot = this.#view.snapshot().find((at) => at.partition === partition);
    assert.ok(!this.#closed, `${partition} starts after the stop`);
    assert.equal(number, snapshot?.epoch, `${partition} starts in an epoch that is over`);
    assert.ok(!snapshot?.pausedBy.includes('user'), `${partition} is paused`);
    assert.ok(records.length > 0 && records.length <= maxRecords);
    assert.equal(attempt, Math.max(...elements.map((each) => each.attempt)));
    assert.ok(attempt <= MAX_RETRIES + 2, `attempt ${attempt}`);
    for (const [i, record] of records.entries()) {
      assert.deepEqual([record.topic, record.partition], [topic, partition]);
      assert.ok(i === 0 || record.offset > records[i - 1]!.offset, 'out of order');
    }
    if (by === 'key') assert.equal(lanes.size, 1, 'two lanes in a batch');
    for (const other of this.running) {
      for (const lane of lanes) assert.ok(!isOrdered(lane) || !other.lanes.has(lane), 'two batches of a lane');
      if (other.context.epoch !== number) continue;
      for (const { offset } of elements) assert.ok(!other.elements.some((each) => each.offset === offset), 'twice');
    }
    if (this.#world.nullKey === 'single' && isWithoutKey(lanes))
      for (const other of this.running) assert.ok(!isWithoutKey(other.lanes), 'two without a key at a time');
    const epoch = this.#epoch(partition, number);
    const again = this.#takeAgain(epoch, partition, lanes, elements);
    if (again !== undefined) {
      const left = again.elements.filter(({ offset }) => !epoch.ended.has(offset));
      assert.deepEqual(elements, again.alone > 0 ? left.slice(0, 1) : left, 'not what is to come again');
      // What had failed may have been acknowledged before an executor that sees every record had its say: then nothing waits.
      const mayBeSpared = SEEING.has(this.#world.executor) && left.length < again.elements.length;
      assert.ok(mayBeSpared || this.#view.now() >= again.notBefore, 'too early');
      return again.alone > 0 ? left.slice(1) : [];
    }
    for (const element of elements) {
      assert.ok(!epoch.called.has(element.offset), `${partition}/${element.offset} comes twice`);
      assert.equal(element.attempt, 1);
    }
    for (const lane of lanes) if (isOrdered(lane)) this.#checkBefore(epoch, partition, lane, elements);
    return [];
  }

  /** In lanes what comes again comes first, and all of it together. */
  #takeAgain(
    epoch: Epoch,
    partition: number,
    lanes: ReadonlySet<string>,
    elements: readonly Element[],
  ): Again | undefined {
    const own = new Set(elements.map(({ offset }) => offset));
    const index = epoch.again.findIndex((again) => {
      const left = again.elements.filter(({ offset }) => !epoch.ended.has(offset));
      if (left.some(({ offset }) => own.has(offset))) return true;
      return [...this.#lanesOf(partition, left)].some((lane) => isOrdered(lane) && lanes.has(lane));
    });
    return index < 0 ? undefined : epoch.again.splice(index, 1)[0];
  }

  /** Everything before it in its lane was there first, and no gap is in it but records that cannot be decoded. */
  #checkBefore(epoch: Epoch, partition: number, lane: string, elements: readonly Element[]): void {
    const all = new Set(elements.map(({ offset }) => offset));
    const inLane = this.#view.recordsOf(partition).filter((record) => this.laneOf(record) === lane);
    const own = inLane.filter(({ offset }) => all.has(offset)).map(({ offset }) => offset);
    let before = -1;
    for (const record of inLane) {
      if (record.offset < epoch.start || record.offset > own.at(-1)! || all.has(record.offset)) continue;
      assert.ok(record.offset < own[0]!, `${partition}/${record.offset} is left out`);
      assert.ok(!this.#blocksLane(epoch, record.offset), `${partition}/${record.offset} is passed`);
      before = record.offset;
    }
    if (!this.#world.syncCommits || before < 0 || this.#view.isBad(partition, before)) return;
    assert.ok(this.#view.committed(partition) > before, `${lane} goes on before ${before} is committed`);
  }

  #note(check: () => void): void {
    try {
      check();
    } catch (error) {
      this.#violation ??= error;
    }
  }

  #end(partition: number, offset: number, number: number): void {
    if (this.#numberOf(partition) !== number) return; // late: it changes nothing
    this.#epochs.get(number)?.ended.add(offset);
    this.#fates.ends({ partition, offset });
  }

  /** What ended up to the first that has not is committed. */
  #checkWritten(partition: number, { start, ended }: Epoch): void {
    for (const { offset } of this.#view.recordsOf(partition)) {
      if (offset < start) continue;
      if (!ended.has(offset)) return;
      const isWritten = offset < this.#view.committed(partition);
      assert.ok(isWritten, `${partition}/${offset} ended, and was given up uncommitted`);
    }
  }

  /** But for those that nobody waits for any more, as they took too long. */
  #runningIn(partition: number): Call[] {
    return [...this.running].filter((call) => call.partition === partition && !this.#strays.has(call));
  }

  #numberOf(partition: number): number | undefined {
    return this.#view.snapshot().find((at) => at.partition === partition)?.epoch;
  }

  #current(partition: number): Epoch | undefined {
    const number = this.#numberOf(partition);
    return number === undefined ? undefined : this.#epoch(partition, number);
  }

  #epoch(partition: number, number: number): Epoch {
    const known = this.#epochs.get(number) ?? new Epoch(this.#starts.get(partition) ?? 0);
    this.#epochs.set(number, known);
    return known;
  }
}
