import {
  defaultLogger,
  IllegalStateError,
  systemClock,
  type Bytes,
  type Clock,
  type ConsumerFactory,
  type Logger,
} from '@hearken/core';
import { deferred, StateMachine } from '@hearken/core/internal';
import type {
  ContainerDependencies,
  ContainerEventListener,
  ContainerEvents,
  StopOptions,
  StopReport,
} from '@hearken/listener';
import { LevelExecutor } from '../dispatch/level-executor.js';
import { PriorityDispatcher } from '../dispatch/priority-dispatcher.js';
import { LevelFailedError, PolicyFailedError, PriorityOutOfRangeError } from '../errors.js';
import type { PriorityOrName } from '../levels.js';
import type { DispatchPolicyFactory } from '../policy/dispatch-policy.js';
import type { StrictOptions } from '../policy/strict.js';
import { levelProperties } from './level-properties.js';
import { LevelWatch, type WatchedLevel } from './level-watch.js';
import { LivePolicy, type PolicyChange, type PolicyUpdate } from './live-policy.js';
import { policyFactory } from './policy-plan.js';
import type { PolicyName, PriorityContainerProperties, PriorityListener } from './priority-container-properties.js';
import { PRIORITY_CONTAINER_MOVES, type PriorityContainerState } from './priority-container-state.js';
import { isPriorityEvent, PriorityObservers, type LevelName, type PriorityEvents } from './priority-events.js';
import { PriorityLevel } from './priority-level.js';
import type {
  DispatchExplanation,
  LevelMetrics,
  LevelSnapshot,
  PriorityHealth,
  PriorityMetrics,
  PrioritySnapshot,
} from './priority-metrics.js';
import { resolvePriorityProperties, type ResolvedPriorityProperties } from './resolved-properties.js';

/**
 * Reads topics in levels of priority: a plain container for each level, which share `capacity` slots as the policy says,
 * record by record. No slot is free while a record may start; whose record that is, is decided when the slot is free and not
 * before. Each level keeps all that the plain container promises: its own group, lanes, commits, errors and dead letters.
 *
 * It fails as a whole: when one level's container fails or stops, the others drain, commit and leave, and `finished` rejects
 * with a LevelFailedError. A level that should rather try again has `onFatal: 'restart'`, as with the plain container.
 *
 * Starts once and stops once; see {@link PriorityContainerState}.
 */
// Long because it answers for all levels at once: life, what is reported and what may change while it runs. Deciding who starts
// is the dispatcher's and the policy's.
export class PriorityListenerContainer<K = Bytes, V = Bytes, Name extends string = string> implements AsyncDisposable {
  /** Resolves when the container stopped as asked; rejects with what made it fail. Never an unhandled rejection. */
  readonly finished: Promise<void>;

  readonly #properties: ResolvedPriorityProperties;
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #observers: PriorityObservers;
  readonly #state: StateMachine<PriorityContainerState>;
  readonly #dispatcher: PriorityDispatcher;
  readonly #policy: LivePolicy;
  readonly #levels: readonly PriorityLevel<K, V>[];
  readonly #watch: LevelWatch;
  readonly #finished = deferred();
  #starting: Promise<void> | undefined;
  #stopping: Promise<StopReport> | undefined;
  /** The first failure: it leads. */
  #failure: { readonly error: unknown } | undefined;

