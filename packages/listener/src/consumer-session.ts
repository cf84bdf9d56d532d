import {
  IllegalStateError,
  type Clock,
  type Consumer,
  type ConsumerRebalanceListener,
  type ConsumerRecords,
  type Logger,
  type TopicPartition,
  type TopicPartitionOffset,
} from '@hearken/core';
import { topicPartitionKey } from '@hearken/core/internal';
import type { GuardedEvents } from './container-events.js';
import type { ContainerCounters } from './container-metrics.js';
import type { AssignedPartition } from './container-properties.js';
import type { StopReport } from './container-state.js';
import type { Dispatcher } from './dispatch/dispatcher.js';
import type { Intake } from './dispatch/intake.js';
import type { GracePeriod } from './grace-period.js';
import { Handover } from './handover.js';
import { commitPolicyOf } from './offsets/commit-policy.js';
import type { ListenerContainer } from './message-listener.js';
import { requireTopics } from './missing-topics.js';
import { OffsetCommitter } from './offsets/offset-committer.js';
import { OffsetMaps } from './offsets/offset-maps.js';
import type { OwnedPartitions } from './offsets/owned-partitions.js';
import type { Ownership } from './offsets/ownership.js';
import type { Pauses } from './pause/pauses.js';
import type { Parking } from './parking/parking.js';
import { withoutParked } from './parking/without-parked.js';
import { PollLoop } from './poll-loop.js';
import { Rebalance } from './rebalance.js';
import { RebalanceCalls } from './rebalance-listener.js';
import type { ResolvedContainerProperties } from './resolved-properties.js';
import { Seeks } from './seek/seeks.js';
import { startOffsets } from './seek/start-offsets.js';
import { Shedding } from './shed/shedding.js';

export interface ConsumerSessionInit {
  readonly properties: ResolvedContainerProperties;
  readonly consumer: Consumer;
  /** As the user's rebalance listener sees it. */
  readonly container: ListenerContainer;
  readonly maxPollIntervalMs: number;
  readonly owned: OwnedPartitions;
  readonly dispatcher: Dispatcher;
  /** Told of each poll, where somebody wants to know. */
  readonly onPolled?: ((records: ConsumerRecords) => void) | undefined;
  readonly intake: Intake;
  readonly pauses: Pauses;
  readonly parking?: Parking | undefined;
  /** Called at each turn of the poll loop, on the monotonic clock. */
  readonly onTurn: (now: number) => void;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: GuardedEvents;
  readonly counters: ContainerCounters;
  /** Partitions are assigned, none is an assignment too, and their positions known where they have a leader: for the first time. */
  readonly onAssigned: () => void;
  /** The consumer is of no use any more. Not called once the session closes. */
  readonly onFatal: (error: unknown) => void;
}

export interface SessionEnd {
  readonly report: StopReport;
  /** What went wrong on the way; the other steps were done all the same. */
  readonly failures: readonly unknown[];
}

/** How a session ends. */
export interface SessionClose {
  /** How long listeners may go on. */
  readonly grace: GracePeriod;
  /** Their signals' reason after that. */
  readonly reason: Error;
  /** Whether records still start that keep others, which ended, from being committed. */
  readonly closesGaps: boolean;
}

/** What a stop may take beyond the time its listeners have: for the last commit and for leaving the group. */
const FAREWELL_MS = 1_000;

/**
 * Of that, for the last commit and the rebalance listener. While the group rebalances a commit waits for the next generation;
 * did it take all the time, the consumer could not leave, and the group would wait for it until its session is over.
 */
const LAST_WORDS_MS = FAREWELL_MS / 2;

/**
 * One consumer and what must not outlive it: who polls it, who commits by it, who answers for its partitions. A container
 * that restarts has another one on the same line.
 */
