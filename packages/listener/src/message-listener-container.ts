import {
  type Bytes,
  type Clock,
  type Consumer,
  type ConsumerFactory,
  type Logger,
  type TaskExecutor,
  type TopicPartition,
} from '@hearken/core';
import { AsyncTaskExecutor } from '@hearken/executor';
import { requirePartitions } from './arguments.js';
import { GuardedEvents, type ContainerEventListener, type ContainerEvents } from './container-events.js';
import {
  newCounters,
  type ContainerHealth,
  type ContainerMetrics,
  type ContainerSnapshot,
} from './container-metrics.js';
import { isManual, type ContainerDependencies, type ContainerProperties } from './container-properties.js';
import { ContainerLifecycle } from './container-lifecycle.js';
import type { ContainerState, StopOptions, StopReport } from './container-state.js';
import type { Delivery } from './dispatch/delivery.js';
import { Line } from './line.js';
import { ListenerView } from './listener-view.js';
import type { ListenerContainer } from './message-listener.js';
import { PausedPartitions } from './paused-partitions.js';
import { resolveContainerProperties, type ResolvedContainerProperties } from './resolved-properties.js';

/**
 * Reads topics and calls a listener for each record, as many at once as `concurrency` or the executor allows and the
 * `ordering` permits; commits what has ended. At least once: a record is committed when it and every record before it in its
 * partition has ended.
 *
 * A container is started once and stopped once; see {@link ContainerState}.
 */
// Long because what users may call is said here, in full; the work is the line's.
export class MessageListenerContainer<K = Bytes, V = Bytes> implements ListenerContainer, AsyncDisposable {
  /**
   * Resolves when the container stopped as asked; rejects with what made it fail: `ListenerFailedError`, a fatal error of the
   * consumer, or why it did not start. Never an unhandled rejection.
   */
  readonly finished: Promise<void>;

  readonly #factory: ConsumerFactory;
  readonly #properties: ResolvedContainerProperties;
  readonly #executor: TaskExecutor;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #events: GuardedEvents;
  readonly #counters = newCounters();
  readonly #paused = new PausedPartitions();
  readonly #line: Line;
  readonly #lifecycle: ContainerLifecycle;

