import assert from 'node:assert/strict';
import type { ConsumerRecord, TopicPartition } from '@hearken/core';
import { eventLoopTurn } from '@hearken/testing';
import fc from 'fast-check';
import {
  DeadLetter,
  DefaultErrorHandler,
  FixedBackOff,
  SkipRecord,
  type AckMode,
  type Ordering,
} from '../dist/index.js';
import { addsUp, setup, tp, until, type Bundle, type Call } from './setup.js';

const PARTITIONS = 3;

/** How a listener fails: to be called again, to be done with its record, to have it recovered. */
type Failing = 'fail' | 'skip' | 'give-up';

type Step =
  | { do: 'give'; partition: number; key: string | null; gap: number }
  | { do: 'end' | Failing; pick: number }
  | { do: 'pass'; ms: number }
  | { do: 'revoke' | 'lose' | 'assign' | 'pause' | 'resume'; partition: number }
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
    { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('fail' as const, 'skip', 'give-up'), pick: fc.nat() }) },
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
  readonly syncCommits: boolean;
  readonly bufferRecords: number;
  readonly steps: readonly Step[];
  /** Stops in the middle of everything, or when all is done. */
  readonly stopsEarly: boolean;
}

const worlds: fc.Arbitrary<World> = fc.record({
  ordering: fc.constantFrom('partition', 'key', 'none'),
  concurrency: fc.integer({ min: 1, max: 4 }),
  ackMode: fc.constantFrom('batch', 'record', 'manual'),
  syncCommits: fc.boolean(),
  bufferRecords: fc.constantFrom(0, 1, 3, 20),
  steps,
  stopsEarly: fc.boolean(),
});

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
  readonly #lastOfLane = new Map<string, number>();
  readonly #floor = new Map<number, number>();
  readonly #owned = new Set<number>([0, 1, 2]);
  readonly #paused = new Set<number>();
  #rebalancing: Promise<void> = Promise.resolve();
  #checked = 0;
  #violation: unknown;

  constructor(world: World) {
    this.#world = world;
    const { ordering, concurrency, ackMode, bufferRecords } = world;
    this.bundle = setup(
      {
        ordering,
        concurrency,
        ackMode,
        bufferRecords,
        syncCommits: ackMode === 'record' && world.syncCommits,
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
    assert.ok(!this.#paused.has(record.partition), 'a paused partition goes on');
    Object.assign(call, { lane });
    this.#running.add(call);
    assert.ok(this.#running.size <= this.#world.concurrency, 'more than the concurrency');
    const inEpoch = `${lane}@${context.epoch}`;
    const least = (this.#lastOfLane.get(inEpoch) ?? -1) + (context.attempt > 1 ? 0 : 1);
    assert.ok(record.offset >= least, `${call.at} out of order in lane ${lane}`);
    this.#lastOfLane.set(inEpoch, record.offset);
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
    if (this.#world.ackMode === 'manual') call.context.acknowledgment.acknowledge();
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
        for (const record of this.bundle.log.records('t', number)) {
          if (record.offset < offset)
            assert.ok(this.#ended.has(`${number}/${record.offset}`), `${number}@${offset} is too far`);
        }
      }
    }
  }

  async #step(step: Step): Promise<void> {
    const { clock } = this.bundle;
    if (step.do === 'give') this.#give(step.partition, step.key, step.gap);
    else if (step.do === 'pass') clock.advance(step.ms);
    else if (step.do === 'turn') await eventLoopTurn();
    else if ('pick' in step) this.#settle(step.do, step.pick);
    else if (step.do === 'pause') this.#pause(step.partition);
    else if (step.do === 'resume') this.#resume(step.partition);
    else this.#rebalance(step.do, step.partition);
  }

  #pause(number: number): void {
    this.#paused.add(number);
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

  #settle(how: 'end' | Failing, pick: number): void {
    const call = [...this.#running][pick % this.#running.size];
    if (call === undefined) return;
    if (how === 'end') {
      this.#end(call);
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
      clock.advance(20);
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
