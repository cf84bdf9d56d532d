import assert from 'node:assert/strict';
import { codeOf, silentLogger, type Bytes, type ConsumerRecord, type Serde } from '@hearken/core';
import { deferred } from '@hearken/core/internal';
import { eventLoopTurn, FakeLog, ManualClock } from '@hearken/testing';
import {
  BatchListenerFailedError,
  DefaultErrorHandler,
  FixedBackOff,
  MessageListenerContainer,
  NonRetriable,
  type BatchListenerContext,
  type BatchResult,
  type BatchReturn,
} from '../../dist/index.js';
import { brokenCommit } from '../laws/broken-commit.js';
import { slotsOf } from '../laws/executors.js';
import { WatchedConsumerFactory } from '../laws/watched-consumer.js';
import { addsUp, tp, until } from '../setup.js';
import { MAX_RETRIES, Oracle, type Call, type Element } from './oracle.js';
import { isManual, PARTITIONS, settingsOf, type Ending, type Step, type World } from './world.js';

const RETRY_MS = 10;
const NACKED_MS = 15;

interface OpenCall extends Call {
  readonly resolve: (result?: BatchResult) => void;
  readonly reject: (error: unknown) => void;
}

/** Plays a world on a container with a scripted consumer, and says what each ending has to come to. */
export class Player {
  readonly #world: World;
  readonly #clock = new ManualClock();
  readonly #log = new FakeLog();
  readonly #oracle: Oracle;
  readonly #factory: WatchedConsumerFactory;
  readonly #container: MessageListenerContainer<Bytes, undefined>;
  readonly #open = new Map<Call, OpenCall>();
  /** Under a manual mode: calls that are over, and may have left something to be acknowledged. */
  readonly #returned: Call[] = [];
  readonly #endsAtOnce = new Set<string>();
  readonly #bad = new Set<string>();
  readonly #owned = new Set<number>(PARTITIONS);
  readonly #asked: Promise<unknown>[] = [];

