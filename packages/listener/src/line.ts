import {
  IllegalStateError,
  type Clock,
  type Consumer,
  type Logger,
  type TaskExecutor,
  type TopicPartition,
} from '@hearken/core';
import { describePartition, topicPartitionKey } from '@hearken/core/internal';
import { ConsumerSession, type SessionEnd } from './consumer-session.js';
import type { GuardedEvents } from './container-events.js';
import type { ContainerCounters, PartitionSnapshot } from './container-metrics.js';
import type { AssignedPartition } from './container-properties.js';
import { CommitFirst } from './dispatch/commit-first.js';
import type { Delivery, DeliveryHost } from './dispatch/delivery.js';
import { Dispatcher } from './dispatch/dispatcher.js';
import { Intake } from './dispatch/intake.js';
import { Lanes } from './dispatch/lanes.js';
import { Settler } from './dispatch/settler.js';
import { TimeSlice } from './dispatch/time-slice.js';
import { Recovery } from './failure/recovery.js';
import type { GracePeriod } from './grace-period.js';
import { ListenerInvoker } from './invoke/listener-invoker.js';
import { recordDecoder } from './invoke/record-decoder.js';
import { OwnedPartitions } from './offsets/owned-partitions.js';
import type { Ownership } from './offsets/ownership.js';
import type { PausedPartitions } from './paused-partitions.js';
import type { ResolvedContainerProperties } from './resolved-properties.js';

export interface LineInit {
  readonly properties: ResolvedContainerProperties;
  readonly maxPollIntervalMs: number;
  readonly executor: TaskExecutor;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: GuardedEvents;
  readonly counters: ContainerCounters;
  readonly paused: PausedPartitions;
  readonly host: DeliveryHost;
  readonly onFatal: (error: unknown) => void;
}

/** Who hears of a consumer's life. */
export interface SessionListener {
  /** Its first assignment is there. */
  readonly onAssigned: () => void;
  /** It is of no use any more. */
  readonly onFatal: (error: unknown) => void;
}

const NOTHING_TO_CLOSE: SessionEnd = {
  report: { drained: true, abandoned: 0, committed: [] },
  failures: [],
};

/**
 * The straight line of one container, from its consumer to its commits: makes the parts and joins them. It outlives its
 * consumers, of which a container that restarts has several: a lane whose listener still runs stays closed until that ends,
 * and its slot is taken for as long. Long because the joints of all parts are here, and short of decisions because they are
 * nowhere else.
 */
export class Line {
  readonly #init: LineInit;
  readonly #lanes: Lanes<Delivery>;
  readonly #owned: OwnedPartitions;
  readonly #intake: Intake;
  readonly #invoker: ListenerInvoker;
  readonly #dispatcher: Dispatcher;
  #session: ConsumerSession | undefined;
  /** Where the last session got to with partitions that it was given, not assigned by a group. */
  readonly #reached = new Map<string, number>();