  /**
   * @throws KafkaConfigError that names every problem of the properties; QuotaCapacityError or InvalidDistributionError for
   * what the `quotaDistributor` says
   */
  constructor(
    consumerFactory: ConsumerFactory,
    properties: PriorityContainerProperties<K, V, Name>,
    dependencies: ContainerDependencies = {},
  ) {
    this.#properties = resolvePriorityProperties(properties, consumerFactory, dependencies);
    this.#logger = dependencies.logger ?? defaultLogger;
    this.#clock = dependencies.clock ?? systemClock;
    this.#observers = new PriorityObservers(this.#logger);
    const { levels, planned } = this.#properties;
    this.#dispatcher = this.#newDispatcher();
    this.#policy = new LivePolicy(this.#dispatcher, planned, (priority) => levels.nameOf(priority));
    this.#levels = levels.definitions.map((_, priority) =>
      this.#newLevel(priority, consumerFactory, properties.listener, dependencies),
    );
    this.#watch = this.#newWatch();
    this.#state = new StateMachine('a PriorityListenerContainer', {
      initial: 'created',
      moves: PRIORITY_CONTAINER_MOVES,
      onMove: (change) => this.#observers.emit('state:changed', change),
    });
    this.finished = this.#finished.promise;
    this.finished.catch(() => undefined);
    for (const level of this.#levels) this.#follow(level);
  }

  get state(): PriorityContainerState {
    return this.#state.state;
  }

  /**
   * Resolves when every level has started, as its container's `start` says. Called again it is the same start. Rejects with
   * a LevelFailedError if one did not: the others are stopped by then. Rejects with an IllegalStateError when it was stopped.
   */
  start(): Promise<void> {
    if (this.#starting === undefined && !this.#state.is('created')) {
      const message = `the container is ${this.state} and cannot start again: make a new one`;
      return Promise.reject(new IllegalStateError(message, 'ILLEGAL_STATE'));
    }
    this.#starting ??= this.#start();
    return this.#starting;
  }

  /**
   * Stops all levels at the same time, each as its container's `stop` says. May be called any number of times, always with
   * the same report; never rejects: what went wrong is told by `finished`.
   */
  stop(options?: StopOptions): Promise<StopReport> {
    this.#stopping ??= this.#stop(options);
    return this.#stopping;
  }

  /**
   * A level, by number or name.
   * @throws PriorityOutOfRangeError
   */
  level(priority: PriorityOrName<Name>): PriorityLevel<K, V> {
    const level = this.#levels[this.#properties.levels.priorityOf(priority)];
    if (level === undefined) throw new PriorityOutOfRangeError(this.#properties.levels.explain(priority));
    return level;
  }

  /** The levels, 0 first. */
  get levels(): readonly PriorityLevel<K, V>[] {
    return this.#levels;
  }

  /**
   * Changes weights or least shares, at once and both or neither.
   * @throws KafkaConfigError, and everything stays as it was
   */
  updatePolicy(update: PolicyUpdate): PolicyChange {
    return this.#changed(this.#policy.update(update));
  }

  /**
   * Changes the policy, with the weights and least shares that there are.
   * @throws KafkaConfigError, and everything stays as it was
   */
  setPolicy(policy: PolicyName | DispatchPolicyFactory, options: StrictOptions = {}): PolicyChange {
    return this.#changed(this.#policy.set(policyFactory(policy, options)));
  }

  metrics(): PriorityMetrics {
    const { limits, inversions } = this.#dispatcher;
    const levels = this.#levels.map((level) => this.#metricsOf(level));
    return { capacity: limits.capacity, slots: limits.total, inversions, levels };
  }

  snapshot(): PrioritySnapshot {
    return {
      state: this.state,
      policy: this.#policy.snapshot(),
      levels: this.#levels.map((level) => this.#snapshotOf(level)),
    };
  }

  /** Why the last record that started was of its level; undefined before the first. */
  explain(): DispatchExplanation | undefined {
    return this.#policy.explain();
  }

  health(): PriorityHealth {
    const levels = this.#levels.map(({ priority, name, container }) => ({ priority, name, ...container.health() }));
    return { ...verdictOf(this.state, levels), state: this.state, levels, ...this.#failure };
  }

  /**
   * The container's own events; any other name is an event of the levels' containers, and is told for each of them.
   * @returns what unsubscribes. An observer that throws or rejects is logged and changes nothing.
   * @throws KafkaConfigError for an event there is not
   */
  on<Event extends keyof PriorityEvents>(
    name: Event,
    listener: (payload: PriorityEvents[Event]) => unknown,
  ): () => void;
  on<Event extends Exclude<keyof ContainerEvents, keyof PriorityEvents>>(
    name: Event,
    listener: ContainerEventListener<Event, K, V>,
  ): () => void;
  // Says nothing new, but type inference from a structural type (`received` of @hearken/testing) looks at the last overload.
  on(name: 'listener:returned', listener: ContainerEventListener<'listener:returned', K, V>): () => void;
  on(name: string, listener: (payload: never) => unknown): () => void {
    if (isPriorityEvent(name)) return this.#observers.on(name, listener);
    const off = this.#levels.map(({ container }) =>
      container.on(name as keyof ContainerEvents, listener as () => unknown),
    );
    return () => off.forEach((unsubscribe) => unsubscribe());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #start(): Promise<void> {
    this.#state.moveTo('starting');
    try {
      await Promise.all(this.#levels.map((level) => this.#startLevel(level)));
    } catch (error) {
      this.#fail(error);
      await this.#stopping;
      throw this.#failure?.error ?? error; // the first: what followed from it may have come first here
    }
    if (!this.#state.is('starting')) await this.#refuseHalfway();
    this.#state.moveTo('running');
    this.#watch.start();
    this.#observers.emit('container:started', { levels: this.#levels.length });
  }

  /** It was stopped meanwhile, or failed. */
  async #refuseHalfway(): Promise<never> {
    await this.#stopping;
    await this.finished;
    throw new IllegalStateError('stopped while it started', 'CONTAINER_STOPPED');
  }

  async #startLevel(level: PriorityLevel<K, V>): Promise<void> {
    try {
      await level.container.start();
    } catch (error) {
      throw this.#stopping === undefined ? new LevelFailedError(level, error) : error;
    }
  }

  async #stop(options: StopOptions | undefined): Promise<StopReport> {
    const wasCreated = this.#state.is('created');
    if (!wasCreated) this.#state.moveTo('stopping');
    this.#watch.stop();
    const reports = await Promise.all(this.#levels.map(({ container }) => container.stop(options)));
    const failure = this.#failure;
    this.#state.moveTo(failure === undefined ? 'stopped' : 'failed');
    const report = inOne(reports);
    if (!wasCreated) this.#observers.emit('container:stopped', { report, ...failure });
    if (failure === undefined) this.#finished.resolve();
    else this.#finished.reject(failure.error);
    return report;
  }

  /** A level that is over, well or badly, is the end of all: nobody would notice that one priority is no longer read. */
  #follow(level: PriorityLevel<K, V>): void {
    level.container.finished.then(
      () => void this.stop(),
      (error: unknown) => this.#fail(new LevelFailedError(level, error)),
    );
  }

  #fail(error: unknown): void {
    if (this.#failure === undefined && !this.#state.is('stopped')) {
      this.#failure = { error };
      this.#logger.error({ error }, 'a priority container failed and stops');
    }
    void this.stop();
  }

  #changed(change: PolicyChange): PolicyChange {
    this.#observers.emit('policy:changed', change);
    return change;
  }

  #newDispatcher(): PriorityDispatcher {
    const { capacity, levels, planned } = this.#properties;
    return new PriorityDispatcher({
      capacity,
      levels: levels.definitions.map(({ minSlots = 0, maxSlots = capacity }) => ({ minSlots, maxSlots })),
      policy: planned.policy,
      onPolicyFailed: (error) => this.#fail(new PolicyFailedError(this.#policy.name, error)),
    });
  }

  #newLevel(
    priority: number,
    consumerFactory: ConsumerFactory,
    listener: PriorityListener<K, V> | undefined,
    dependencies: ContainerDependencies,
  ): PriorityLevel<K, V> {
    const name = this.#properties.levels.nameOf(priority);
    const executor = new LevelExecutor(this.#dispatcher, priority, this.#mostSlots(priority));
    const properties = levelProperties<K, V>(this.#properties, priority, consumerFactory.groupId);
    const dispatcher = this.#dispatcher;
    return new PriorityLevel({
      priority,
      name,
      consumerFactory,
      dispatcher,
      executor,
      clock: this.#clock,
      listener,
      properties,
      dependencies,
    });
  }

  #mostSlots(priority: number): number {
    const { capacity, levels } = this.#properties;
    const kept = levels.definitions.reduce(
      (sum, { minSlots = 0 }, other) => (other === priority ? sum : sum + minSlots),
      0,
    );
    return Math.min(levels.definitions[priority]?.maxSlots ?? capacity, capacity - kept);
  }

  #newWatch(): LevelWatch {
    const { starvedAfterMs, stalledAfterMs, levels } = this.#properties;
    const named = (priority: number): LevelName => ({ priority, name: levels.nameOf(priority) });
    return new LevelWatch({
      clock: this.#clock,
      starvedAfterMs,
      stalledAfterMs,
      levels: this.#levels.map((level) => watched(level, this.#dispatcher)),
      onStarved: (priority, waitedMs) => {
        const { queued } = this.#levels[priority]?.container.metrics() ?? { queued: 0 };
        this.#observers.emit('level:starved', { ...named(priority), waitedMs, queued });
      },
      onStalled: (priority, forMs) => {
        const running = this.#dispatcher.limits.running(priority);
        this.#observers.emit('level:stalled', { ...named(priority), forMs, running });
      },
    });
  }

  #metricsOf({ priority, name, container, isPaused, latencyMs }: PriorityLevel<K, V>): LevelMetrics {
    return {
      priority,
      name,
      ...container.metrics(),
      started: this.#dispatcher.started[priority] ?? 0,
      slots: this.#dispatcher.limits.running(priority),
      share: this.#policy.share(priority),
      targetShare: this.#policy.targetShare(priority),
      waitedMs: this.#watch.waitedMs(priority),
      latencyMs,
      isPaused,
    };
  }

  #snapshotOf({ priority, name, container, isPaused, isReady }: PriorityLevel<K, V>): LevelSnapshot {
    const { limits } = this.#dispatcher;
    const [slots, available] = [limits.running(priority), limits.available(priority)];
    return { priority, name, isReady, isPaused, slots, available, container: container.snapshot() };
  }
}