// Long because opening and closing a consumer is one story, told in the order in which it happens.
export class ConsumerSession {
  readonly consumer: Consumer;
  readonly committer: OffsetCommitter;
  readonly loop: PollLoop;
  readonly seeks: Seeks;
  readonly shedding: Shedding;
  readonly #init: ConsumerSessionInit;
  readonly #handover: Handover;
  readonly #rebalance: Rebalance;
  /** Partitions that begin where the user says: all from there on is to come, also what ended before. */
  readonly #sought = new Set<string>();
  #phase: 'open' | 'closing' | 'closed' = 'open';
  #closeBy: GracePeriod | undefined;
  #wasAssigned = false;

  constructor(init: ConsumerSessionInit) {
    const { consumer, properties, owned, maxPollIntervalMs } = init;
    this.#init = init;
    this.consumer = consumer;
    const maps = properties.offsetMap ? new OffsetMaps(init) : undefined;
    this.committer = new OffsetCommitter({
      ...init,
      policy: commitPolicyOf(properties),
      enabled: properties.groupId !== undefined,
      commitsOnAssignment: properties.assignmentCommitOption === 'always',
      timeoutMs: properties.commitTimeoutMs,
      metadataOf: properties.commitMetadata,
      maps: maps && { text: maps, intervalMs: properties.offsetMapIntervalMs },
      onRefusalChanged: (ownership) => {
        init.pauses.apply(ownership); // lanes that were set aside go on
        init.dispatcher.startReady();
      },
    });
    this.#handover = new Handover({ owned, committer: this.committer, parking: init.parking });
    this.loop = new PollLoop({
      ...init,
      dispatcher: withPolledTold(init),
      pollTimeoutMs: properties.pollTimeoutMs,
      keepAliveMs: Math.max(1, Math.floor(maxPollIntervalMs / 3)),
    });
    this.seeks = new Seeks({ consumer, owned, betweenPolls: (action) => this.betweenPolls(action) });
    const { shed, groupId } = properties;
    this.shedding = new Shedding({ ...init, properties: shed, groupId, seeks: this.seeks });
    this.#rebalance = new Rebalance({
      ...init,
      committer: this.committer,
      handover: this.#handover,
      calls: new RebalanceCalls({
        ...init,
        rebalanceListener: properties.rebalanceListener,
        timeoutMs: properties.revokeDrainTimeoutMs,
      }),
      revokeDrainTimeoutMs: properties.revokeDrainTimeoutMs,
      endsToldWith: (at) => (this.#sought.has(topicPartitionKey(at)) ? undefined : maps?.read(at)),
      isOver: () => this.#phase === 'closed',
      onAssigned: () => this.#assigned(),
    });
  }

  /** @param startAt where to begin with partitions that are read without group membership */
  open(startAt: readonly AssignedPartition[]): void {
    this.#open(startAt).catch((error: unknown) => {
      if (this.#phase === 'open') this.#init.onFatal(error); // else it is the close that ended it
    });
  }

  /** Takes everything down. Each step is done even if one before failed. Never rejects. */
  async close(how: SessionClose): Promise<SessionEnd> {
    this.#phase = 'closing';
    this.#init.parking?.interrupt();
    const { grace, reason } = how;
    this.#closeBy = grace;
    const { consumer, owned, counters, dispatcher } = this.#init;
    const abandonedBefore = counters.abandoned;
    const ownerships = [...owned];
    let drained = false as boolean;
    const closesGaps = how.closesGaps && dispatcher.canStart;
    this.#handover.stopStarting(ownerships, closesGaps);
    const failures = await allOf([
      () => this.loop.stop(),
      async () => {
        dispatcher.startReady(); // no lane waits for more records any more
        drained = await this.#handover.giveUp(ownerships, { grace, reason, closesGaps, farewellMs: LAST_WORDS_MS });
      },
      async () => {
        await grace.covers(this.#revokeGiven(), FAREWELL_MS);
      },
      () => consumer.close({ timeoutMs: grace.remainingMs(FAREWELL_MS) }),
      () => this.committer.close(),
      () => {
        this.#phase = 'closed';
        return this.#init.parking?.end();
      },
    ]);
    for (const late of [...owned]) owned.end(late); // assigned while it closed, and it had no time to revoke them
    const abandoned = counters.abandoned - abandonedBefore;
    const committed = ownerships.flatMap(committedOf);
    const comesTwice = !this.#init.properties.commitBefore && ownerships.some((ownership) => ownership.comesTwice);
    return { report: { drained: drained && !comesTwice, abandoned, committed }, failures };
  }

  /** Runs the action when no poll is outstanding. */
  betweenPolls(action: () => void): Promise<void> {
    if (this.#phase === 'open') return this.loop.do(action);
    return Promise.reject(new IllegalStateError('the container stops', 'CONTAINER_NOT_RUNNING'));
  }

  async #open(startAt: readonly AssignedPartition[]): Promise<void> {
    const { properties, consumer } = this.#init;
    if (properties.topicPartitions === undefined) {
      const { parking, topics = [] } = properties;
      const topicPattern =
        parking && properties.topicPattern
          ? withoutParked(properties.topicPattern, parking.suffix)
          : properties.topicPattern;
      if (properties.missingTopicsFatal) await requireTopics(consumer, topics);
      await consumer.subscribe(topicPattern ?? topics, this.#listener());
    } else {
      await consumer.assign(startAt.map(({ topic, partition }) => ({ topic, partition })));
      for (const at of await startOffsets(consumer, startAt)) {
        consumer.seek(at, at.offset);
        this.#sought.add(topicPartitionKey(at));
      }
      await this.#listener().onPartitionsAssigned(consumer.assignment());
    }
    this.loop.run().catch((error: unknown) => this.#failed(error));
  }

  /**
   * A consumer whose close took too long may still tell of partitions when they are its successor's: the line knows them by
   * name, and would begin or end the wrong ownership.
   */
  #listener(): ConsumerRebalanceListener {
    const unlessClosed =
      (tell: (partitions: readonly TopicPartition[]) => Promise<void>) =>
      async (partitions: readonly TopicPartition[]): Promise<void> => {
        if (this.#phase !== 'closed') await tell(partitions);
      };
    return {
      onPartitionsAssigned: unlessClosed((partitions) => this.#rebalance.onPartitionsAssigned(partitions)),
      onPartitionsRevoked: unlessClosed((partitions) => this.#revoked(partitions)),
      onPartitionsLost: unlessClosed((partitions) => this.#rebalance.onPartitionsLost(partitions)),
    };
  }

  /**
   * Neither a rebalance listener that hangs nor a commit may keep a consumer that closes from leaving its group. What was not
   * given up by then is ended: a commit that is still to come must not name what the consumer no longer has.
   */
  async #revoked(partitions: readonly TopicPartition[]): Promise<void> {
    const { owned } = this.#init;
    const ownerships = partitions.map((at) => owned.get(at));
    const told = this.#rebalance.onPartitionsRevoked(partitions);
    if (this.#closeBy === undefined) await told;
    else if (!(await this.#closeBy.covers(told, LAST_WORDS_MS))) for (const left of ownerships) owned.end(left);
  }

  /** What no group assigned, none revokes. */
  async #revokeGiven(): Promise<void> {
    if (this.#init.properties.topicPartitions === undefined || !this.#wasAssigned) return;
    await this.#rebalance.onPartitionsRevoked(this.consumer.assignment());
  }

  #assigned(): void {
    if (this.#wasAssigned) return;
    this.#wasAssigned = true;
    if (this.#phase === 'open') this.#init.onAssigned();
  }

  #failed(error: unknown): void {
    if (this.#phase === 'open') this.#init.onFatal(error);
    else this.#init.logger.error({ error }, 'a consumer failed while it was closed');
  }
}

const committedOf = ({ topic, partition, committed }: Ownership): TopicPartitionOffset[] =>
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

/** Costs nothing where nobody wants to know. */
const withPolledTold = ({ dispatcher, onPolled }: ConsumerSessionInit): Pick<Dispatcher, 'dispatch'> =>
  onPolled === undefined
    ? dispatcher
    : {
        dispatch(records, at) {
          onPolled(records);
          dispatcher.dispatch(records, at);
        },
      };