  constructor(init: LineInit) {
    this.#init = init;
    const { properties } = init;
    this.#lanes = new Lanes(properties.ordering);
    this.#owned = this.#newOwned();
    this.#intake = this.#newIntake();
    this.#invoker = new ListenerInvoker({
      ...properties,
      decode: recordDecoder(properties.keySerde, properties.valueSerde),
      once: properties.commitBefore,
    });
    this.#dispatcher = this.#newDispatcher();
  }

  /** The delivery whose listener is on the stack. */
  get calling(): Delivery | undefined {
    return this.#invoker.calling;
  }

  /** Begins to read with this consumer, which is the line's from now on. */
  open(consumer: Consumer, listener: SessionListener): void {
    this.#session = new ConsumerSession({
      ...this.#init,
      ...listener,
      consumer,
      owned: this.#owned,
      intake: this.#intake,
      dispatcher: this.#dispatcher,
    });
    this.#session.open(this.#startAt());
  }

  /** Lets go of the consumer. */
  async close(grace: GracePeriod, reason: Error): Promise<SessionEnd> {
    if (this.#session === undefined) return NOTHING_TO_CLOSE;
    const owned = [...this.#owned];
    const end = await this.#session.close(grace, reason);
    this.#session = undefined;
    this.#remember(owned);
    return end;
  }

  /** There will be no other consumer. */
  dispose(): void {
    this.#dispatcher.close();
  }

  /** Why the consumer's last try to join its group failed, if one did. */
  get whyNotAssigned(): unknown {
    return this.#session?.consumer.lastRetriedError;
  }

  /** What the user paused changed. */
  applyPauses(): void {
    for (const ownership of this.#owned) this.#applyPause(ownership);
    this.#dispatcher.startReady();
  }

  /** Goes on at the offset; what is queued of the partition is dropped, what runs is late. */
  async seek(partition: TopicPartition, offset: number): Promise<void> {
    const session = this.#session;
    if (session === undefined) throw new IllegalStateError('the container is not running', 'CONTAINER_NOT_RUNNING');
    await session.betweenPolls(() => {
      const ownership = this.#owned.get(partition);
      if (ownership?.isOpen !== true) {
        throw new IllegalStateError(`${describePartition(partition)} is not assigned`, 'NOT_ASSIGNED');
      }
      session.consumer.seek(partition, offset);
      this.#owned.begin(partition, offset, ownership.committed);
    });
  }

  assignment(): readonly TopicPartition[] {
    return Array.from(this.#owned, ({ topic, partition }) => ({
      topic,
      partition,
    }));
  }

  get outstanding(): number {
    return Array.from(this.#owned, ({ tracker }) => tracker.outstanding).reduce((sum, each) => sum + each, 0);
  }

  get queued(): number {
    return this.#lanes.queued;
  }

  get running(): number {
    return this.#dispatcher.running;
  }

  /** When the loop last turned, on the monotonic clock. */
  get turnedAt(): number | undefined {
    return this.#session?.loop.turnedAt;
  }

  snapshot(): readonly PartitionSnapshot[] {
    return Array.from(this.#owned, (ownership) => ownership.snapshot());
  }

  /** Start offsets are for the first session; a later one goes on where its predecessor was, also without a group that knows. */
  #startAt(): readonly AssignedPartition[] {
    const given = this.#init.properties.topicPartitions ?? [];
    return given.map((at) => {
      const offset = this.#reached.get(topicPartitionKey(at));
      return offset === undefined ? at : { ...at, offset };
    });
  }

  #remember(ownerships: readonly Ownership[]): void {
    const { topicPartitions, commitBefore } = this.#init.properties;
    if (topicPartitions === undefined) return;
    for (const ownership of ownerships) {
      const offset = commitBefore ? ownership.committed : ownership.tracker.committable;
      if (offset !== undefined) this.#reached.set(topicPartitionKey(ownership), offset);
    }
  }

  #newOwned(): OwnedPartitions {
    const commitsAtOnce = this.#init.properties.ackMode === 'manual-immediate';
    return new OwnedPartitions({
      lanes: this.#lanes,
      counters: this.#init.counters,
      commitsBefore: this.#init.properties.commitBefore,
      onBegun: (ownership) => this.#applyPause(ownership),
      onEnded: (ownership, records) => {
        this.#session?.committer.ended(records);
        if (commitsAtOnce) this.#session?.committer.commitNow();
        if (ownership.isFull) this.#intake.ended(ownership);
      },
      onOver: (ownership) => this.#intake.forget(ownership),
    });
  }

  #newIntake(): Intake {
    const { properties, executor } = this.#init;
    return new Intake({
      bufferRecords: properties.bufferRecords,
      windowRecords: properties.windowRecords,
      executor,
      lanes: this.#lanes,
      owned: this.#owned,
      onChange: (ownership) => this.#applyPause(ownership),
      onWindowFilled: (ownership) => this.#reportWindow(ownership),
    });
  }

  #newDispatcher(): Dispatcher {
    const { properties, executor, clock, counters, events, host, onFatal } = this.#init;
    return new Dispatcher({
      executor,
      lanes: this.#lanes,
      turns: properties.commitBefore ? this.#commitFirst() : this.#lanes,
      owned: this.#owned,
      intake: this.#intake,
      invoker: this.#invoker,
      settler: this.#newSettler(),
      slice: new TimeSlice(clock, properties.yieldAfterMs, (last) => this.#dispatcher.nextTurn(last)),
      host,
      counters,
      onReset: (reset) => events.emit('position:reset', reset),
      onRoom: () => this.#session?.loop.wake(),
      onFatal,
    });
  }

  #commitFirst(): CommitFirst {
    const { executor, logger } = this.#init;
    return new CommitFirst({
      lanes: this.#lanes,
      executor,
      logger,
      commitNow: () => this.#session?.committer.commitNow(),
      onReady: () => this.#dispatcher.startReady(),
    });
  }

  #newSettler(): Settler {
    const { properties, counters, events, logger, clock, host, onFatal } = this.#init;
    return new Settler({
      lanes: this.#lanes,
      counters,
      events,
      logger,
      clock,
      manualAck: host.manualAck,
      errorHandler: properties.errorHandler,
      recovery: new Recovery({
        ...properties,
        clock,
        logger,
        events,
        counters,
      }),
      onPause: (ownership) => this.#pauseFor(ownership),
      commitNow: properties.syncCommits ? () => this.#session?.committer.commitNow() : undefined,
      onReady: () => this.#dispatcher.startReady(),
      onFatal,
    });
  }

  /** A partition is not polled while the user or the intake says so; what is queued of it waits only for the user. */
  #applyPause(ownership: Ownership): void {
    const byUser = this.#init.paused.has(ownership);
    const consumer = this.#session?.consumer;
    if (byUser) this.#lanes.pause(ownership.lanes);
    else this.#lanes.resume(ownership.lanes);
    if (byUser || ownership.isFull) consumer?.pause([ownership]);
    else consumer?.resume([ownership]);
  }

  /** As the user would: it outlives rebalances, and it is the user who resumes. */
  #pauseFor(ownership: Ownership): void {
    this.#init.paused.pause([ownership]);
    this.#applyPause(ownership);
  }

  #reportWindow(ownership: Ownership): void {
    const { topic, partition, tracker } = ownership;
    const details = {
      topic,
      partition,
      oldestOutstanding: tracker.oldestOutstanding ?? 0,
      span: tracker.span,
    };
    this.#init.logger.warn(details, 'a partition waits for its oldest record: it is windowRecords ahead of it');
    this.#init.events.emit('window:filled', details);
  }
}
