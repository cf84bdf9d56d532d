import assert from 'node:assert/strict';
import { CommitFailedError, type ConsumerRecord, type TopicPartition } from '@hearken/core';
import { eventLoopTurn } from '@hearken/testing';
import fc from 'fast-check';
import {
  DeadLetter,
  DefaultErrorHandler,
  FixedBackOff,
  SkipRecord,
  type AckMode,
  type ContainerProperties,
  type Ordering,
} from '../dist/index.js';
import { addsUp, setup, tp, until, type Bundle, type Call } from './setup.js';

const PARTITIONS = 3;

/** How a listener fails: to be called again, to be done with its record, to have it recovered. */
type Failing = 'fail' | 'skip' | 'give-up';

/** How long a record that is given back stays away. */
const SLEEP_MS = 15;

type Step =
  | { do: 'give'; partition: number; key: string | null; gap: number }
  | { do: 'end' | 'nack' | Failing; pick: number }
  | { do: 'pass'; ms: number }
  | { do: 'revoke' | 'lose' | 'assign' | 'pause' | 'resume'; partition: number }
  | { do: 'refuse'; partition: number | undefined }
  | { do: 'turn' };

const partition = fc.nat(PARTITIONS - 1);
const steps = fc.array(
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        do: fc.constant('give' as const),
        partition,
        key: fc.constantFrom('a', 'b', 'c', null),
        gap: fc.constantFrom(0, 0, 0, 3),
      }),
    },
    { weight: 6, arbitrary: fc.record({ do: fc.constant('end' as const), pick: fc.nat() }) },
    {
      weight: 3,
      arbitrary: fc.record({ do: fc.constantFrom('fail' as const, 'skip', 'give-up', 'nack'), pick: fc.nat() }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant('refuse' as const), partition: fc.option(partition, { nil: undefined }) }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.constantFrom(1, 10, 60, 200) }) },
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constantFrom('revoke' as const, 'assign', 'assign', 'assign', 'lose', 'lose', 'pause', 'resume'),
        partition,
      }),
    },
    { weight: 4, arbitrary: fc.record({ do: fc.constant('turn' as const) }) },
  ),
  { maxLength: 150, size: 'max' },
);

interface World {
  readonly ordering: Ordering;
  readonly concurrency: number;
  readonly ackMode: AckMode;
  readonly ackCount: number;
  readonly syncCommits: boolean;
  readonly commitBefore: boolean;
  readonly bufferRecords: number;
  readonly steps: readonly Step[];
  /** Stops in the middle of everything, or when all is done. */
  readonly stopsEarly: boolean;
}

const anyWorld: fc.Arbitrary<World> = fc.record({
  ordering: fc.constantFrom('partition', 'key', 'none'),
  concurrency: fc.integer({ min: 1, max: 4 }),
  ackMode: fc.constantFrom('batch', 'record', 'count', 'time', 'count-time', 'manual', 'manual-immediate'),
  ackCount: fc.integer({ min: 1, max: 5 }),
  syncCommits: fc.boolean(),
  commitBefore: fc.nat(3).map((chance) => chance === 0),
  bufferRecords: fc.constantFrom(0, 1, 3, 20),
  steps,
  stopsEarly: fc.boolean(),
});

/** Settings that go together. */
const worlds = anyWorld.map((world): World => {
  const commitBefore = world.commitBefore && world.ordering !== 'key';
  const ackMode = commitBefore ? 'record' : world.ackMode;
  return { ...world, ackMode, commitBefore, syncCommits: world.syncCommits && ackMode === 'record' && !commitBefore };
});

const isManual = ({ ackMode }: World): boolean => ackMode.startsWith('manual');

/** With its settings as a user would write them: only those that mean something. */
function acksOf({ ackMode, ackCount, syncCommits, commitBefore }: World): Partial<ContainerProperties> {
  return {
    ackMode,
    syncCommits,
    commitBefore,
    ...(ackMode.startsWith('count') ? { ackCount } : {}),
    ...(ackMode.endsWith('time') ? { ackTimeMs: 150 } : {}),
    ...(ackMode === 'count' ? { pollTimeoutMs: 150 } : {}),
  };
}

