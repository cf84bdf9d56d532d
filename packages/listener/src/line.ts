import {
  IllegalStateError,
  type Bytes,
  type Clock,
  type Consumer,
  type ConsumerRecords,
  type Logger,
  type TaskExecutor,
  type TopicPartition,
} from '@hearken/core';
import { deferred, topicPartitionKey, type Deferred } from '@hearken/core/internal';
import { BatchInvoker } from './batch/batch-invoker.js';
import { batchPortions } from './batch/batch-portions.js';
import { BatchSettler } from './batch/batch-settler.js';
import { ConsumerSession, type SessionClose, type SessionEnd } from './consumer-session.js';
import type { GuardedEvents } from './container-events.js';
import type { ContainerCounters } from './container-metrics.js';
import type { AssignedPartition } from './container-properties.js';
import {
  byTopicAndPartition,
  partitionSnapshot,
  runningListeners,
  waitingRecords,
  type ContainerSnapshot,
  type PartitionSnapshot,
} from './container-snapshot.js';
import { BacklogElsewhere } from './dispatch/backlog-elsewhere.js';
import { CommitFirst } from './dispatch/commit-first.js';
import type { Delivery, DeliveryHost, DeliveryLane } from './dispatch/delivery.js';
import { Dispatcher } from './dispatch/dispatcher.js';
import { defaultBufferRecords, Intake } from './dispatch/intake.js';
import { LaneWaits } from './dispatch/lane-waits.js';
import { Lanes, oneByOne, type Portions } from './dispatch/lanes.js';
import { PinnedMemory } from './dispatch/pinned-memory.js';
import { RecordEnds } from './dispatch/record-ends.js';
import type { Settles } from './dispatch/run.js';
import { SelectedKeys } from './dispatch/selected-keys.js';
import { Settler, type SettlerInit } from './dispatch/settler.js';
import { TimeSlice } from './dispatch/time-slice.js';
import type { Work } from './dispatch/work.js';
import type { ContainerExplanation } from './explain/container-explanation.js';
import { Explainer } from './explain/explainer.js';
import { afterFailure, afterOnlyFailure } from './failure/after-failure.js';
import { Recovery } from './failure/recovery.js';
import { ListenerInvoker, type Called } from './invoke/listener-invoker.js';
import { recordDecoder, type RecordDecoder } from './invoke/record-decoder.js';
import type { AnyMiddleware } from './middleware/middleware.js';
import type { ListenerContainer } from './message-listener.js';
import { OwnedPartitions } from './offsets/owned-partitions.js';
import type { Ownership } from './offsets/ownership.js';
import { Parking, type ParkingInit } from './parking/parking.js';
import { ParkingInvoker } from './parking/parking-invoker.js';
import { Pauses } from './pause/pauses.js';
import type { StandingPauses } from './pause/standing-pauses.js';
import type { ResolvedContainerProperties } from './resolved-properties.js';
import { ListenerTimeouts, type HangingListener } from './watch/listener-timeouts.js';
import { HeadOfLine, type PartitionBlock } from './watch/head-of-line.js';
import type { Seeks, SeekTarget } from './seek/seeks.js';
import type { Shedding } from './shed/shedding.js';

export interface LineInit {
  readonly properties: ResolvedContainerProperties;
  readonly maxPollIntervalMs: number;
  readonly executor: TaskExecutor;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: GuardedEvents;
  readonly counters: ContainerCounters;
  readonly standingPauses: StandingPauses;
  readonly host: DeliveryHost;
  /** Told of each poll, where somebody wants to know. */
  readonly onPolled?: ((records: ConsumerRecords) => void) | undefined;
  /** As the user's rebalance listener sees it. */
  readonly container: ListenerContainer;
  readonly onFatal: (error: unknown) => void;
  /** Makes consumers beside the one it is opened with, and containers on them. */
  readonly factory: ParkingInit['factory'];
  readonly newContainer: ParkingInit['newContainer'];
}

