import { IllegalStateError, type Bytes, type Consumer, type ConsumerFactory } from '@hearken/core';
import { deferred, StateMachine } from '@hearken/core/internal';
import type { ContainerDependencies } from '../container-properties.js';
import { CONTAINER_MOVES, type ContainerState, type StopOptions } from '../container-state.js';
import { ContainerStopError, StartTimeoutError } from '../errors.js';
import { within } from '../within.js';
import {
  CompensationObservers,
  type CompensationEventListener,
  type CompensationEvents,
} from './compensation-events.js';
import {
  resolveCompensation,
  type CompensationProperties,
  type ResolvedCompensation,
} from './compensation-properties.js';
import { Compensation } from './compensation.js';
import { OpenRanges, type OpenRange } from './open-ranges.js';
import { RangeReader } from './range-reader.js';
import { RangeReplay } from './range-replay.js';
import { ShedLedger } from './shed-ledger.js';
import { bare, type ShedRange } from './shed-range.js';

/** Counts since it was made, and what is left to be done here. */
export interface CompensationMetrics {
  /** Ranges that ended here. */
  readonly compensated: number;
  /** Records of ranges that ended here. */
  readonly processed: number;
  /** Offsets of ranges that had been deleted before they could be replayed. */
  readonly missing: number;
  /** Ranges that this instance has yet to replay, or is replaying. */
  readonly ranges: number;
  /** Offsets of those that are not known to be done. */
  readonly offsets: number;
}

/**
 * Replays what containers of a group skipped by `shed`: one range after the other, no faster than `rateLimit`, each record at
 * least once; a range is forgotten when all of it has ended. How far it got is written as it goes on, so that a
 * restart does not begin anew.
 *
 * Any number of instances share the ranges, each of which one of them replays. Listeners find `KafkaHeaders.SHED_RANGE` among
 * the headers: the record comes late, and out of order. One that fails for good ends the container, as with any other;
 * `finished` rejects with it.
 *
 * Starts once and stops once; see {@link ContainerState}.
 */
export class CompensationListenerContainer<K = Bytes, V = Bytes> implements AsyncDisposable {
  /** Resolves when it stopped as asked; rejects with what made it fail. Never an unhandled rejection. */
  readonly finished: Promise<void>;

  readonly #factory: ConsumerFactory;
  readonly #properties: ResolvedCompensation;
  readonly #events: CompensationObservers;
  readonly #state: StateMachine<ContainerState>;
  readonly #ranges = new OpenRanges();
  readonly #compensation: Compensation;
  readonly #finished = deferred();
  readonly #assigned = deferred();
  /** Rejects when there is nothing left to start. */
  readonly #halted = deferred<never>();
  #consumer: Consumer | undefined;
  #reader: RangeReader | undefined;
  /** Never rejects. */
  #loops: Promise<unknown> = Promise.resolve();
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;
  /** The first failure: it leads. */
  #failure: { readonly error: unknown } | undefined;