/** Runs a world, and checks at every call and every commit what must hold there. */
class Oracle {
  readonly bundle: Bundle;
  readonly #world: World;
  readonly #running = new Set<Call>();
  /** Lanes whose record the recoverer works on. */
  readonly #recovering = new Set<unknown>();
  /** Records whose recovery failed once: each does. */
  readonly #failedOnce = new Set<string>();
  /** Records that ended at least once, well or given up: "partition/offset". */
  readonly #ended = new Set<string>();
  /** Records that a listener was called with: "partition/offset". */
  readonly #called = new Set<string>();
  /** What its lane waits for: the call that gave its record back, and when. */
  readonly #nacked = new Map<unknown, { readonly call: Call; readonly at: number }>();
  /** How often partitions went in a way that loses what `commitBefore` had committed and not started. */
  #losses = 0;
  readonly #lastOfLane = new Map<string, number>();
  readonly #floor = new Map<number, number>();
  readonly #owned = new Set<number>([0, 1, 2]);
  /** And how many records may still start of each: those that `commitBefore` had claimed. */
  readonly #paused = new Map<number, number>();
  #rebalancing: Promise<void> = Promise.resolve();
  #checked = 0;
  #violation: unknown;

  constructor(world: World) {
    this.#world = world;
    const { ordering, concurrency, bufferRecords } = world;
    this.bundle = setup(
      {
        ordering,
        concurrency,
        ...acksOf(world),
        bufferRecords,
        revokeDrainTimeoutMs: 50,
        shutdownTimeoutMs: 50,
        maxPollRecords: 5,
        errorHandler: new DefaultErrorHandler({
          backOff: new FixedBackOff({ intervalMs: 10, maxRetries: 1_000 }),
          recoverer: (failed) => this.#recover(failed),
          recoveryBackOff: new FixedBackOff({ intervalMs: 10, maxRetries: 1_000 }),
        }),
      },
      { partitions: [tp(0), tp(1), tp(2)] },
    );
    const { calls } = this.bundle.listener;
    const record = calls.record;
    const checked = (call: Call): void => {
      try {
        this.#onCall(call);
      } catch (error) {
        this.#violation ??= error; // thrown here it would only make the listener fail
      }
      record(call);
    };
    Object.assign(calls, { record: checked });
  }

