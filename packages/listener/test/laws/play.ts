import assert from 'node:assert/strict';
import { codeOf, silentLogger, type ConsumerRecord } from '@hearken/core';
import { deferred } from '@hearken/core/internal';
import { eventLoopTurn, FakeLog, ManualClock } from '@hearken/testing';
import { MessageListenerContainer, type ListenerContext, type StopOptions, type StopReport } from '../../dist/index.js';
import { addsUp, tp, until } from '../setup.js';
import { FAILURES, LawfulErrorHandler, RETRY_MS } from './error-handler.js';
import { slotsOf, type Slots } from './executors.js';
import { Failures } from './failures.js';
import { Oracle, type Call } from './oracle.js';
import { checkFinished, LONG_MS, SHORT_MS, Stage } from './stage.js';
import { isManual, PARTITIONS, settingsOf, type Failing, type Manner, type Step, type World } from './world.js';

/** How long a record that is given back stays away. */
const NACKED_MS = 15;
/** Turns of the event loop after which nothing moves that no timer moves. */
const TURNS_TO_REST = 4;

/** A call that the world ends. */
interface OpenCall extends Call {
  readonly startedAt: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Plays a world on a container with a scripted consumer, and asks the oracle after every step. One class: it is the world. */
export class Player {
  readonly #world: World;
  readonly #clock = new ManualClock();
  readonly #log = new FakeLog();
  /** Undefined where the container has its own. */
  readonly #slots: Slots | undefined;
  readonly #oracle: Oracle;
  readonly #stage: Stage;
  readonly #container: MessageListenerContainer;
  readonly #manners = new Map<string, Manner>();
  /** Calls whose listener runs, and under a manual mode those that have yet to be acknowledged. */
  readonly #open = new Map<Call, OpenCall>();
  readonly #unacknowledged: Call[] = [];
  readonly #foreign: (() => void)[] = [];
  /** The most there were in this turn of the event loop: a run that has a slot may go on with another record. */
  #limitOfTurn: number;
  #stopping: Promise<StopReport> | undefined;
  #checkNoneTwice: () => void = () => undefined;
  readonly #failures = new Failures();

  constructor(world: World) {
    this.#world = world;
    this.#slots = slotsOf(world, this.#clock);
    this.#limitOfTurn = world.concurrency;
    this.#oracle = new Oracle(world, {
      now: () => this.#clock.monotonic(),
      snapshot: () => this.#container.snapshot().partitions,
      assigned: () => this.#stage.factory.consumer.assignment(),
      connects: () => this.#stage.connects(),
      isRunning: () => this.#container.state === 'running',
      committed: (partition) => this.#log.committed('g', tp(partition)) ?? { ...tp(partition), offset: 0 },
      recordsOf: (partition) => this.#log.records('t', partition),
      foreign: () => this.#foreign.length,
      limit: () => Math.max(this.#limitOfTurn, this.#limit),
    });
    const { pollLag } = world;
    const [clock, log] = [this.#clock, this.#log];
    this.#stage = new Stage({ clock, log, partitions: PARTITIONS, watch: this.#oracle, pollLag });
    this.#container = this.#newContainer();
  }

