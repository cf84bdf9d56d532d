import assert from 'node:assert/strict';
import { silentLogger, type Bytes, type ConsumerRecord, type Serde } from '@hearken/core';
import { eventLoopTurn, type FakeLog, type ManualClock } from '@hearken/testing';
import {
  DefaultErrorHandler,
  FixedBackOff,
  MessageListenerContainer,
  type ErrorHandler,
  type StopOptions,
  type StopReport,
} from '../../dist/index.js';
import { isFatal } from '../laws/error-handler.js';
import { slotsOf, type Slots } from '../laws/executors.js';
import type { Fates } from '../laws/fates.js';
import { checkFinished, LONG_MS, SHORT_MS, Stage } from '../laws/stage.js';
import { addsUp } from '../setup.js';
import { Calls, RETRY_MS } from './calls.js';
import { MAX_RETRIES, Oracle, type Call } from './oracle.js';
import { isManual, PARTITIONS, settingsOf, type StopKind, type World } from './world.js';

/** What containers that follow on each other have in common: the group, and what the world makes of its records. */
export interface Group {
  readonly world: World;
  readonly clock: ManualClock;
  readonly log: FakeLog;
  readonly fates: Fates;
  /** "partition/offset" of records that cannot be decoded. */
  readonly bad: ReadonlySet<string>;
  readonly endsAtOnce: ReadonlySet<string>;
}

const STOPS: Readonly<Record<StopKind, StopOptions | undefined>> = {
  shutdown: undefined,
  hasty: { timeoutMs: SHORT_MS },
  immediate: { immediate: true },
  patient: { timeoutMs: LONG_MS },
};

/** One container of the group, from its start to its stop. */
export class Life {
  readonly oracle: Oracle;
  readonly stage: Stage;
  readonly calls: Calls;
  readonly container: MessageListenerContainer<Bytes, undefined>;
  readonly #group: Group;
  readonly #slots: Slots | undefined;
  #stopping: Promise<StopReport> | undefined;
  #isPatient = false;
  /** Listeners that asked for the stop: they do not end before it does, and what they come to may be too late. */
  readonly #excused = new Set<Call>();
  /** Whether everything that ended is committed in the end if all listeners end well once it stops. */
  #drainsWell = false;
  #failuresBefore = 0;
  #checkNoneTwice: () => void = () => undefined;

  constructor(group: Group) {
    this.#group = group;
    const { world, clock, log, fates, bad, endsAtOnce } = group;
    const view = {
      now: () => clock.monotonic(),
      snapshot: () => this.container.snapshot().partitions,
      assigned: () => this.stage.factory.consumer.assignment(),
      isRunning: () => this.container.state === 'running',
      connects: () => this.stage.connects(),
      committed: (partition: number) => this.stage.committed(partition),
      recordsOf: (partition: number) => log.records('t', partition),
      isBad: (partition: number, offset: number) => bad.has(`${partition}/${offset}`),
    };
    this.oracle = new Oracle(world, view, fates);
    this.stage = new Stage({ clock, log, partitions: PARTITIONS, watch: this.oracle });
    this.calls = new Calls(world, this.oracle, endsAtOnce);
    this.#slots = slotsOf(world, clock);
    this.container = this.#newContainer();
  }

  get isStopping(): boolean {
    return this.#stopping !== undefined;
  }

  /** Whether it does nothing more, but for what runs. */
  get isOver(): boolean {
    return ['stopping', 'stopped', 'failed'].includes(this.container.state);
  }

  rebalance(how: 'revoke' | 'lose' | 'assign', partition: number): void {
    if (this.container.state === 'running') this.stage.rebalance(how, partition);
  }

  /** Something befalls it that may keep what ended from being committed, if it stops. */
  disturb(): void {
    this.#drainsWell = false;
  }