function watched<K, V>(level: PriorityLevel<K, V>, dispatcher: PriorityDispatcher): WatchedLevel {
  const { priority } = level;
  return {
    priority,
    get isWaiting() {
      return level.isReady && !level.isPaused;
    },
    get running() {
      return dispatcher.limits.running(priority);
    },
    get started() {
      return dispatcher.started[priority] ?? 0;
    },
    get ended() {
      return dispatcher.ends[priority] ?? 0;
    },
  };
}

/** What the levels' states amount to: the least of them counts. */
function verdictOf(
  state: PriorityContainerState,
  levels: readonly Pick<PriorityHealth, 'live' | 'ready' | 'status'>[],
): Pick<PriorityHealth, 'live' | 'ready' | 'status'> {
  const live = state !== 'failed' && levels.every((level) => level.live);
  const ready = state === 'running' && levels.every((level) => level.ready);
  const isFine = levels.every(({ status }) => status === 'up');
  return { live, ready, status: !ready ? 'down' : isFine ? 'up' : 'degraded' };
}

const inOne = (reports: readonly StopReport[]): StopReport => ({
  drained: reports.every(({ drained }) => drained),
  abandoned: reports.reduce((sum, { abandoned }) => sum + abandoned, 0),
  committed: reports.flatMap(({ committed }) => committed),
});
