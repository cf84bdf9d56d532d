import { defaultLogger, systemClock, type Bytes, type Clock, type ConsumerFactory, type Logger } from '@hearken/core';
import type {
  ContainerDependencies,
  ContainerEventListener,
  ContainerEvents,
  StopOptions,
  StopReport,
} from '@hearken/listener';
import { LevelExecutor } from '../dispatch/level-executor.js';
import { PriorityDispatcher } from '../dispatch/priority-dispatcher.js';
import { PolicyFailedError, PriorityOutOfRangeError } from '../errors.js';
import type { PriorityOrName } from '../levels.js';
import type { DispatchPolicyFactory } from '../policy/dispatch-policy.js';
import type { StrictOptions } from '../policy/strict.js';
import { factoryOfLevel, levelProperties } from './level-properties.js';
import type { LevelExplanation } from './level-explanation.js';
import { LevelWatch, watched } from './level-watch.js';
import { LivePolicy, type PolicyChange, type PolicyUpdate } from './live-policy.js';
import { checkPolicyOptions, policyFactory } from './policy-plan.js';
import type { PolicyName, PriorityContainerProperties, PriorityListeners } from './priority-container-properties.js';
import type { PriorityContainerState } from './priority-container-state.js';
import {
  isPriorityEvent,
  PriorityObservers,
  withOurEvents,
  type LevelName,
  type PriorityEvents,
} from './priority-events.js';
import { PriorityLevel } from './priority-level.js';
import { PriorityLifecycle } from './priority-lifecycle.js';
import type { DispatchExplanation, PriorityHealth, PriorityMetrics, PrioritySnapshot } from './priority-metrics.js';
import { PriorityReport } from './priority-report.js';
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
// Long because what users may call is said here, in full. It makes the parts and joins them; the work is theirs.
export class PriorityListenerContainer<K = Bytes, V = Bytes, Name extends string = string> implements AsyncDisposable {
  /** Resolves when the container stopped as asked; rejects with what made it fail. Never an unhandled rejection. */
  readonly finished: Promise<void>;

  readonly #properties: ResolvedPriorityProperties;
  readonly #logger: Logger;
  readonly #clock: Clock;
  readonly #observers: PriorityObservers;
  readonly #dispatcher: PriorityDispatcher;
  readonly #policy: LivePolicy;
  readonly #levels: readonly PriorityLevel<K, V>[];
  readonly #lifecycle: PriorityLifecycle;
  readonly #report: PriorityReport<K, V>;

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
    this.#policy = new LivePolicy(this.#dispatcher, planned, levels);
    this.#levels = levels.definitions.map((_, priority) =>
      this.#newLevel(priority, consumerFactory, properties, dependencies),
    );
    const watch = this.#newWatch();
    const parts = { levels: this.#levels, watch, observers: this.#observers, logger: this.#logger };
    this.#lifecycle = new PriorityLifecycle(parts);
    this.finished = this.#lifecycle.finished;
    this.#report = new PriorityReport({
      ...parts,
      dispatcher: this.#dispatcher,
      policy: this.#policy,
      lifecycle: this.#lifecycle,
    });
  }

  get state(): PriorityContainerState {
    return this.#lifecycle.state;
  }

  /**
   * Resolves when every level has started, as its container's `start` says. Called again it is the same start. Rejects with
   * a LevelFailedError if one did not: the others are stopped by then. Rejects with an IllegalStateError when it was stopped.
   */
  start(): Promise<void> {
    return this.#lifecycle.start();
  }

  /**
   * Stops all levels at the same time, each as its container's `stop` says. May be called any number of times, always with
   * the same report; a later call can bring it to its end sooner, as with the plain container. Never rejects: what went wrong
   * is told by `finished`.
   */
  stop(options?: StopOptions): Promise<StopReport> {
    return this.#lifecycle.stop(options);
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
   * How many listeners may run at once, over all levels. May be set at any time and holds at once, without a stop: more start,
   * or those above the new limit end first, of which none is aborted. The `quotaDistributor` is asked anew, and the policy made
   * anew with what it says; weights of the levels, and those given to `updatePolicy`, stay.
   * @throws KafkaConfigError when it is set to anything but a whole number from 1, or to less than the levels' `minSlots` need;
   * QuotaCapacityError or InvalidDistributionError for what the `quotaDistributor` says. Everything stays as it was then.
   */
  get capacity(): number {
    return this.#dispatcher.limits.capacity;
  }

  set capacity(capacity: number) {
    const previous = this.capacity;
    if (capacity === previous) return;
    const change = this.#policy.resize(capacity);
    this.#observers.emit('capacity:changed', { previous, next: capacity });
    this.#changed(change);
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
    checkPolicyOptions(policy, options);
    return this.#changed(this.#policy.set(policyFactory(policy, options)));
  }

  metrics(): PriorityMetrics {
    return this.#report.metrics();
  }

  snapshot(): PrioritySnapshot {
    return this.#report.snapshot();
  }

  /** Why the last record that started was of its level; undefined before the first. */
  explain(): DispatchExplanation | undefined;
  /**
   * What the records of a level wait for: why it does not move, if it does not.
   * @throws PriorityOutOfRangeError
   */
  explain(priority: PriorityOrName<Name>): LevelExplanation;
  explain(priority?: PriorityOrName<Name>): DispatchExplanation | LevelExplanation | undefined {
    return priority === undefined ? this.#policy.explain() : this.#report.explain(this.level(priority));
  }

  health(): PriorityHealth {
    return this.#report.health();
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
    try {
      const off = this.#levels.map(({ container }) =>
        container.on(name as keyof ContainerEvents, listener as () => unknown),
      );
      return () => off.forEach((unsubscribe) => unsubscribe());
    } catch (error) {
      throw withOurEvents(name, error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #changed(change: PolicyChange): PolicyChange {
    this.#observers.emit('policy:changed', change);
    return change;
  }

  #newDispatcher(): PriorityDispatcher {
    const { capacity, levels, planned } = this.#properties;
    return new PriorityDispatcher({
      capacity,
      levels: levels.definitions.map(({ minSlots = 0, maxSlots = Infinity }) => ({ minSlots, maxSlots })),
      policy: planned.policy,
      onPolicyFailed: (error) => this.#lifecycle.fail(new PolicyFailedError(this.#policy.name, error)),
    });
  }

  #newLevel(
    priority: number,
    consumerFactory: ConsumerFactory,
    listeners: PriorityListeners<K, V>,
    dependencies: ContainerDependencies,
  ): PriorityLevel<K, V> {
    const name = this.#properties.levels.nameOf(priority);
    const executor = new LevelExecutor(this.#dispatcher, priority);
    const properties = levelProperties<K, V>(this.#properties, priority, consumerFactory.groupId);
    const dispatcher = this.#dispatcher;
    return new PriorityLevel({
      priority,
      name,
      consumerFactory: factoryOfLevel(consumerFactory, this.#properties.registry, priority),
      dispatcher,
      executor,
      clock: this.#clock,
      listeners,
      properties,
      dependencies,
    });
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
}