/** Who hears of a consumer's life. */
export interface SessionListener {
  /** Its first assignment is there. */
  readonly onAssigned: () => void;
  /** It is of no use any more. */
  readonly onFatal: (error: unknown) => void;
}

/** How a line lets go of its consumer. */
export interface LineClose extends SessionClose {
  /** Whether listeners of partitions that were given up before are waited for as well. */
  readonly awaitsStrays: boolean;
}

/** The consumer failed, and waits for its successor. */
const NOTHING_TO_CLOSE: SessionEnd = { report: { drained: true, abandoned: 0, committed: [] }, failures: [] };

/**
 * The straight line of one container, from its consumer to its commits: makes the parts and joins them. It outlives its
 * consumers, of which a container that restarts has several: a lane whose listener still runs stays closed until that ends,
 * and its slot is taken for as long. Long because the joints of all parts are here, and short of decisions because they are
 * nowhere else.
 */
export class Line {
  readonly #init: LineInit;
  readonly #portions: Portions<Delivery, Work>;
  /** Undefined where records are ordered by their own keys, or by none. */
  readonly #selectedKeys: SelectedKeys | undefined;
  readonly #lanes: Lanes<Delivery, Work>;
  readonly #ends: RecordEnds;
  readonly #owned: OwnedPartitions;
  readonly #pauses: Pauses;
  readonly #slice: TimeSlice;
  readonly #intake: Intake;
  readonly #invoker: ListenerInvoker | BatchInvoker;
  /** Undefined where listeners may take as long as they like. */
  readonly #timeouts: ListenerTimeouts | undefined;
  /** Undefined where no keys are parked. */
  readonly #parking: Parking | undefined;
  readonly #dispatcher: Dispatcher;
  readonly #headOfLine: HeadOfLine;
  /** For who waits for a listener of an ownership that is over. */
  #nextLate: Deferred<void> | undefined;
  /** Made when somebody asks. */
  #explainer: Explainer | undefined;
  #session: ConsumerSession | undefined;
  /** Where the last session got to with partitions that it was given, not assigned by a group. */
  readonly #reached = new Map<string, number>();

  constructor(init: LineInit) {
    this.#init = init;
    const { properties } = init;
    this.#portions = this.#newPortions();
    const { ordering, nullKey, keySelector } = properties;
    this.#selectedKeys = keySelector === undefined ? undefined : new SelectedKeys(keySelector);
    this.#lanes = new Lanes(ordering, this.#portions, { nullKey, keyOf: this.#selectedKeys?.keyOf });
    this.#ends = new RecordEnds({ ...init, errorHandler: properties.errorHandler });
    this.#owned = this.#newOwned();
    this.#pauses = this.#newPauses();
    this.#slice = this.#newSlice();
    this.#intake = this.#newIntake();
    this.#invoker = this.#newInvoker();
    this.#timeouts = this.#newTimeouts();
    this.#parking = this.#newParking();
    this.#dispatcher = this.#newDispatcher();
    this.#headOfLine = new HeadOfLine({ ...init, limits: properties, owned: this.#owned });
  }

  /** Before the first record. */
  use(middleware: AnyMiddleware): void {
    this.#invoker.use(middleware);
  }

