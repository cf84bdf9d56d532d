import {
  IllegalStateError,
  type Clock,
  type Consumer,
  type Logger,
  type TaskExecutor,
  type TopicPartition,
} from '@hearken/core';
import { deferred, describePartition } from '@hearken/core/internal';
import type { GuardedEvents } from './container-events.js';
import type { ContainerCounters, PartitionSnapshot } from './container-metrics.js';
import type { StopReport } from './container-state.js';
import { CommitFirst } from './dispatch/commit-first.js';
import type { Delivery, DeliveryHost } from './dispatch/delivery.js';
import { Dispatcher } from './dispatch/dispatcher.js';
import { Intake } from './dispatch/intake.js';
import { Lanes } from './dispatch/lanes.js';
import { Settler } from './dispatch/settler.js';
import { TimeSlice } from './dispatch/time-slice.js';
import { Recovery } from './failure/recovery.js';
import { ListenerAbortedError } from './errors.js';
import { Handover } from './handover.js';
import { ListenerInvoker } from './invoke/listener-invoker.js';
import { recordDecoder } from './invoke/record-decoder.js';
import { commitPolicyOf } from './offsets/commit-policy.js';
import { OffsetCommitter } from './offsets/offset-committer.js';
import { OwnedPartitions } from './offsets/owned-partitions.js';
import type { Ownership } from './offsets/ownership.js';
import type { PausedPartitions } from './paused-partitions.js';
import { PollLoop } from './poll-loop.js';
import { Rebalance } from './rebalance.js';
import type { ResolvedContainerProperties } from './resolved-properties.js';

export interface LineInit {
  readonly properties: ResolvedContainerProperties;
  readonly consumer: Consumer;
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

/** What a stop may take beyond the time its listeners have: for the last commit and for leaving the group. */
const FAREWELL_MS = 1_000;

/**
 * The straight line of one container, from its consumer to its commits: makes the parts, joins them, and takes them down
 * again. Long because the joints of all parts are here, and short of decisions because they are nowhere else.
 */
export class Line {
  readonly #init: LineInit;
  readonly #lanes: Lanes<Delivery>;
  readonly #owned: OwnedPartitions;
  readonly #intake: Intake;
  readonly #invoker: ListenerInvoker;
  readonly #dispatcher: Dispatcher;
  readonly #committer: OffsetCommitter;
  readonly #handover: Handover;
  readonly #loop: PollLoop;
  readonly #assigned = deferred();

  constructor(init: LineInit) {
    this.#init = init;
    const { properties, clock } = init;
    this.#lanes = new Lanes(properties.ordering);
    this.#owned = this.#newOwned();
    this.#committer = this.#newCommitter();
    this.#intake = this.#newIntake();
    this.#invoker = new ListenerInvoker(
      properties.listener,
      recordDecoder(properties.keySerde, properties.valueSerde),
      properties.errorHandler,
      properties.commitBefore,
    );
    this.#dispatcher = this.#newDispatcher();
    this.#handover = new Handover({ owned: this.#owned, committer: this.#committer, clock });
    this.#loop = this.#newLoop();
  }

  /** The delivery whose listener is on the stack. */
  get calling(): Delivery | undefined {
    return this.#invoker.calling;
  }

  /** Resolves when partitions are assigned and their positions known. The loop turns from then on, or before. */
  async open(): Promise<void> {
    const { properties, consumer, onFatal } = this.#init;
    const rebalance = this.#newRebalance();
    if (properties.topicPartitions === undefined) {
      await consumer.subscribe(properties.topicPattern ?? properties.topics ?? [], rebalance);
    } else {
      await consumer.assign(properties.topicPartitions.map(({ topic, partition }) => ({ topic, partition })));
      for (const at of properties.topicPartitions) if (at.offset !== undefined) consumer.seek(at, at.offset);
      await rebalance.onPartitionsAssigned(consumer.assignment());
    }
    this.#loop.run().catch(onFatal);
    await this.#assigned.promise;
  }

  /** Why the consumer's last try to join its group failed, if one did. */
  get whyNotAssigned(): unknown {
    return this.#init.consumer.lastRetriedError;
  }

