import assert from 'node:assert/strict';
import type { ConsumerRecord, TopicPartition, TopicPartitionOffsets } from '@hearken/core';
import type { BatchListenerContext, PartitionSnapshot } from '../../dist/index.js';
import type { ConsumerWatch } from '../laws/watched-consumer.js';
import type { World } from './world.js';

const UNORDERED = '/unordered';
const NO_KEY = '/none';

const isOrdered = (lane: string): boolean => !lane.endsWith(UNORDERED);
const isWithoutKey = (lanes: ReadonlySet<string>): boolean => [...lanes].some((lane) => lane.endsWith(NO_KEY));

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
class Epoch {
  readonly ended = new Set<number>();
  /** Of calls that are over, or run: a record of a manual mode may be behind its listener and not done. */
  readonly called = new Set<number>();
  readonly again: Again[] = [];
  committed = -1;

  constructor(readonly start: number) {}
}

export interface View {
  now(): number;
  snapshot(): readonly PartitionSnapshot[];
  committed(partition: number): number;
  recordsOf(partition: number): readonly ConsumerRecord[];
  isBad(partition: number, offset: number): boolean;
}

/** Knows from the outside what a container with a batch listener may do next, and objects to everything else. */
export class Oracle implements ConsumerWatch {
  readonly running = new Set<Call>();
  polledRecords = 0;
  readonly #world: World;
  readonly #view: View;
  readonly #starts = new Map<number, number>();
  readonly #epochs = new Map<number, Epoch>();
  #violation: unknown;

  constructor(world: World, view: View) {
    this.#world = world;
    this.#view = view;
  }

  check(): void {
    if (this.#violation !== undefined) throw this.#violation as Error;
  }

  begins({ partition }: TopicPartition, offset: number): void {
    this.#starts.set(partition, offset);
  }

  revokes(): () => void {
    return () => undefined;
  }

  lost(): void {
    // what a partition that is lost means is in the number of its next epoch
  }

  polled({ count }: { readonly count: number }): void {
    this.polledRecords += count;
  }

  /** Never past a record that has not ended, and never back. */
  commits(offsets: TopicPartitionOffsets): () => void {
    for (const { partition, offset } of offsets) {
      const epoch = this.#current(partition);
      if (epoch === undefined) continue; // the last of a partition that is gone by the time it is asked
      this.#note(() => {
        assert.ok(offset >= epoch.committed, `${partition} goes back from ${epoch.committed} to ${offset}`);
        epoch.committed = offset;
        for (const { offset: below } of this.#view.recordsOf(partition)) {
          if (below >= epoch.start && below < offset)
            assert.ok(epoch.ended.has(below), `${partition}@${offset} is too far: ${below} has not ended`);
        }
      });
    }
    return () => undefined;
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

  ended({ context }: Call, elements: readonly Element[]): void {
    for (const { offset } of elements) this.#epochs.get(context.epoch)?.ended.add(offset);
  }

  /** @returns what to call when the recoverer has it */
  recovers({ partition, offset }: ConsumerRecord): () => void {
    const epoch = this.#current(partition);
    return () => void epoch?.ended.add(offset);
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
      assert.ok(this.#view.now() >= again.notBefore, 'too early');
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

  #current(partition: number): Epoch | undefined {
    const number = this.#view.snapshot().find((at) => at.partition === partition)?.epoch;
    return number === undefined ? undefined : this.#epoch(partition, number);
  }

  #epoch(partition: number, number: number): Epoch {
    const known = this.#epochs.get(number) ?? new Epoch(this.#starts.get(partition) ?? 0);
    this.#epochs.set(number, known);
    return known;
  }
}