  async run(): Promise<void> {
    const { container, factory } = this.bundle;
    await container.start();
    for (const step of this.#world.steps) {
      await this.#step(step);
      this.#check();
    }
    if (!this.#world.stopsEarly) await this.#finishEverything();
    const stopping = container.stop();
    await this.#drive(stopping);
    await this.#drive(this.#rebalancing);
    this.#check();
    assert.ok(addsUp(this.bundle), JSON.stringify(container.metrics()));
    assert.equal(container.metrics().outstanding, 0);
    for (const call of [...this.#running]) this.#end(call);
    await eventLoopTurn();
    assert.equal(container.metrics().running, 0);
    assert.ok(addsUp(this.bundle));
    assert.ok(factory.consumer.closed.fired);
    await container.finished;
  }

  #onCall(call: Call): void {
    const { record, context } = call;
    const lane = this.#laneOf(record);
    assert.ok(!this.#recovering.has(lane), 'a lane goes on before its record is recovered');
    for (const other of this.#running) {
      if (this.#world.ordering !== 'none') assert.notEqual(laneOf(other), lane, 'two of one lane at a time');
    }
    this.#checkPaused(record.partition);
    Object.assign(call, { lane });
    this.#running.add(call);
    assert.ok(this.#running.size <= this.#world.concurrency, 'more than the concurrency');
    if (this.#world.commitBefore) this.#checkAtMostOnce(call);
    const isAgain = this.#comesAgain(call, lane) || context.attempt > 1;
    const inEpoch = `${lane}@${context.epoch}`;
    const least = (this.#lastOfLane.get(inEpoch) ?? -1) + (isAgain ? 0 : 1);
    assert.ok(record.offset >= least, `${call.at} out of order in lane ${lane}`);
    this.#lastOfLane.set(inEpoch, record.offset);
  }

  #checkPaused(number: number): void {
    const left = this.#paused.get(number);
    assert.notEqual(left, 0, 'a paused partition goes on');
    if (left !== undefined) this.#paused.set(number, left - 1);
  }

  #checkAtMostOnce({ record, at }: Call): void {
    assert.ok((this.bundle.committed(record.partition) ?? 0) > record.offset, `${at} starts before it is committed`);
    assert.ok(!this.#called.has(at), `${at} starts twice`);
    this.#called.add(at);
  }

  /** Whether its record was given back, by a listener of the same epoch; then nothing else of its lane may come, nor too early. */
  #comesAgain({ at, context }: Call, lane: string): boolean {
    const nacked = this.#nacked.get(lane);
    this.#nacked.delete(lane);
    if (nacked?.call.context.epoch !== context.epoch) return false;
    assert.equal(at, nacked.call.at, 'a record passed one that was given back');
    assert.ok(this.bundle.clock.monotonic() >= nacked.at + SLEEP_MS, `${at} comes again too early`);
    assert.equal(context.attempt, nacked.call.context.attempt);
    return true;
  }

  #laneOf(record: ConsumerRecord): string {
    const key = record.key?.toString() ?? 'none';
    const { partition, offset } = record;
    return { partition: `${partition}`, key: `${partition}/${key}`, none: `${partition}/${offset}` }[
      this.#world.ordering
    ];
  }

  /** Takes a while, and fails the first time. */
  #recover(record: ConsumerRecord): Promise<void> {
    const [lane, at] = [this.#laneOf(record), `${record.partition}/${record.offset}`];
    if (this.#world.ordering !== 'none') this.#recovering.add(lane);
    return new Promise((resolve, reject) => {
      this.bundle.clock.setTimer(() => {
        this.#recovering.delete(lane);
        if (this.#failedOnce.has(at)) {
          this.#ended.add(at);
          resolve();
        } else {
          this.#failedOnce.add(at);
          reject(new Error('not yet'));
        }
      }, 5);
    });
  }

  #end(call: Call): void {
    this.#running.delete(call);
    this.#ended.add(call.at);
    if (isManual(this.#world)) call.context.acknowledgment.acknowledge();
    call.end();
  }

  #check(): void {
    assert.equal(this.#violation, undefined);
    this.#checkCommits();
  }

  /** Nothing is committed past a record that has not ended, and no commit goes back. */
  #checkCommits(): void {
    const { items } = this.bundle.factory.consumer.commits;
    for (; this.#checked < items.length; this.#checked++) {
      for (const { partition: number, offset } of items[this.#checked]!) {
        assert.ok(offset >= (this.#floor.get(number) ?? 0), `${number} went back to ${offset}`);
        this.#floor.set(number, offset);
        if (this.#world.commitBefore) continue;
        for (const at of this.#below(number, offset)) assert.ok(this.#ended.has(at), `${number}@${offset} is too far`);
      }
    }
    if (this.#world.commitBefore) this.#checkAhead();
  }

  /** What is committed and has not started is about to, or was lost when its partition went. */
  #checkAhead(): void {
    const ahead = [...this.#floor].flatMap(([number, offset]) => this.#below(number, offset));
    const notStarted = ahead.filter((at) => !this.#called.has(at));
    assert.ok(
      notStarted.length <= this.#world.concurrency * (1 + this.#losses),
      `${notStarted.join()} have not started`,
    );
  }

  /** The records of a partition below an offset. */
  #below(number: number, offset: number): string[] {
    const records = this.bundle.log.records('t', number).filter((record) => record.offset < offset);
    return records.map((record) => `${number}/${record.offset}`);
  }

  async #step(step: Step): Promise<void> {
    const { clock } = this.bundle;
    if (step.do === 'give') this.#give(step.partition, step.key, step.gap);
    else if (step.do === 'pass') clock.advance(step.ms);
    else if (step.do === 'turn') await eventLoopTurn();
    else if (step.do === 'refuse') this.#refuse(step.partition);
    else if ('pick' in step) this.#settle(step.do, step.pick);
    else if (step.do === 'pause') this.#pause(step.partition);
    else if (step.do === 'resume') this.#resume(step.partition);
    else this.#rebalance(step.do, step.partition);
  }

  #pause(number: number): void {
    const { commitBefore, concurrency } = this.#world;
    if (!this.#paused.has(number)) this.#paused.set(number, commitBefore ? concurrency : 0);
    this.bundle.container.pause([tp(number)]);
  }

  #resume(number: number): void {
    this.#paused.delete(number);
    this.bundle.container.resume([tp(number)]);
  }

  #give(number: number, key: string | null, gap: number): void {
    const { log } = this.bundle;
    log.append('t', number, { key, offset: log.endOffset(tp(number)) + gap });
  }

  /** The next commit is refused: for one partition, or altogether. */
  #refuse(number: number | undefined): void {
    const { consumer } = this.bundle.factory;
    consumer.failCommits((offsets) => {
      if (number === undefined) return new Error('no broker');
      const code = 'TOPIC_AUTHORIZATION_FAILED';
      const [refused, written] = [true, false].map((is) => offsets.filter((at) => (at.partition === number) === is));
      if (refused!.length === 0) return undefined;
      this.bundle.log.commit('g', written!);
      consumer.commits.record(written!);
      return new CommitFailedError('some', { code, partitions: refused!.map((at) => ({ ...at, code })) });
    });
  }

  #nack(call: Call): void {
    this.#running.delete(call);
    call.context.acknowledgment.nack(SLEEP_MS);
    this.#nacked.set(laneOf(call), { call, at: this.bundle.clock.monotonic() });
    call.end();
  }

  #settle(how: 'end' | 'nack' | Failing, pick: number): void {
    const call = [...this.#running][pick % this.#running.size];
    if (call === undefined) return;
    if (how === 'end') {
      this.#end(call);
    } else if (how === 'nack') {
      if (isManual(this.#world)) this.#nack(call);
    } else {
      this.#running.delete(call);
      if (how === 'skip') this.#ended.add(call.at);
      call.fail({ fail: new Error('once more'), skip: new SkipRecord(), 'give-up': new DeadLetter() }[how]);
    }
  }

  #rebalance(how: 'revoke' | 'lose' | 'assign', number: number): void {
    const { consumer } = this.bundle.factory;
    if (this.#owned.has(number) === (how === 'assign')) return;
    if (how === 'assign') this.#owned.add(number);
    else this.#owned.delete(number);
    if (how !== 'assign') this.#losses++;
    const name = { revoke: 'revoke', lose: 'lost', assign: 'assign' }[how];
    this.#rebalancing = consumer.rebalance({ [name]: [tp(number)] as readonly TopicPartition[] });
  }

  /** Ends whatever runs and lets time pass, until the promise settles. */
  async #drive(promise: Promise<unknown>): Promise<void> {
    let settled = false;
    void promise.finally(() => (settled = true));
    await until(() => {
      this.bundle.clock.advance(20);
      return settled;
    });
  }

  /** Nothing is left behind: every record ends, and everything is committed. */
  async #finishEverything(): Promise<void> {
    const { container, clock, log, committed } = this.bundle;
    this.#paused.clear();
    container.resume();
    for (let number = 0; number < PARTITIONS; number++) this.#rebalance('assign', number);
    await until(() => {
      for (const call of [...this.#running]) this.#end(call);
      clock.advance(500);
      return [0, 1, 2].every((number) => (committed(number) ?? 0) === log.endOffset(tp(number)));
    });
  }
}

const laneOf = (call: Call): unknown => (call as Call & { lane?: unknown }).lane;

describe('MessageListenerContainer: laws', () => {
  it('hold in every world: order, limit, commits, counters, nothing left behind', async () => {
    await fc.assert(
      fc.asyncProperty(worlds, async (world) => {
        await new Oracle(world).run();
      }),
      { numRuns: 250 },
    );
  }).timeout(30_000);
});