  /** @throws KafkaConfigError that names every problem of the properties */
  constructor(
    consumerFactory: ConsumerFactory,
    properties: CompensationProperties<K, V>,
    dependencies?: ContainerDependencies,
  ) {
    this.#factory = consumerFactory;
    this.#properties = resolveCompensation(consumerFactory, properties, dependencies);
    const { clock, logger } = this.#properties;
    this.#events = new CompensationObservers(logger);
    this.#state = new StateMachine('a CompensationListenerContainer', {
      initial: 'created',
      moves: CONTAINER_MOVES,
      onMove: (change) => this.#events.emit('state:changed', change),
    });
    this.#compensation = new Compensation({
      ranges: this.#ranges,
      mayStart: () => this.#reader?.hasReadAll === true,
      newReplay: (open) => this.#newReplay(open),
      onStopAsked: () => void this.stop(),
      events: this.#events,
      clock,
      logger,
    });
    this.finished = this.#finished.promise;
    for (const promise of [this.finished, this.#halted.promise]) promise.catch(() => undefined);
  }

  get state(): ContainerState {
    return this.#state.state;
  }

  /** The ranges that this instance has yet to replay, and where each goes on. */
  ranges(): readonly (ShedRange & { readonly done: number })[] {
    return this.#ranges.all.map(({ range }) => ({ ...bare(range), done: range.done }));
  }

  metrics(): CompensationMetrics {
    const open = this.ranges();
    const offsets = open.reduce((sum, { to, done }) => sum + to - done, 0);
    return { ...this.#compensation.counters, ranges: open.length, offsets };
  }

  /** @returns what unsubscribes. An observer that throws or rejects is logged and changes nothing. */
  on<Name extends keyof CompensationEvents>(name: Name, listener: CompensationEventListener<Name>): () => void {
    return this.#events.on(name, listener);
  }

  /**
   * Resolves when the group has assigned this instance its part of the ranges, of which there may be none. Called again it is
   * the same start. Rejects with what prevented it, `START_TIMED_OUT` after `startTimeoutMs`; the container is over then.
   */
  start(): Promise<void> {
    if (this.#starting !== undefined) return this.#starting;
    if (!this.#state.is('created')) {
      const message = `the container is ${this.state} and cannot start: make a new one`;
      return Promise.reject(new IllegalStateError(message, 'ILLEGAL_STATE'));
    }
    return (this.#starting = this.#start());
  }

  /** Lets running listeners end, as any container; what is left of the range goes on at the next start, here or elsewhere. Never rejects. */
  stop(options?: StopOptions): Promise<void> {
    if (this.#stopping !== undefined) void this.#compensation.stop(options); // perhaps it is not to wait so long any more
    return (this.#stopping ??= this.#stop(options));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #start(): Promise<void> {
    const { startTimeoutMs, clock } = this.#properties;
    this.#state.moveTo('starting');
    try {
      this.#open();
      const ready = Promise.race([this.#assigned.promise, this.#halted.promise]);
      if (!(await within(ready, startTimeoutMs, clock)))
        throw new StartTimeoutError(startTimeoutMs, HINT, this.#consumer?.lastRetriedError);
    } catch (error) {
      if (this.#stopping === undefined) this.#fail(error);
      await this.#stopping;
      throw error;
    }
  }

  #open(): void {
    if (!this.#state.is('starting')) return; // an observer of the move stopped it: nobody would close the consumer
    const { groupId, shed, pollTimeoutMs, logger } = this.#properties;
    this.#consumer = this.#factory.createConsumer({
      groupId,
      clientIdSuffix: '-compensation',
      rebalanceProtocol: 'cooperative',
      autoOffsetReset: 'earliest',
    });
    this.#reader = new RangeReader({
      consumer: this.#consumer,
      topic: shed.topic,
      ranges: this.#ranges,
      pollTimeoutMs,
      logger,
      onAssigned: () => this.#run(),
      onRead: () => this.#compensation.wake(),
      onGone: (homes) => this.#compensation.leave(homes),
    });
    const loops = [this.#reader.run(), this.#compensation.run()];
    this.#loops = Promise.all(loops.map((loop) => loop.catch((error: unknown) => this.#fail(error))));
  }

  #run(): void {
    if (!this.#state.is('starting')) return;
    this.#state.moveTo('running');
    if (!this.#state.is('running')) return; // the same
    this.#assigned.resolve();
  }

  #newReplay({ range, home }: OpenRange): RangeReplay {
    const { rest: properties, shed, groupId, executor, clock, logger } = this.#properties;
    const ledger = new ShedLedger(shed.template, shed.topic, home);
    return new RangeReplay({ range, factory: this.#factory, ledger, groupId, properties, executor, clock, logger });
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#properties.logger.error({ error }, 'a compensation container failed and stops');
    void this.stop();
  }

  /** The replay first: how far it got is to be written before another instance looks. */
  async #stop(options: StopOptions | undefined): Promise<void> {
    if (this.#state.is('created')) {
      this.#state.moveTo('stopped');
      this.#finished.resolve();
      return;
    }
    this.#state.moveTo('stopping');
    this.#halted.reject(this.#failure?.error ?? new IllegalStateError('stopped while it started', 'CONTAINER_STOPPED'));
    await this.#compensation.stop(options);
    this.#reader?.stop();
    await this.#loops;
    await this.#close();
    const failure = this.#failure;
    this.#state.moveTo(failure === undefined ? 'stopped' : 'failed');
    if (failure === undefined) this.#finished.resolve();
    else this.#finished.reject(failure.error);
  }

  async #close(): Promise<void> {
    try {
      await this.#consumer?.close();
    } catch (error) {
      this.#failure ??= { error: new ContainerStopError([error]) };
    }
  }
}

const HINT = 'are the brokers reachable, and does the shed topic exist?';