  /** The delivery whose listener is on the stack. */
  get calling(): Called | undefined {
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
      pauses: this.#pauses,
      parking: this.#parking,
      onTurn: (now) => this.#headOfLine.turned(now),
    });
    this.#session.open(this.#startAt());
  }

  /**
   * Lets go of the consumer. Then, if told so, waits for listeners that were given up: what they use may be closed after it.
   * That drains nothing: what they still do comes twice.
   */
  async close({ awaitsStrays, ...how }: LineClose): Promise<SessionEnd> {
    const { report, failures } = await this.#closeSession(how);
    const { hasStrays } = this.#owned;
    // A grace that is over needs no timer to say so.
    if (hasStrays && awaitsStrays && how.grace.remainingMs() > 0) await how.grace.covers(this.#owned.whenNoStrays());
    return { report: { ...report, drained: report.drained && !hasStrays }, failures };
  }

  async #closeSession(how: SessionClose): Promise<SessionEnd> {
    if (this.#session === undefined) return NOTHING_TO_CLOSE;
    const owned = [...this.#owned];
    const end = await this.#session.close(how);
    this.#session = undefined;
    this.#remember(owned);
    return end;
  }

  /** There will be no other consumer. */
  dispose(): void {
    this.#dispatcher.close();
    this.#timeouts?.close();
    this.#portions.close();
  }

  /** Listeners whose time is over, and that have not ended; the oldest first. */
  get hanging(): Iterable<HangingListener> {
    return this.#timeouts?.hanging ?? [];
  }

  /** Why the consumer's last try to join its group failed, if one did. */
  get whyNotAssigned(): unknown {
    return this.#session?.consumer.lastRetriedError;
  }

  /** What the user paused changed. */
  applyPauses(): void {
    this.#pauses.applyAll();
  }

  /** @throws IllegalStateError `CONTAINER_NOT_RUNNING` without a consumer */
  get seeks(): Seeks {
    return this.#open.seeks;
  }

  /** @throws IllegalStateError `CONTAINER_NOT_RUNNING` without a consumer */
  get shedding(): Shedding {
    return this.#open.shedding;
  }

  /** Partitions that one record holds up. */
  get blocked(): readonly PartitionBlock[] {
    return this.#headOfLine.blocked;
  }

  get #open(): ConsumerSession {
    if (this.#session !== undefined) return this.#session;
    throw new IllegalStateError('the container is not running', 'CONTAINER_NOT_RUNNING');
  }

  /** @returns whether the ownership is there still */
  async seekWithin(ownership: Ownership, to: SeekTarget): Promise<boolean> {
    return ownership.isOpen && this.seeks.seekWithin(ownership, to);
  }

  assignment(): readonly TopicPartition[] {
    return Array.from(this.#owned, ({ topic, partition }) => ({ topic, partition }));
  }

  get parkedKeys(): number {
    return this.#parking?.size ?? 0;
  }

  get queued(): number {
    return this.#lanes.queued;
  }

  get queuedBytes(): number {
    return this.#lanes.queuedBytes;
  }

  get heldBytes(): number {
    return this.#lanes.heldBytes;
  }

  get running(): number {
    return this.#dispatcher.running;
  }

  /** When the loop last turned, on the monotonic clock. */
  get turnedAt(): number | undefined {
    return this.#session?.loop.turnedAt;
  }

  snapshot(): readonly PartitionSnapshot[] {
    const lags = this.#session?.consumer.lag() ?? [];
    const ends = new Map(lags.map((lag) => [topicPartitionKey(lag), lag.endOffset]));
    const now = this.#init.clock.monotonic();
    return [...this.#owned]
      .sort(byTopicAndPartition)
      .map((at) => partitionSnapshot(at, ends.get(topicPartitionKey(at)), this.#pauses.ownersOf(at), now));
  }

  /** The rest of a snapshot of the container. */
  snapshotOfWork(): Pick<ContainerSnapshot, 'group' | 'running' | 'waiting' | 'parked'> {
    const now = this.#init.clock.monotonic();
    return {
      group: this.#session?.consumer.groupMetadata(),
      running: runningListeners(this.#dispatcher.waiting, now),
      waiting: waitingRecords(this.#owned, now),
      parked: this.#parking?.snapshot() ?? [],
    };
  }

  /** Measures from the first call on. */
  explain(): ContainerExplanation {
    this.#explainer ??= this.#newExplainer();
    return this.#explainer.explain();
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
      if (!ownership.hasPosition) continue; // its successor looks for one, too
      const offset = commitBefore ? ownership.committed : ownership.tracker.committable;
      if (offset !== undefined) this.#reached.set(topicPartitionKey(ownership), offset);
    }
  }

  #newPortions(): Portions<Delivery, Work> {
    const { properties, clock } = this.#init;
    if (properties.batchListener === undefined) return oneByOne<Delivery>();
    const onFilled = (lane: DeliveryLane): void => this.#lanes.filled(lane);
    const onReady = (): void => this.#dispatcher.startReady();
    return batchPortions({ ...properties.batch, clock, onFilled, onReady });
  }

  #newInvoker(): ListenerInvoker | BatchInvoker {
    const { properties } = this.#init;
    const { listener, batchListener } = properties;
    const middleware = properties.middleware as readonly AnyMiddleware[];
    const init = { ...properties, middleware, decode: this.#newDecoder() };
    if (listener !== undefined) return new ListenerInvoker({ ...init, listener });
    if (batchListener === undefined) throw new TypeError('a container without a listener');
    const onFiltered = (delivery: Delivery): void => this.#ends.filtered(delivery);
    return new BatchInvoker({ ...init, listener: batchListener, onFiltered });
  }

  #newDecoder(): RecordDecoder {
    const { keySerde, valueSerde } = this.#init.properties;
    const decode = recordDecoder(keySerde, valueSerde);
    return this.#selectedKeys?.guard(decode) ?? decode;
  }

  #newTimeouts(): ListenerTimeouts | undefined {
    const { handlerTimeoutMs } = this.#init.properties;
    if (handlerTimeoutMs === undefined) return undefined;
    return new ListenerTimeouts({ ...this.#init, invoker: this.#invoker, handlerTimeoutMs });
  }

  #newParking(): Parking | undefined {
    const { properties, ...init } = this.#init;
    const { parking } = properties;
    if (parking === undefined || !(this.#invoker instanceof ListenerInvoker)) return undefined;
    const strayOf: ParkingInit['strayOf'] = (partition, key) => this.#strayOf(partition, key);
    return new Parking({ ...init, properties, parking, invoker: this.#invoker, strayOf });
  }

  /**
   * Resolves when a late listener ends, perhaps this one's: who waits looks again. Not one that nobody waits for: it waits for
   * the container itself.
   */
  #strayOf(partition: TopicPartition, key: Bytes): Promise<void> | undefined {
    const work = this.#lanes.running(partition, key);
    if (work?.ownership.isOver !== true || !work.isAwaited) return undefined;
    return (this.#nextLate ??= deferred()).promise;
  }

  #newOwned(): OwnedPartitions {
    const commitsAtOnce = this.#init.properties.ackMode === 'manual-immediate';
    return new OwnedPartitions({
      lanes: this.#lanes,
      counters: this.#init.counters,
      commitsBefore: this.#init.properties.commitBefore,
      onBegun: (ownership, before) => {
        this.#parking?.begun(ownership);
        this.#pauses.begin(ownership, before);
      },
      onFound: (ownership) => void this.#session?.committer.assigned([ownership]),
      onEnded: (ownership, records) => {
        this.#session?.committer.ended(records);
        if (commitsAtOnce) this.#session?.committer.commitNow();
        this.#lookAtFull(ownership);
      },
      onOver: (ownership) => this.#intake.forget(ownership),
      isStuck: () => this.#dispatcher.isStuck,
    });
  }

  #lookAtFull(ownership: Ownership): void {
    if (ownership.isFull) this.#intake.ended(ownership);
  }

  #newPauses(): Pauses {
    return new Pauses({
      ...this.#init,
      consumer: () => this.#session?.consumer,
      owned: this.#owned,
      lanes: this.#lanes,
      standing: this.#init.standingPauses,
      onReady: () => this.#dispatcher.startReady(),
    });
  }

  #newSlice(): TimeSlice {
    return new TimeSlice({
      clock: this.#init.clock,
      budgetMs: this.#init.properties.yieldAfterMs,
      waiting: () => this.#lanes.queued / this.#portions.size,
      onNextTurn: (last) => this.#dispatcher.nextTurn(last),
    });
  }

  #newIntake(): Intake {
    const { properties, executor } = this.#init;
    const portions = this.#portions;
    const backlog = this.#newBacklog();
    return new Intake({
      // Concurrency may change while it runs, and what keeps as many listeners busy with it.
      get bufferRecords() {
        return properties.bufferRecords ?? defaultBufferRecords(executor.concurrency, portions.size);
      },
      bufferBytes: properties.bufferBytes,
      recordsPerCall: portions.size,
      hurry: () => portions.hurry(),
      windowRecords: properties.windowRecords,
      partitionShare: properties.maxPartitionBufferShare,
      hasBacklogElsewhere: (ownership) => backlog.isThere(ownership),
      executor,
      slice: this.#slice,
      lanes: this.#lanes,
      owned: this.#owned,
      onChange: (ownership) => this.#pauses.apply(ownership),
      onWindowFilled: (ownership) => this.#reportWindow(ownership),
    });
  }

  #newBacklog(): BacklogElsewhere {
    return new BacklogElsewhere({
      clock: this.#init.clock,
      lag: () => this.#session?.consumer.lag() ?? [],
      isRead: (partition) => {
        const ownership = this.#owned.get(partition);
        return ownership !== undefined && this.#pauses.ownersOf(ownership).length === 0;
      },
    });
  }

  #newDispatcher(): Dispatcher {
    const { properties, executor, counters, events, host, onFatal } = this.#init;
    const calls = this.#timeouts ?? this.#invoker;
    return new Dispatcher({
      executor,
      lanes: this.#lanes,
      turns: properties.commitBefore ? this.#commitFirst() : this.#lanes,
      owned: this.#owned,
      intake: this.#intake,
      memory: new PinnedMemory({ lanes: this.#lanes, bufferBytes: properties.bufferBytes, counters }),
      invoker: this.#parking === undefined ? calls : new ParkingInvoker(calls),
      settler: this.#newSettler(),
      slice: this.#slice,
      host,
      counters,
      onReset: (reset) => events.emit('position:reset', reset),
      onRoom: () => this.#session?.loop.wake(),
      onAvailable: () => this.#pauses.lookAtExecutor(),
      onPauseChanged: () => this.#pauses.lookAtExecutor(),
      onFatal,
    });
  }

  #newExplainer(): Explainer {
    return new Explainer({
      ...this.#init,
      ordering: this.#init.properties.ordering,
      keys: { nullKey: this.#init.properties.nullKey, keyOf: this.#selectedKeys?.keyOf },
      lanes: this.#lanes,
      owned: this.#owned,
      dispatcher: this.#dispatcher,
      snapshot: () => this.snapshot(),
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

  #newSettler(): Settles {
    const { properties, counters, events, logger, clock, host, onFatal } = this.#init;
    const { errorHandler, syncCommits, commitBefore, batchListener, groupId } = properties;
    const after = commitBefore ? afterOnlyFailure : afterFailure;
    const parking = this.#parking;
    const lanes = this.#lanes;
    const onReady = (): void => this.#dispatcher.startReady();
    const commitNow = syncCommits ? (): void => this.#session?.committer.commitNow() : undefined;
    const init: SettlerInit = {
      lanes,
      waits: new LaneWaits({ lanes, clock, commitNow, onReady, onFreed: (ownership) => this.#lookAtFull(ownership) }),
      ends: this.#ends,
      counters,
      events,
      manualAck: host.manualAck,
      recovery: new Recovery({ ...properties, clock, logger, events, counters }),
      parking: parking && new Recovery({ errorHandler: parking, groupId, clock, logger, events, counters }),
      onPause: (ownership, cause) => this.#pauses.pauseFailed(ownership, cause),
      onLate: () => {
        this.#nextLate?.resolve();
        this.#nextLate = undefined;
      },
      onReady,
      onFatal,
    };
    if (batchListener !== undefined) return new BatchSettler({ ...init, errorHandler });
    return new Settler({ ...init, afterFailure: (failure) => after(failure, errorHandler) });
  }

  #reportWindow(ownership: Ownership): void {
    const { topic, partition, tracker } = ownership;
    const details = { topic, partition, oldestOutstanding: tracker.oldestOutstanding ?? 0, span: tracker.span };
    this.#init.logger.warn(details, 'a partition waits for its oldest record: it is windowRecords ahead of it');
    this.#init.events.emit('window:filled', details);
  }
}