  /** What the user paused changed. */
  applyPauses(): void {
    for (const ownership of this.#owned) this.#applyPause(ownership);
    this.#dispatcher.startReady();
  }

  /** Goes on at the offset; what is queued of the partition is dropped, what runs is late. */
  seek(partition: TopicPartition, offset: number): Promise<void> {
    return this.#loop.do(() => {
      const ownership = this.#owned.get(partition);
      if (ownership?.isOpen !== true) {
        throw new IllegalStateError(`${describePartition(partition)} is not assigned`, 'NOT_ASSIGNED');
      }
      this.#init.consumer.seek(partition, offset);
      this.#owned.begin(partition, offset, ownership.committed);
    });
  }

  assignment(): readonly TopicPartition[] {
    return Array.from(this.#owned, ({ topic, partition }) => ({ topic, partition }));
  }

  /** Takes everything down. Each step is done even if one before failed; their errors are returned. */
  async close(drainMs: number): Promise<{ readonly report: StopReport; readonly failures: readonly unknown[] }> {
    const { consumer, counters, clock } = this.#init;
    const deadline = clock.monotonic() + drainMs + FAREWELL_MS;
    const abandonedBefore = counters.abandoned;
    const owned = [...this.#owned];
    const reason = new ListenerAbortedError(
      'CONTAINER_STOPPED',
      `the container stopped before the listener ended (shutdownTimeoutMs, ${drainMs} ms)`,
    );
    let drained = false;
    for (const ownership of owned) this.#owned.close(ownership);
    const failures = await allOf([
      () => this.#loop.stop(),
      async () => void (drained = await this.#handover.giveUp(owned, { drainMs, reason, deadline })),
      () => consumer.close({ timeoutMs: Math.max(0, deadline - clock.monotonic()) }),
      () => this.#committer.close(),
      () => this.#dispatcher.close(),
    ]);
    const abandoned = counters.abandoned - abandonedBefore;
    return { report: { drained, abandoned, committed: owned.flatMap(committedOf) }, failures };
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
    return this.#loop.turnedAt;
  }

  snapshot(): readonly PartitionSnapshot[] {
    return Array.from(this.#owned, (ownership) => ownership.snapshot());
  }

  #newOwned(): OwnedPartitions {
    const commitsAtOnce = this.#init.properties.ackMode === 'manual-immediate';
    return new OwnedPartitions({
      lanes: this.#lanes,
      counters: this.#init.counters,
      commitsBefore: this.#init.properties.commitBefore,
      onBegun: (ownership) => this.#applyPause(ownership),
      onEnded: (ownership, records) => {
        this.#committer.ended(records);
        if (commitsAtOnce) this.#committer.commitNow();
        if (ownership.isFull) this.#intake.ended(ownership);
      },
      onOver: (ownership) => this.#intake.forget(ownership),
    });
  }

  #newCommitter(): OffsetCommitter {
    const { properties, consumer, counters, events, logger, clock } = this.#init;
    return new OffsetCommitter({
      consumer,
      owned: this.#owned,
      counters,
      events,
      logger,
      clock,
      policy: commitPolicyOf(properties),
      enabled: properties.groupId !== undefined,
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
      onRoom: () => this.#loop.wake(),
      onFatal,
    });
  }

  #commitFirst(): CommitFirst {
    const { executor, logger } = this.#init;
    return new CommitFirst({
      lanes: this.#lanes,
      executor,
      logger,
      commitNow: () => this.#committer.commitNow(),
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
      recovery: new Recovery({ ...properties, clock, logger, events, counters }),
      onPause: (ownership) => this.#pauseFor(ownership),
      commitNow: properties.syncCommits ? () => this.#committer.commitNow() : undefined,
      onReady: () => this.#dispatcher.startReady(),
      onFatal,
    });
  }

  #newLoop(): PollLoop {
    const { properties, consumer, clock, maxPollIntervalMs } = this.#init;
    return new PollLoop({
      consumer,
      dispatcher: this.#dispatcher,
      intake: this.#intake,
      clock,
      pollTimeoutMs: properties.pollTimeoutMs,
      keepAliveMs: Math.max(1, Math.floor(maxPollIntervalMs / 3)),
    });
  }

  #newRebalance(): Rebalance {
    const { properties, consumer, events } = this.#init;
    return new Rebalance({
      consumer,
      owned: this.#owned,
      committer: this.#committer,
      handover: this.#handover,
      events,
      revokeDrainTimeoutMs: properties.revokeDrainTimeoutMs,
      onAssigned: () => this.#assigned.resolve(),
    });
  }

  /** A partition is not polled while the user or the intake says so; what is queued of it waits only for the user. */
  #applyPause(ownership: Ownership): void {
    const { consumer, paused } = this.#init;
    const byUser = paused.has(ownership);
    if (byUser) this.#lanes.pause(ownership.lanes);
    else this.#lanes.resume(ownership.lanes);
    if (byUser || ownership.isFull) consumer.pause([ownership]);
    else consumer.resume([ownership]);
  }

  /** As the user would: it outlives rebalances, and it is the user who resumes. */
  #pauseFor(ownership: Ownership): void {
    this.#init.paused.pause([ownership]);
    this.#applyPause(ownership);
  }

  #reportWindow(ownership: Ownership): void {
    const { topic, partition, tracker } = ownership;
    const details = { topic, partition, oldestOutstanding: tracker.oldestOutstanding ?? 0, span: tracker.span };
    this.#init.logger.warn(details, 'a partition waits for its oldest record: it is windowRecords ahead of it');
    this.#init.events.emit('window:filled', details);
  }
}

const committedOf = ({
  topic,
  partition,
  committed,
}: Ownership): { topic: string; partition: number; offset: number }[] =>
  committed === undefined ? [] : [{ topic, partition, offset: committed }];

/** Does every step; returns what went wrong. */
async function allOf(steps: readonly (() => void | Promise<void>)[]): Promise<unknown[]> {
  const failures: unknown[] = [];
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      failures.push(error);
    }
  }
  return failures;
}
