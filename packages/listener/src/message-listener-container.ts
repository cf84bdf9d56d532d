import { AsyncResource } from 'node:async_hooks';
import {
  IllegalStateError,
  type Bytes,
  type Clock,
  type Consumer,
  type ConsumerFactory,
  type Logger,
  type TaskExecutor,
  type TopicPartition,
  type TopicPartitionOffsets,
} from '@hearken/core';
import { AsyncTaskExecutor } from '@hearken/executor';
import {
  requireConcurrency,
  requireFunction,
  requirePartition,
  requireSeekTarget,
  requireTargets,
  requireTimestamp,
} from './arguments.js';
import { GuardedEvents, type ContainerEventListener, type ContainerEvents } from './container-events.js';
import { gaugesOf, newCounters, type ContainerMetrics } from './container-metrics.js';
import type { ContainerSnapshot } from './container-snapshot.js';
import { isManual, type ContainerDependencies, type ContainerProperties } from './container-properties.js';
import type { ContainerExplanation } from './explain/container-explanation.js';
import { ContainerLifecycle } from './container-lifecycle.js';
import type { ContainerState, StopOptions, StopReport } from './container-state.js';
import { Line } from './line.js';
import type { Called } from './invoke/listener-invoker.js';
import { ListenerView } from './listener-view.js';
import type { ListenerContainer } from './message-listener.js';
import type { AnyMiddleware, BatchMiddleware, RecordMiddleware } from './middleware/middleware.js';
import { StandingPauses } from './pause/standing-pauses.js';
import type { PartitionTarget } from './pause/target-set.js';
import { plainly } from './plain-properties.js';
import { resolveContainerProperties, type ResolvedContainerProperties } from './resolved-properties.js';
import { verdictOf, type ContainerHealth } from './watch/container-health.js';
import { ContainerWatch } from './watch/container-watch.js';
import type { SeekPosition } from './seek/seek-position.js';
import type { SeekTarget } from './seek/seeks.js';
import type { ShedRange } from './shed/shed-range.js';
import type { ShedOptions } from './shed/shedding.js';

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
  /** The executor, unless one was given. */
  readonly #slots: AsyncTaskExecutor;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #events: GuardedEvents;
  readonly #counters = newCounters();
  readonly #pauses = new StandingPauses();
  /** Listeners that start because somebody calls us are not that caller's: they do not get its `AsyncLocalStorage`. */
  readonly #context = new AsyncResource('MessageListenerContainer');
  readonly #line: Line;
  readonly #lifecycle: ContainerLifecycle;
  readonly #watch: ContainerWatch;

  /** @throws KafkaConfigError that names every problem of the properties */
  constructor(
    consumerFactory: ConsumerFactory,
    properties: ContainerProperties<K, V>,
    dependencies?: ContainerDependencies,
  ) {
    this.#factory = consumerFactory;
    this.#properties = resolveContainerProperties(properties, consumerFactory, dependencies);
    const { taskExecutor, concurrency, clock, logger } = this.#properties;
    this.#slots = new AsyncTaskExecutor({ concurrency });
    this.#executor = taskExecutor ?? this.#slots;
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
    this.#watch = new ContainerWatch({
      properties: this.#properties,
      maxPollIntervalMs: consumerFactory.maxPollIntervalMs,
      clock,
      logger,
      events: this.#events,
      executor: this.#executor,
      line: this.#line,
      lifecycle: this.#lifecycle,
    });
  }

  get state(): ContainerState {
    return this.#lifecycle.state;
  }

  /** Its own, or else the factory's; undefined without one. */
  get groupId(): string | undefined {
    return this.#properties.groupId;
  }

  /**
   * How many listeners may run at once, from 1. May be set at any time and holds at once, without a stop: more start, or
   * those above the new limit end first. With a `taskExecutor` it is that one's, and set there.
   * @throws IllegalStateError `TASK_EXECUTOR_GIVEN` when it is set where a `taskExecutor` was given
   * @throws KafkaConfigError when it is set to anything but a whole number from 1
   */
  get concurrency(): number {
    return this.#executor.concurrency;
  }

  set concurrency(concurrency: number) {
    if (this.#executor !== this.#slots) {
      const message = 'the container has a taskExecutor, which says how many listeners run at once: change it there';
      throw new IllegalStateError(message, 'TASK_EXECUTOR_GIVEN');
    }
    requireConcurrency(concurrency);
    this.#context.runInAsyncScope(() => (this.#slots.concurrency = concurrency));
  }

  /**
   * Puts one more middleware around the listener, inside all others.
   * @throws IllegalStateError `ILLEGAL_STATE` once the container has been started
   * @throws KafkaConfigError for what is no function
   */
  use(middleware: RecordMiddleware<K, V>): this;
  // eslint-disable-next-line @typescript-eslint/unified-signatures -- a function written in place gets its types from one of them
  use(middleware: BatchMiddleware<K, V>): this;
  use(middleware: RecordMiddleware<K, V> | BatchMiddleware<K, V>): this {
    requireFunction('use', 'middleware', middleware);
    if (this.state !== 'created') throw new IllegalStateError('middleware is added before start', 'ILLEGAL_STATE');
    this.#line.use(middleware as unknown as AnyMiddleware);
    return this;
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
   * the group; in the same time, waits for listeners whose partitions went before they ended. May be called any number of times, always with the same report; a later call can bring it to its end sooner,
   * with `immediate` or a `timeoutMs` counted from then. Never rejects: what went wrong is told by `finished`. Called from a
   * listener (through its context, or before its first `await`) it does not wait for that one, or for what would need its slot,
   * unless another container's listeners have slots of the same executor.
   */
  stop(options?: StopOptions): Promise<StopReport> {
    return this.#stop(options, this.#line.calling);
  }

  /**
   * Starts no more records of these topics and partitions, or of any, until `resume`; what runs goes on. It holds for
   * partitions that are assigned later, too: a topic, or everything, is paused with all it will have, but for what is resumed
   * by name. Nothing polled is dropped, and the container stays in its group. Before `start` it makes a container that starts
   * paused.
   * @throws KafkaConfigError for what is no topic and no partition
   */
  pause(targets?: readonly PartitionTarget[]): void {
    if (targets !== undefined) requireTargets('pause', targets);
    this.#pauses.pause(targets);
    this.#context.runInAsyncScope(() => this.#line.applyPauses());
  }

  /**
   * Ends what `pause`, and the error handler's decision to pause, did to these, or to everything. Back-pressure, and an
   * executor that has no slots, end by themselves.
   * @throws KafkaConfigError for what is no topic and no partition
   */
  resume(targets?: readonly PartitionTarget[]): void {
    if (targets !== undefined) requireTargets('resume', targets);
    this.#pauses.resume(targets);
    this.#context.runInAsyncScope(() => this.#line.applyPauses());
  }

  /**
   * Whether it waits for `resume`: the partition; of a topic, and without an argument of everything, those partitions that
   * were not resumed by name. Owned or not. Who else holds a partition is in `snapshot()`.
   * @throws KafkaConfigError for what is no topic and no partition
   */
  isPaused(target?: PartitionTarget): boolean {
    if (target !== undefined) requireTargets('isPaused', [target]);
    return this.#pauses.has(target);
  }

  /**
   * Goes on at this offset, or at the one made of the position, which is the offset of the next record to be polled. Begins a
   * new epoch: what was polled of the partition and has not ended is abandoned, and comes again if it lies behind. The new
   * position is committed as if all below it had ended. Resolves when it is done; no poll returns anything older from then on.
   * Rejects with an IllegalStateError `NOT_ASSIGNED`, or with what `to` throws.
   */
  async seek(partition: TopicPartition, to: SeekTarget): Promise<void> {
    requirePartition('seek', partition);
    requireSeekTarget('seek', to);
    await this.#line.seeks.seek(partition, to);
  }

  /**
   * Goes on at the oldest record of these topics and partitions, or of all that are assigned.
   *
   * The offsets are looked up. A partition that is given up, reset, or sought by a later call before the answer comes stays
   * where it is.
   * @returns where each partition went on; those that stayed are left out
   */
  async seekToBeginning(targets?: readonly PartitionTarget[]): Promise<TopicPartitionOffsets> {
    return this.#seekTo('seekToBeginning', 'beginning', targets);
  }

  /** Goes on with what comes from now on; else as `seekToBeginning`. With nothing to read the lag is 0 and committed so. */
  async seekToEnd(targets?: readonly PartitionTarget[]): Promise<TopicPartitionOffsets> {
    return this.#seekTo('seekToEnd', 'end', targets);
  }

  /**
   * Goes on at the first record whose timestamp is at least this, at the end where there is none; else as `seekToBeginning`.
   * @param timestampMs milliseconds since 1970, a whole number from 0
   */
  async seekToTimestamp(timestampMs: number, targets?: readonly PartitionTarget[]): Promise<TopicPartitionOffsets> {
    requireTimestamp('seekToTimestamp', timestampMs);
    return this.#seekTo('seekToTimestamp', { timestamp: timestampMs }, targets);
  }

  /**
   * Skips the backlog of all that is assigned, or of some of it: records what it skips in the shed topic, and only then goes
   * on behind it, as `seek` does. Listeners that run are let end; a CompensationListenerContainer gives all that had not
   * ended to its own, at least once and out of order. Paused partitions stay paused.
   *
   * Nothing is lost if it fails, or the process does: what is not recorded is not skipped. A partition that is given up, reset
   * or sought before its range is written goes on where it is, and its records may come twice.
   * @returns what was skipped; partitions without a backlog, and those that went on where they were, are left out
   * @throws ShedRefusedError `REORDER_NOT_ALLOWED` unless `shed: { allowReorder: true }`; IllegalStateError `NOT_ASSIGNED`;
   *   KafkaError `SHED_TOPIC_MISSING`, `SHED_TOPIC_NOT_COMPACTED`, `ACKS_NOT_ALL`; what the ranges could not be written for
   */
  async shed(options?: ShedOptions): Promise<readonly ShedRange[]> {
    return this.#line.shedding.shed(options);
  }

  /** The properties that hold, defaults included, where they can be written down: objects and functions are left out. */
  get properties(): Readonly<Record<string, unknown>> {
    return plainly(this.#properties);
  }

  assignment(): readonly TopicPartition[] {
    return this.#line.assignment();
  }

  /** How it is, and what is not as it should be; cheap enough for a probe. */
  health(): ContainerHealth {
    const { turnedAt } = this.#line;
    const assigned = this.assignment();
    const reasons = this.#watch.reasons();
    return {
      ...verdictOf(reasons),
      reasons,
      state: this.state,
      assigned: assigned.length,
      paused: assigned.filter((at) => this.#pauses.has(at)).length,
      lastTurnMsAgo: turnedAt === undefined ? undefined : this.#clock.monotonic() - turnedAt,
      ...this.#lifecycle.failure,
    };
  }

  metrics(): ContainerMetrics {
    const { queued, queuedBytes, heldBytes, running } = this.#line;
    return {
      ...this.#counters,
      queued,
      queuedBytes,
      heldBytes,
      running,
      ...gaugesOf(this.#line.snapshot()),
      blocked: this.#line.blocked.length,
      parkedKeys: this.#line.parkedKeys,
    };
  }

  snapshot(): ContainerSnapshot {
    const partitions = this.#line.snapshot();
    return { state: this.state, paused: this.isPaused(), partitions, ...this.#line.snapshotOfWork() };
  }

  /**
   * Why it does not do more: which bound it has reached, and where they are. The first call begins to measure, which costs a
   * look at about a thousand calls of the listener in a second from then on, and nothing before; so its figures come with the
   * second call.
   */
  explain(): ContainerExplanation {
    return this.#line.explain();
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
      rebalanceProtocol: 'cooperative',
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
      standingPauses: this.#pauses,
      container: this,
      factory: this.#factory,
      newContainer: (factory, properties) =>
        new MessageListenerContainer(factory, properties, { clock: this.#clock, logger: this.#logger }),
      host: {
        ackMode: this.#properties.ackMode,
        manualAck: isManual(this.#properties.ackMode),
        logger: this.#logger,
        seekWithin: (ownership, to) => this.#line.seekWithin(ownership, to),
        containerFor: (delivery) => new ListenerView(this, (options) => this.#stop(options, delivery)),
      },
      onPolled: hearsIdle(this.#properties) ? (records) => this.#watch.polled(records) : undefined,
      onFatal: (error) => this.#lifecycle.fail(error),
    });
  }

  async #seekTo(
    call: string,
    to: SeekPosition,
    targets: readonly PartitionTarget[] | undefined,
  ): Promise<TopicPartitionOffsets> {
    if (targets !== undefined) requireTargets(call, targets);
    return this.#line.seeks.seekTo(to, targets);
  }

  /** @param from the delivery whose listener asks: it is not waited for */
  #stop(options: StopOptions | undefined, from?: Called): Promise<StopReport> {
    from?.excuse();
    return this.#context.runInAsyncScope(() => this.#lifecycle.stop(options));
  }
}

const hearsIdle = ({ idleEventIntervalMs, idlePartitionEventIntervalMs }: ResolvedContainerProperties): boolean =>
  idleEventIntervalMs !== undefined || idlePartitionEventIntervalMs !== undefined;