  async run(): Promise<void> {
    await this.#container.start();
    for (const step of this.#world.steps) {
      await this.#step(step);
      this.#oracle.check();
      this.#checkBytes();
    }
    if (!this.#world.stopsEarly && this.#stopping === undefined) await this.#finishEverything();
    await this.#stop();
  }

  #newContainer(): MessageListenerContainer {
    const { concurrency } = this.#world;
    const container = new MessageListenerContainer(
      this.#stage.factory,
      {
        topics: ['t'],
        ...settingsOf(this.#world),
        ...(this.#slots === undefined ? { concurrency } : { taskExecutor: this.#slots }),
        listener: (record, context) => this.#onMessage(record, context),
        errorHandler: new LawfulErrorHandler(this.#clock, (record) => this.#oracle.recovers(record)),
      },
      { clock: this.#clock, logger: silentLogger },
    );
    // An executor that sees every record has its say after the listener: the wait begins only then.
    const isSeen = this.#slots?.unit === 'record';
    container.on('record:retried', ({ record, error, attempt, delayMs }) => {
      if (isSeen || codeOf(error) === 'TASK_REJECTED') this.#oracle.waits(record, attempt + 1, delayMs);
    });
    container.on('record:nacked', ({ record, attempt, delayMs }) => {
      if (isSeen) this.#oracle.waits(record, attempt, delayMs);
    });
    container.on('partition:paused', ({ partition, owner }) => {
      if (owner === 'failure') this.#oracle.pauses(partition);
    });
    return container;
  }

  // ---- the listener

  #onMessage(record: ConsumerRecord, context: ListenerContext): Promise<void> | undefined {
    const { promise, resolve, reject } = deferred();
    const at = `${record.partition}/${record.offset}`;
    const startedAt = this.#clock.monotonic();
    const call = { record, context, at, lane: this.#oracle.book.laneOf(record), startedAt, resolve, reject };
    this.#open.set(call, call);
    this.#oracle.started(call);
    const manner = this.#manners.get(at);
    if (manner === 'throws-first' && context.attempt === 1) {
      this.#leaveOpen(call);
      this.#fails(call, 'fail');
      throw FAILURES.fail();
    }
    if (manner === 'soon') void soon().then(() => this.#end(call));
    if (manner === undefined || manner === 'when-told' || manner === 'soon') return promise;
    this.#end(call);
    return undefined;
  }

  #end(call: Call): void {
    if (!this.#oracle.running.has(call)) return; // it was told otherwise meanwhile
    if (isManual(this.#world)) this.#acknowledge(call);
    else if (!this.#isTimedOut(call)) this.#oracle.ended(call);
    this.#returns(call);
  }

  /** Its executor may take that for a failure. */
  #returns(call: Call): void {
    const open = this.#open.get(call)!;
    if (this.#isTimedOut(call)) this.#fails(call, 'fail');
    else this.#close(call);
    open.resolve();
  }

  #isTimedOut(call: Call): boolean {
    const { startedAt } = this.#open.get(call)!;
    return this.#clock.monotonic() - startedAt >= (this.#slots?.timeoutMs ?? Infinity);
  }

  /** Returns, and is acknowledged later. */
  #return(call: Call): void {
    if (!isManual(this.#world)) return;
    this.#leaveOpen(call);
    this.#returns(call);
  }

  #leaveOpen(call: Call): void {
    if (isManual(this.#world)) this.#unacknowledged.push(call);
  }

  #acknowledge(call: Call): void {
    this.#oracle.ended(call);
    call.context.acknowledgment.acknowledge();
  }

  #nack(call: Call): void {
    if (!isManual(this.#world) || this.#oracle.hasEnded(call)) return;
    call.context.acknowledgment.nack(NACKED_MS);
    if (!this.#isTimedOut(call)) this.#oracle.comesAgain(call, call.context.attempt, NACKED_MS);
    this.#returns(call);
  }

  /** One that took too long failed with that, whatever it throws. */
  #fail(call: Call, how: Failing): void {
    const open = this.#open.get(call)!;
    this.#leaveOpen(call);
    this.#fails(call, this.#isTimedOut(call) ? 'fail' : how);
    open.reject(FAILURES[how]());
  }

  #fails(call: Call, how: Failing): void {
    this.#failures.add();
    const { commitBefore } = this.#world;
    const isOver = this.#oracle.hasEnded(call); // acknowledged: its failure is only logged
    if (!isOver && how === 'skip') this.#oracle.ended(call);
    if (!isOver && how === 'fail' && !commitBefore) this.#oracle.comesAgain(call, call.context.attempt + 1, RETRY_MS);
    if (!isOver && how === 'pause-by-failure' && !commitBefore)
      this.#oracle.comesAgain(call, call.context.attempt + 1, 0);
    this.#close(call);
  }

  #close(call: Call): void {
    this.#open.delete(call);
    this.#oracle.settles(call);
  }

  // ---- steps

  async #step(step: Step): Promise<void> {
    if ('pick' in step) this.#settle(step.do, step.pick);
    else if (step.do === 'turn') await this.#rest();
    else if (step.do === 'pass') await this.#pass(step.ms);
    else this.#do(step);
  }

  async #pass(ms: number): Promise<void> {
    await this.#hear();
    this.#clock.advance(ms);
  }

  /** An executor that keeps time hears of all that ended before more time passes, as timers come after promises. */
  async #hear(): Promise<void> {
    if (this.#slots?.timeoutMs !== undefined) await eventLoopTurn();
  }

  #do(step: Exclude<Step, { pick: number } | { do: 'turn' | 'pass' }>): void {
    switch (step.do) {
      case 'give':
        this.#give(step);
        break;
      case 'revoke':
      case 'lose':
      case 'assign':
        this.#rebalance(step.do, step.partition);
        break;
      case 'bounce': // gone and back before anything else happens, as with an eager assignor
        this.#rebalance(step.how, step.partition);
        this.#rebalance('assign', step.partition);
        break;
      case 'pause':
        this.#oracle.pauses(step.partition);
        this.#container.pause([tp(step.partition)]);
        break;
      case 'resume':
        this.#oracle.resumes(step.partition);
        this.#container.resume([tp(step.partition)]);
        break;
      case 'seek':
        this.#stage.seek(this.#container, step.partition, step.permille);
        break;
      case 'refuse':
        this.#oracle.refuses();
        this.#stage.refuseCommit(step.partition);
        break;
      case 'slots':
        this.#resize(step.slots);
        break;
      case 'occupy':
        this.#occupy();
        break;
      case 'vacate':
        this.#foreign[0]?.();
        break;
      case 'hold-commits':
        this.#stage.holdCommits();
        break;
      case 'let-commits':
        this.#stage.letCommits();
        break;
      case 'break':
        this.#oracle.loses();
        this.#stage.break();
        break;
      case 'stop':
        this.#beginToStop();
        break;
    }
  }

  #give({ partition, key, size, gap, manner }: Step & { do: 'give' }): void {
    const offset = this.#log.endOffset(tp(partition)) + gap;
    this.#manners.set(`${partition}/${offset}`, manner);
    for (const record of this.#log.append('t', partition, { key, offset, value: Buffer.alloc(size) }))
      this.#oracle.book.add(record);
  }

  #settle(how: 'end' | 'nack' | 'return' | 'acknowledge' | Failing, pick: number): void {
    const running = [...this.#oracle.running];
    const call = running[pick % running.length];
    if (how === 'acknowledge') this.#acknowledgeSome(pick);
    else if (call === undefined) return;
    else if (how === 'end') this.#end(call);
    else if (how === 'return') this.#return(call);
    else if (how === 'nack') this.#nack(call);
    else this.#fail(call, how);
  }

  /** One that runs, or returned or failed before. */
  #acknowledgeSome(pick: number): void {
    if (!isManual(this.#world)) return;
    const index = pick % (this.#unacknowledged.length + 1);
    const [call] = this.#unacknowledged.splice(index, 1);
    const running = [...this.#oracle.running];
    const chosen = call ?? running[pick % running.length];
    if (chosen !== undefined) this.#acknowledge(chosen);
  }

  #resize(slots: number): void {
    if (this.#slots !== undefined) this.#slots.resize?.(slots);
    else this.#container.concurrency = Math.max(1, slots);
    this.#limitOfTurn = Math.max(this.#limitOfTurn, this.#limit);
  }

  /** Somebody else takes a slot, or a place in the queue. */
  #occupy(): void {
    const task = (): Promise<void> => {
      const { promise, resolve } = deferred();
      const leave = (): void => {
        this.#foreign.splice(this.#foreign.indexOf(leave), 1);
        resolve();
      };
      this.#foreign.push(leave);
      return promise;
    };
    this.#slots?.execute(task).catch((error: unknown) => assert.ok(codeOf(error) === 'TASK_REJECTED'));
  }

  #rebalance(how: 'revoke' | 'lose' | 'assign', partition: number): void {
    if (this.#container.state !== 'running') return;
    if (this.#stage.rebalance(how, partition) && how !== 'assign') this.#oracle.loses();
  }

  /** Lets everything happen that no timer does, and looks whether it did. */
  async #rest(): Promise<void> {
    for (let turns = 0; turns < TURNS_TO_REST; turns++) await eventLoopTurn();
    this.#limitOfTurn = this.#limit;
    this.#oracle.check();
    const { state } = this.#container;
    if (state !== 'running' || this.#stage.moving > 0 || this.#world.commitBefore || !this.#isFree) return;
    this.#oracle.checkBusy();
    this.#checkPolls();
  }

  /** Nothing that could be read waits in the log while there is nothing to do. */
  #checkPolls(): void {
    const { consumer } = this.#stage.factory;
    if (this.#container.metrics().queued > 0) return;
    assert.ok(consumer.isPolling, 'it has slots and no records, and does not poll');
    const unread = new Set(consumer.paused().map(({ partition }) => partition));
    for (const { partition, position, outstanding, retrying, pausedBy } of this.#container.snapshot().partitions) {
      if (!unread.has(partition))
        assert.equal(position, this.#log.endOffset(tp(partition)), `${partition} is not read`);
      else
        assert.ok(
          // One that was acknowledged while it waits to be tried again, or is with a recoverer, is held until then.
          pausedBy.includes('user') ||
            pausedBy.includes('failure') ||
            outstanding + retrying > 0 ||
            this.#oracle.isRecovering(partition),
          `${partition} is kept from being read, and holds nothing`,
        );
    }
  }

  // ---- the end

  /** Nothing is left behind: every record ends, and everything is committed. */
  async #finishEverything(): Promise<void> {
    this.#stage.letCommits();
    this.#resize(this.#world.concurrency);
    for (const leave of [...this.#foreign]) leave();
    const ms = this.#slots?.timeoutMs === undefined ? 500 : SHORT_MS; // or all of them take too long
    await until(() => {
      this.#endAll();
      for (const partition of PARTITIONS) this.#rebalance('assign', partition);
      this.#resumeAll();
      this.#clock.advance(ms);
      this.#oracle.check();
      return this.#isOver || this.#isAllDone;
    });
    if (this.#isOver) return;
    this.#oracle.checkNothingLost(PARTITIONS);
    // A recoverer may have what was acknowledged meanwhile: until it gives that back, its partition may be held back for it.
    await until(() => {
      this.#clock.advance(ms);
      return this.#isOver || this.#stage.factory.consumer.paused().length === 0;
    });
  }

  get #limit(): number {
    return this.#slots?.limit ?? this.#container.concurrency;
  }

  get #isFree(): boolean {
    return this.#slots?.isFree ?? this.#oracle.running.size < this.#container.concurrency;
  }

  get #isAllDone(): boolean {
    if (this.#container.metrics().outstanding > 0) return false;
    return PARTITIONS.every((partition) => this.#stage.committed(partition) === this.#log.endOffset(tp(partition)));
  }

  get #isOver(): boolean {
    return ['stopping', 'stopped', 'failed'].includes(this.#container.state);
  }

  #endAll(): void {
    for (const leave of [...this.#foreign]) leave();
    for (const call of [...this.#oracle.running]) this.#end(call);
    for (const call of this.#unacknowledged.splice(0)) this.#acknowledge(call);
  }

  #resumeAll(): void {
    for (const partition of PARTITIONS) this.#oracle.resumes(partition);
    this.#container.resume();
  }

  async #stop(): Promise<void> {
    await this.#hear();
    const [isGood, failures] = [this.#isGoodToStop, this.#failures.count];
    this.#beginToStop(isGood ? { timeoutMs: LONG_MS } : undefined);
    const report = await this.#stage.drive(this.#stopping!, isGood ? () => this.#endAll() : undefined);
    this.#oracle.close();
    const { drained } = report;
    if (isGood && failures === this.#failures.count)
      assert.ok(drained, 'it had the time to drain, and nothing to bar it');
    if (drained && !isManual(this.#world) && !this.#world.commitBefore) this.#checkNoneTwice();
    // It may know less than the group: a commit that was on its way when its partition was lost.
    for (const { partition, offset } of report.committed) assert.ok(offset <= this.#stage.committed(partition));
    this.#stage.letCommits();
    await this.#stage.drive(this.#stage.settled());
    this.#oracle.check();
    this.#checkCounters();
    this.#endAll();
    await eventLoopTurn();
    assert.equal(this.#container.metrics().running, 0);
    this.#checkCounters();
    this.#oracle.check();
    assert.ok(this.#stage.factory.consumer.closed.fired);
    await checkFinished(this.#container);
  }

  #beginToStop(options?: StopOptions): void {
    if (this.#stopping !== undefined) return;
    if (this.#stage.moving === 0) this.#checkNoneTwice = this.#oracle.stops(); // else the report is not about all of it
    this.#stopping = this.#container.stop(options);
  }

  /** Whether everything that ended will be committed if all listeners end well from now on. */
  get #isGoodToStop(): boolean {
    const { drains, commitBefore, executor, steps } = this.#world;
    if (!drains || commitBefore || isManual(this.#world) || executor.startsWith('overbooked')) return false;
    if (this.#slots?.isPaused === true) return false; // nothing more starts: gaps stay
    if (this.#failures.unheard > 0) return false;
    if (this.#stopping !== undefined || this.#stage.holdsCommits || steps.some((each) => each.do === 'refuse'))
      return false;
    const { state, waiting } = this.#container.snapshot();
    const isQuiet =
      this.#stage.moving === 0 && this.#stage.seeking === 0 && waiting.length === 0 && !this.#oracle.isBarred;
    return state === 'running' && isQuiet && this.#limit > 0;
  }

  #checkCounters(): void {
    const metrics = this.#container.metrics();
    assert.ok(addsUp({ container: this.#container }), JSON.stringify(metrics));
    assert.equal(metrics.polled, this.#oracle.polledRecords);
    assert.equal(metrics.outstanding, 0);
    this.#checkBytes();
  }

  /** What waits takes from 1 to 10 bytes a record, and nothing takes any that does not wait. */
  #checkBytes(): void {
    const metrics = this.#container.metrics();
    let total = 0;
    for (const { partition, queued, queuedBytes } of this.#container.snapshot().partitions) {
      assert.ok(
        queuedBytes >= queued && queuedBytes <= queued * 10,
        `${partition}: ${queuedBytes} of ${queued} records`,
      );
      total += queuedBytes;
    }
    assert.equal(metrics.queuedBytes, total);
  }
}

/** A few microtasks. */
async function soon(): Promise<void> {
  for (let i = 0; i < 3; i++) await Promise.resolve();
}