  constructor(world: World) {
    this.#world = world;
    this.#oracle = new Oracle(world, {
      now: () => this.#clock.monotonic(),
      snapshot: () => this.#container.snapshot().partitions,
      committed: (partition) => this.#committed(partition),
      recordsOf: (partition) => this.#log.records('t', partition),
      isBad: (partition, offset) => this.#bad.has(`${partition}/${offset}`),
    });
    const assignOnSubscribe = PARTITIONS.map((partition) => tp(partition));
    const options = { clock: this.#clock, log: this.#log, assignOnSubscribe, maxPollRecords: 5 };
    this.#factory = new WatchedConsumerFactory(options, this.#oracle);
    this.#container = this.#newContainer();
  }

  async run(): Promise<void> {
    await this.#container.start();
    for (const step of this.#world.steps) {
      await this.#step(step);
      this.#oracle.check();
    }
    if (!this.#world.stopsEarly) await this.#finishEverything();
    await this.#drive(this.#container.stop());
    await this.#drive(Promise.all(this.#asked));
    this.#oracle.check();
    this.#checkCounters();
    for (const call of [...this.#oracle.running]) this.#end(call);
    await eventLoopTurn();
    assert.equal(this.#container.metrics().running, 0);
    this.#checkCounters();
    await this.#container.finished;
  }

  #newContainer(): MessageListenerContainer<Bytes, undefined> {
    const valueSerde: Serde<undefined> = {
      serialize: () => null,
      deserialize: (_, { partition, offset }: ConsumerRecord) => {
        if (this.#bad.has(`${partition}/${offset}`)) throw new Error('bad');
        return undefined;
      },
    };
    const slots = slotsOf({ ...this.#world, lot: 0 }, this.#clock);
    const container = new MessageListenerContainer(
      this.#factory,
      {
        topics: ['t'],
        ...settingsOf(this.#world),
        ...(slots === undefined ? { concurrency: this.#world.concurrency } : { taskExecutor: slots }),
        valueSerde,
        batchListener: (records, context) => this.#onBatch(records as readonly ConsumerRecord<Bytes, never>[], context),
        errorHandler: new DefaultErrorHandler({
          backOff: new FixedBackOff({ intervalMs: RETRY_MS, maxRetries: MAX_RETRIES }),
          recoverer: (record) => this.#recover(record),
        }),
      },
      { clock: this.#clock, logger: silentLogger },
    );
    return container;
  }

  #onBatch(records: readonly ConsumerRecord[], context: BatchListenerContext): Promise<BatchReturn> | undefined {
    const { promise, resolve, reject } = deferred<BatchResult | undefined>();
    const call = this.#oracle.started(records, context);
    this.#open.set(call, { ...call, resolve, reject });
    if (!this.#endsAtOnce.has(`${context.partition}/${records[0]!.offset}`)) return promise;
    this.#end(call);
    return undefined;
  }

  /** Takes a while. */
  #recover(record: ConsumerRecord): Promise<void> {
    const recovered = this.#oracle.recovers(record);
    return new Promise((resolve) => {
      this.#clock.setTimer(() => {
        recovered();
        resolve();
      }, 5);
    });
  }

  // ---- endings, and what they have to come to

  #end(call: Call): void {
    this.#oracle.ended(call, call.elements);
    if (isManual(this.#world)) call.context.acknowledgment.acknowledge();
    this.#goesOn(call, []);
    this.#close(call).resolve();
  }

  #settle(how: Ending, pick: number, at: number): void {
    if (how === 'acknowledge') {
      this.#acknowledge(pick, at);
      return;
    }
    const running = [...this.#oracle.running];
    const call = running[pick % running.length];
    if (call === undefined) return;
    const index = at % call.elements.length;
    if (how === 'end') this.#end(call);
    else if (how === 'return') this.#return(call);
    else if (how === 'nack') this.#nack(call, index);
    else if (how === 'fail' || how === 'fail-for-good') this.#fail(call, how === 'fail');
    else if (how === 'name-some') this.#nameSome(call, at);
    else this.#failAt(call, index, how === 'fail-at');
  }

  #return(call: Call): void {
    if (!isManual(this.#world)) return;
    this.#returned.push(call);
    this.#goesOn(call, []);
    this.#close(call).resolve();
  }

  #acknowledge(pick: number, at: number): void {
    const calls = [...this.#oracle.running, ...this.#returned];
    const call = calls[pick % calls.length];
    if (!isManual(this.#world) || call === undefined) return;
    const index = at % call.elements.length;
    this.#oracle.ended(call, call.elements.slice(0, index + 1));
    call.context.acknowledgment.acknowledge(index);
  }

  #nack(call: Call, index: number): void {
    const rest = call.elements.slice(index);
    if (!isManual(this.#world) || !this.#oracle.openOf(call).includes(rest[0]!)) return;
    this.#oracle.ended(call, call.elements.slice(0, index));
    call.context.acknowledgment.nack(index, NACKED_MS);
    this.#goesOn(call, rest, NACKED_MS);
    this.#close(call).resolve();
  }

  #fail(call: Call, mayPass: boolean): void {
    const open = this.#oracle.openOf(call);
    const isGranted = mayPass && call.context.attempt <= MAX_RETRIES;
    const next = open.map(({ offset, attempt }) => ({ offset, attempt: attempt + 1 }));
    if (open.length === 1) this.#goesOn(call, this.#own(open[0]!, mayPass), RETRY_MS);
    else if (isGranted || open.length === 0) this.#goesOn(call, next, RETRY_MS);
    else this.#oracle.comesAgain(call, next, next.length, 0);
    this.#returned.push(call);
    this.#close(call).reject(mayPass ? new Error('all') : new NonRetriable());
  }

  #failAt(call: Call, index: number, mayPass: boolean): void {
    this.#oracle.ended(call, call.elements.slice(0, index));
    const failed = call.elements[index]!;
    const again = this.#oracle.openOf(call).includes(failed) ? this.#own(failed, mayPass) : [];
    const rest = [...again, ...call.elements.slice(index + 1)];
    this.#goesOn(call, rest, again.length > 0 ? RETRY_MS : 0);
    this.#returned.push(call);
    const cause = mayPass ? new Error('one') : new NonRetriable();
    this.#close(call).reject(new BatchListenerFailedError(index, cause));
  }

  /** Every second or third of them, some of them for good. */
  #nameSome(call: Call, at: number): void {
    const open = new Set(this.#oracle.openOf(call));
    const failed = [...call.elements.keys()].filter((index) => (index + at) % ((at % 2) + 2) === 0);
    const named = new Set(failed);
    const mayPass = (index: number): boolean => (index + at) % 5 > 0;
    const again = call.elements.flatMap((each, i) =>
      named.has(i) && open.has(each) ? this.#own(each, mayPass(i)) : [],
    );
    this.#oracle.ended(
      call,
      call.elements.filter((_, index) => !named.has(index)),
    );
    this.#goesOn(call, again, RETRY_MS);
    this.#returned.push(call);
    this.#close(call).resolve({
      failed: failed.map((index) => ({ index, error: mayPass(index) ? new Error('some') : new NonRetriable() })),
    });
  }

  /** What a failure of its own brings back. */
  #own({ offset, attempt }: Element, mayPass: boolean): Element[] {
    return mayPass && attempt <= MAX_RETRIES ? [{ offset, attempt: attempt + 1 }] : [];
  }

  /** @param delayMs before `again`; what is behind waits for nothing */
  #goesOn(call: Call, again: readonly Element[], delayMs = 0): void {
    const rest = [...again, ...call.alone];
    const alone = call.alone.length > 0 ? rest.length : 0; // of one record it makes no difference
    this.#oracle.comesAgain(call, rest, alone, again.length > 0 ? delayMs : 0);
  }

  #close(call: Call): OpenCall {
    const open = this.#open.get(call)!;
    this.#open.delete(call);
    this.#oracle.running.delete(call);
    return open;
  }

  // ---- steps

  async #step(step: Step): Promise<void> {
    const { consumer } = this.#factory;
    if ('pick' in step) this.#settle(step.do, step.pick, step.at);
    else if (step.do === 'turn') await eventLoopTurn();
    else if (step.do === 'give') this.#give(step);
    else if (step.do === 'pass') this.#clock.advance(step.ms);
    else if (step.do === 'refuse') consumer.failCommits(brokenCommit(this.#log, step.partition));
    else if (step.do === 'pause') this.#container.pause([tp(step.partition)]);
    else if (step.do === 'resume') this.#container.resume([tp(step.partition)]);
    else if (step.do === 'seek') this.#seek(step.partition, step.permille);
    else this.#rebalance(step.do, step.partition);
  }

  #give({ partition, key, isBad, endsAtOnce }: Step & { do: 'give' }): void {
    const at = `${partition}/${this.#log.endOffset(tp(partition))}`;
    if (isBad) this.#bad.add(at);
    if (endsAtOnce) this.#endsAtOnce.add(at);
    this.#log.append('t', partition, { key });
  }

  #seek(partition: number, permille: number): void {
    const offset = Math.round((this.#log.endOffset(tp(partition)) * permille) / 1000);
    const seeking = Promise.resolve(this.#container.seek(tp(partition), offset));
    this.#asked.push(seeking.catch((error: unknown) => assert.equal(codeOf(error), 'NOT_ASSIGNED')));
  }

  #rebalance(how: 'revoke' | 'lose' | 'assign', partition: number): void {
    if (this.#owned.has(partition) === (how === 'assign')) return;
    if (how === 'assign') this.#owned.add(partition);
    else this.#owned.delete(partition);
    const change = how === 'lose' ? { lost: [tp(partition)] } : { [how]: [tp(partition)] };
    this.#asked.push(this.#factory.consumer.rebalance(change));
  }

  // ---- the end

  /** Nothing is left behind: every record ends, and everything is committed. */
  async #finishEverything(): Promise<void> {
    for (const partition of PARTITIONS) this.#rebalance('assign', partition);
    this.#container.resume();
    await until(() => {
      for (const call of [...this.#oracle.running]) this.#end(call);
      for (const call of this.#returned.splice(0)) this.#acknowledgeAll(call);
      this.#clock.advance(500);
      this.#oracle.check();
      const isWritten = PARTITIONS.every((each) => this.#committed(each) === this.#log.endOffset(tp(each)));
      return isWritten && this.#container.metrics().outstanding === 0;
    });
  }

  #acknowledgeAll(call: Call): void {
    if (!isManual(this.#world)) return;
    this.#oracle.ended(call, call.elements);
    try {
      call.context.acknowledgment.acknowledge();
    } catch (error) {
      assert.equal(codeOf(error), 'NACKED');
    }
  }

  #checkCounters(): void {
    const metrics = this.#container.metrics();
    assert.ok(addsUp({ container: this.#container }), JSON.stringify(metrics));
    assert.equal(metrics.polled, this.#oracle.polledRecords);
    assert.equal(metrics.outstanding, 0);
  }

  /** Lets time pass until the promise settles. */
  async #drive(promise: Promise<unknown>): Promise<void> {
    let settled = false;
    void promise.finally(() => (settled = true));
    await until(() => {
      this.#clock.advance(20);
      return settled;
    });
  }

  #committed(partition: number): number {
    return this.#log.committed('g', tp(partition))?.offset ?? 0;
  }
}