  /** @throws KafkaConfigError that names every problem of the properties */
  constructor(
    consumerFactory: ConsumerFactory,
    properties: ContainerProperties<K, V>,
    dependencies?: ContainerDependencies,
  ) {
    this.#factory = consumerFactory;
    this.#properties = resolveContainerProperties(properties, consumerFactory, dependencies);
    const { taskExecutor, concurrency, clock, logger } = this.#properties;
    this.#executor = taskExecutor ?? new AsyncTaskExecutor({ concurrency });
    this.#clock = clock;
    this.#logger = logger;
    this.#events = new GuardedEvents(logger);
    this.#line = this.#newLine();
    this.#lifecycle = new ContainerLifecycle({
      properties: this.#properties,
      clock,
      logger,
      events: this.#events,
      counters: this.#counters,
      line: this.#line,
      newConsumer: () => this.#newConsumer(),
    });
    this.finished = this.#lifecycle.finished;
  }

  get state(): ContainerState {
    return this.#lifecycle.state;
  }

  /**
   * Resolves when partitions are assigned (none is an assignment too) and their positions are known: what is sent from then
   * on is delivered. Called again it is the same start. Rejects with what prevented it, `START_TIMED_OUT` after
   * `startTimeoutMs`; the container is over then. Rejects with an IllegalStateError when it was stopped: a container starts
   * once.
   */
  start(): Promise<void> {
    return this.#lifecycle.start();
  }

  /**
   * Polls no more, lets running listeners end (those that do not in time see their signals abort), commits what ended, leaves
   * the group. May be called any number of times, always with the same report; a later call can bring it to its end sooner,
   * with `immediate` or a `timeoutMs` counted from then. Never rejects: what went wrong is told by `finished`. Called from a listener (through its context, or before its first `await`) it does not wait for that listener.
   */
  stop(options?: StopOptions): Promise<StopReport> {
    return this.#stop(options, this.#line.calling);
  }

  /**
   * Starts no more records of these partitions, or of any, until `resume`; also after a rebalance. Listeners that run go on.
   * The container stays in its group. Before `start` it makes a container that starts paused.
   */
  pause(partitions?: readonly TopicPartition[]): void {
    if (partitions !== undefined) requirePartitions('pause', partitions);
    this.#paused.pause(partitions);
    this.#line.applyPauses();
  }

  resume(partitions?: readonly TopicPartition[]): void {
    if (partitions !== undefined) requirePartitions('resume', partitions);
    this.#paused.resume(partitions, this.assignment());
    this.#line.applyPauses();
  }

  /**
   * Goes on at this offset. What was polled of the partition and not ended is abandoned. Resolves when it is done.
   * Rejects with an IllegalStateError for a partition that is not assigned.
   */
  async seek(partition: TopicPartition, offset: number): Promise<void> {
    requirePartitions('seek', [partition]);
    await this.#line.seek(partition, offset);
  }

  assignment(): readonly TopicPartition[] {
    return this.#line.assignment();
  }

  health(): ContainerHealth {
    const { state } = this;
    const { turnedAt } = this.#line;
    const lastTurnMsAgo = turnedAt === undefined ? undefined : this.#clock.monotonic() - turnedAt;
    const turns = (lastTurnMsAgo ?? 0) < this.#factory.maxPollIntervalMs;
    const partitions = this.#line.snapshot();
    return {
      status: (state === 'starting' || state === 'running') && turns ? 'up' : 'down',
      state,
      assigned: partitions.length,
      paused: partitions.filter(({ paused }) => paused).length,
      lastTurnMsAgo,
      ...this.#lifecycle.failure,
    };
  }

  metrics(): ContainerMetrics {
    const { outstanding, queued, running } = this.#line;
    return { ...this.#counters, outstanding, queued, running };
  }

  snapshot(): ContainerSnapshot {
    return { state: this.state, partitions: this.#line.snapshot() };
  }

  /** @returns what unsubscribes. An observer that throws or rejects is logged and changes nothing. */
  on<Name extends keyof ContainerEvents>(name: Name, listener: ContainerEventListener<Name, K, V>): () => void;
  // Says nothing new, but type inference from a structural type (`received` of @hearken/testing) looks at the last overload.
  on(name: 'listener:returned', listener: ContainerEventListener<'listener:returned', K, V>): () => void;
  on<Name extends keyof ContainerEvents>(name: Name, listener: ContainerEventListener<Name, K, V>): () => void {
    return this.#events.on(name, listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #newConsumer(): Consumer {
    const { groupId, clientIdSuffix, maxPollRecords } = this.#properties;
    return this.#factory.createConsumer({
      ...(groupId === undefined ? {} : { groupId }),
      ...(clientIdSuffix === undefined ? {} : { clientIdSuffix }),
      ...(maxPollRecords === undefined ? {} : { maxPollRecords }),
    });
  }

  #newLine(): Line {
    return new Line({
      properties: this.#properties,
      maxPollIntervalMs: this.#factory.maxPollIntervalMs,
      executor: this.#executor,
      clock: this.#clock,
      logger: this.#logger,
      events: this.#events,
      counters: this.#counters,
      paused: this.#paused,
      host: {
        manualAck: isManual(this.#properties.ackMode),
        logger: this.#logger,
        containerFor: (delivery) => new ListenerView(this, (options) => this.#stop(options, delivery)),
      },
      onFatal: (error) => this.#lifecycle.fail(error),
    });
  }

  /** @param from the delivery whose listener asks: it is not waited for */
  #stop(options: StopOptions | undefined, from?: Delivery): Promise<StopReport> {
    from?.excuse();
    return this.#lifecycle.stop(options);
  }
}