  /** Asked again it can only end sooner. @param isInside by a listener that runs, if one does */
  stop(how: StopKind, isInside = false): void {
    const running = isInside ? [...this.oracle.running] : [];
    const stopper = running.find((call) => !this.#excused.has(call)) ?? running[0];
    if (stopper !== undefined) this.#excused.add(stopper);
    if (this.#stopping === undefined) {
      this.#isPatient = how === 'patient';
      this.#drainsWell = this.#isPatient && this.#isGoodToStop;
      this.#failuresBefore = this.calls.failures.count;
      if (this.stage.moving === 0) this.#checkNoneTwice = this.oracle.stops(); // else the report is not about all of it
    } else if (how === 'hasty' || how === 'immediate') this.#isPatient = false;
    const stopping = (stopper?.context.container ?? this.container).stop(STOPS[how]);
    this.#stopping ??= stopping;
  }

  /** To the end of its stop: what it reports is so, and nothing comes of it any more. */
  async end(): Promise<void> {
    if (!this.isStopping) this.stop(this.#group.world.drains ? 'patient' : 'shutdown');
    if (this.#isPatient && !this.#group.world.drains && this.#excused.size === 0) this.stop('hasty');
    const meanwhile = this.#isPatient ? (): void => this.calls.endAll(this.#excused) : undefined;
    if (this.#isPatient && !this.#drainsWell) this.stage.letCommits();
    const report = await this.stage.drive(this.#stopping!, meanwhile);
    this.oracle.close();
    this.#checkReport(report);
    this.stage.letCommits();
    await this.stage.drive(this.stage.settled());
    this.oracle.check();
    this.#checkCounters();
    assert.ok(this.stage.factory.consumer.closed.fired);
  }

  /** Listeners that outlived it change nothing. */
  async checkAftermath(): Promise<void> {
    this.calls.endAll();
    await eventLoopTurn();
    assert.equal(this.container.metrics().running, 0);
    this.#checkCounters();
    this.oracle.check();
    await checkFinished(this.container);
  }

  #checkReport({ drained, committed }: StopReport): void {
    const { world } = this.#group;
    const isWell = this.#drainsWell && this.#excused.size === 0 && this.calls.failures.count === this.#failuresBefore;
    if (isWell) assert.ok(drained, 'it had the time to drain, and nothing to bar it');
    if (drained && !isManual(world) && this.#excused.size === 0) this.#checkNoneTwice();
    // It may know less than the group: a commit that was on its way when its partition was lost.
    for (const { partition, offset } of committed) assert.ok(offset <= this.stage.committed(partition));
  }

  #checkCounters(): void {
    const metrics = this.container.metrics();
    assert.ok(addsUp({ container: this.container }), JSON.stringify(metrics));
    assert.equal(metrics.polled, this.oracle.polledRecords);
    assert.equal(metrics.outstanding, 0);
  }

  get #isGoodToStop(): boolean {
    const { world, bad } = this.#group;
    if (!world.drains || isManual(world) || bad.size > 0 || world.steps.some((each) => each.do === 'refuse'))
      return false;
    if (this.#slots?.isPaused === true || this.stage.holdsCommits) return false;
    if (this.calls.failures.unheard > 0) return false;
    if (this.stage.moving > 0 || this.stage.seeking > 0 || this.oracle.isBarred) return false;
    const { state, waiting, partitions } = this.container.snapshot();
    const isPaused = partitions.some(({ pausedBy }) => pausedBy.includes('user') || pausedBy.includes('failure'));
    return state === 'running' && waiting.length === 0 && !isPaused;
  }

  #newContainer(): MessageListenerContainer<Bytes, undefined> {
    const { world, clock, bad } = this.#group;
    const valueSerde: Serde<undefined> = {
      serialize: () => null,
      deserialize: (_, { partition, offset }: ConsumerRecord) => {
        if (bad.has(`${partition}/${offset}`)) throw new Error('bad');
        return undefined;
      },
    };
    return new MessageListenerContainer(
      this.stage.factory,
      {
        topics: ['t'],
        ...settingsOf(world),
        ...(this.#slots === undefined ? { concurrency: world.concurrency } : { taskExecutor: this.#slots }),
        valueSerde,
        batchListener: (records, context) =>
          this.calls.onBatch(records as readonly ConsumerRecord<Bytes, never>[], context),
        errorHandler: this.#errorHandler(),
      },
      { clock, logger: silentLogger },
    );
  }

  #errorHandler(): ErrorHandler {
    const recoverer = (record: ConsumerRecord): Promise<void> => this.#recover(record);
    const backOff = new FixedBackOff({ intervalMs: RETRY_MS, maxRetries: MAX_RETRIES });
    const usual = new DefaultErrorHandler({ backOff, recoverer });
    return {
      recoverer,
      decide: (failure) => (isFatal(failure.error) ? { action: 'stop' } : usual.decide(failure)),
    };
  }

  /** Takes a while. */
  #recover(record: ConsumerRecord): Promise<void> {
    const recovered = this.oracle.recovers(record);
    return new Promise((resolve) => {
      this.#group.clock.setTimer(() => {
        recovered();
        resolve();
      }, 5);
    });
  }
}
