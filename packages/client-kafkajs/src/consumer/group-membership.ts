import { codeOf, isKafkaError, type KafkaError, type TopicPartition } from '@hearken/core';
import { deferred, StateMachine, type Deferred } from '@hearken/core/internal';
import type { JoinGroupResponse } from '@hearken/protocol';
import { backOffMs } from '../cluster/back-off.js';
import type { Assignments } from './assignors/assignor.js';
import { assignorsOf } from './assignors/assignors.js';
import type { ConsumerContext } from './consumer-context.js';
import { assignAll, membersOf, topicsOf } from './group-leader.js';
import type { Generation, GroupProtocol } from './group-protocol.js';
import { RepeatingTimer } from './repeating-timer.js';
import { aborted, pause } from './retrying.js';
import type { TopicWatch } from './topic-watch.js';

/** What a membership does with what it learns. Calls of the asynchronous ones never overlap. */
export interface MembershipListener {
  /** The group gave these. Must settle soon after `signal` aborts: then they have to be given up again. */
  onAssigned(partitions: readonly TopicPartition[], signal: AbortSignal): Promise<void>;
  /** Awaited before they are given up. Commits still work. */
  onRevoked(): Promise<void>;
  /** They are gone. */
  onLost(): Promise<void>;
  /** At once, when they are found to be gone: nothing of them may be handed out any more. */
  onEvicted(): void;
  /** The membership ended with this error, for ever. */
  onFatal(error: unknown): void;
  /** Whether the application still polls. */
  isPolling(): boolean;
}

/**
 * joining    asks for a member id, joins, syncs; commits are refused, no heartbeat is sent
 * owning     has a generation: assigns, or works with what was assigned, or gives it up; heartbeats go out
 * resting    left because nobody polled; the next poll joins again
 * ended      closed or failed
 */
type State = 'joining' | 'owning' | 'resting' | 'ended';

const MOVES: Readonly<Record<State, readonly State[]>> = {
  joining: ['owning', 'ended'],
  owning: ['joining', 'resting', 'ended'],
  resting: ['joining', 'ended'],
  ended: [],
};

const LEAVE_TIMEOUT_MS = 5_000;

/**
 * Membership of a group by the classic protocol, as a loop: join, take what is assigned, keep it until something calls for
 * another round, give it up, join again. It turns whether or not anybody polls. One file, though long: every part of it reads
 * or ends the same term, and the races between them are easiest to see side by side.
 */
export class GroupMembership {
  readonly #context: ConsumerContext;
  readonly #protocol: GroupProtocol;
  readonly #topics: TopicWatch;
  readonly #listener: MembershipListener;
  readonly #state = new StateMachine<State>('group membership', { initial: 'joining', moves: MOVES });
  readonly #heartbeat: RepeatingTimer;
  readonly #watch: RepeatingTimer;
  /** Kept over rebalances; cleared when the coordinator no longer knows it. */
  #memberId = '';
  #generationId = -1;
  /** Ends when what this generation assigned has to be given up, for whatever reason. */
  #term = new AbortController();
  /** The coordinator holds our JoinGroup back until the others have come. */
  #joinIsHeld = false;
  #failure: KafkaError | undefined;
  readonly #closing = new AbortController();
  #polled: Deferred<void> | undefined;
  #ended: Promise<void> = Promise.resolve();

  constructor(context: ConsumerContext, protocol: GroupProtocol, topics: TopicWatch, listener: MembershipListener) {
    this.#context = context;
    this.#protocol = protocol;
    this.#topics = topics;
    this.#listener = listener;
    const { clock, options } = context;
    this.#heartbeat = new RepeatingTimer(clock, options.heartbeatIntervalMs, () => this.#beat());
    this.#watch = new RepeatingTimer(clock, options.metadataMaxAgeMs, () => this.#lookForChanges());
  }

  /** Begins to join. Never rejects or throws: what goes wrong for good is told to `onFatal`. */
  start(): void {
    this.#heartbeat.start();
    this.#watch.start();
    this.#ended = this.#run().catch((error: unknown) => {
      if (!this.#isClosing()) this.#listener.onFatal(error);
    });
  }

  /** Undefined outside a generation. */
  get generation(): Generation | undefined {
    return this.#generationId === -1 ? undefined : { generationId: this.#generationId, memberId: this.#memberId };
  }

  /** Between our JoinGroup and the answer to SyncGroup: the old generation is over, the new one has not begun. */
  get isRebalancing(): boolean {
    return this.#state.is('joining');
  }

  /** The application is alive. */
  polled(): void {
    this.#polled?.resolve();
  }

  /** Gives everything up and joins again. */
  rejoin(reason: string): void {
    if (this.#term.signal.aborted) return;
    this.#context.logger.info({ reason, groupId: this.#context.options.groupId }, 'consumer: joins the group again');
    this.#term.abort();
  }

  #isClosing(): boolean {
    return this.#closing.signal.aborted;
  }

  /** What a heartbeat or a commit of `generation` was refused with. */
  refused(error: unknown, generation: Generation): void {
    if (generation.generationId !== this.#generationId) return; // about a time that is over
    const code = codeOf(error);
    if (code === 'REBALANCE_IN_PROGRESS') this.rejoin('the group rebalances');
    else if (code === 'ILLEGAL_GENERATION' || code === 'UNKNOWN_MEMBER_ID') this.#evicted(code);
    else if (isKafkaError(error) && !error.retriable && this.#state.is('owning')) this.#fail(error);
  }

  /** Lets the rebalance listener give everything up, leaves the group, ends. The connections have to be closed after it. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#heartbeat.stop();
    this.#watch.stop();
    this.#term.abort();
    this.#polled?.resolve();
    // The coordinator would keep a place for whoever just goes away while it holds a JoinGroup. It answers that JoinGroup
    // when the member leaves.
    if (this.#joinIsHeld) await this.#leave('spare', 'closed');
    await this.#ended;
  }

  async #run(): Promise<void> {
    try {
      while (!this.#isClosing()) {
        const partitions = await this.#join();
        if (this.#isClosing()) break;
        this.#state.moveTo('owning');
        await this.#listener.onAssigned(partitions, this.#term.signal);
        await aborted(this.#term.signal);
        await this.#giveUp();
        if (this.#isClosing()) break;
        if (!this.#listener.isPolling()) await this.#rest();
        this.#state.moveTo('joining');
      }
    } finally {
      this.#heartbeat.stop();
      this.#watch.stop();
      await this.#leave('group', 'closed');
      this.#state.moveTo('ended');
    }
  }

  /** Heartbeats go on meanwhile: they keep the session, though they are answered REBALANCE_IN_PROGRESS. */
  async #giveUp(): Promise<void> {
    if (this.#generationId === -1) await this.#listener.onLost();
    else await this.#listener.onRevoked();
    if (this.#failure !== undefined) throw this.#failure;
  }

  async #join(): Promise<readonly TopicPartition[]> {
    for (let failures = 1; !this.#isClosing(); failures++) {
      try {
        return await this.#joinOnce();
      } catch (error) {
        if (!this.#isClosing()) await this.#recover(error, failures);
      }
    }
    return [];
  }

  async #joinOnce(): Promise<readonly TopicPartition[]> {
    this.#generationId = -1;
    if (!this.#isClosing()) this.#term = new AbortController();
    const topics = await this.#topics.topics();
    if (this.#memberId === '') this.#memberId = await this.#protocol.askForMemberId(topics);
    if (this.#isClosing()) return [];
    const joined = await this.#holdJoin(topics);
    this.#memberId = joined.memberId;
    const isLeader = joined.leader === joined.memberId && !joined.skipAssignment;
    const partitions = await this.#protocol.sync(joined, isLeader ? await this.#assign(joined) : new Map());
    this.#generationId = joined.generationId;
    return partitions;
  }

  async #holdJoin(topics: readonly string[]): Promise<JoinGroupResponse> {
    this.#joinIsHeld = true;
    try {
      return await this.#protocol.join(this.#memberId, topics);
    } finally {
      this.#joinIsHeld = false;
    }
  }

  async #assign(joined: JoinGroupResponse): Promise<Assignments> {
    const members = membersOf(joined);
    const counts = await this.#topics.partitionCounts(topicsOf(members));
    const assignors = assignorsOf(this.#context.options.partitionAssignors);
    return assignAll(joined.protocolName, assignors, members, counts);
  }

  /** Waits before the next attempt to join. @throws the error if no attempt would mend it */
  async #recover(error: unknown, failures: number): Promise<void> {
    const code = codeOf(error);
    if (code === 'REBALANCE_IN_PROGRESS') return; // someone came or left between our JoinGroup and SyncGroup
    if (code === 'UNKNOWN_MEMBER_ID') this.#memberId = '';
    const mayWork = code === 'UNKNOWN_MEMBER_ID' || code === 'ILLEGAL_GENERATION';
    if (!mayWork && !(isKafkaError(error) && error.retriable)) throw error;
    const { clock, logger } = this.#context;
    logger.debug({ error, failures }, 'consumer: could not join the group, tries again');
    await pause(clock, backOffMs(failures, Math.random()), this.#closing.signal);
  }

  async #beat(): Promise<void> {
    if (!this.#state.is('owning')) return;
    const { generation } = this;
    if (generation === undefined) return;
    if (!this.#listener.isPolling()) return this.#stepBack();
    try {
      await this.#protocol.heartbeat(generation);
    } catch (error) {
      this.#context.logger.debug({ error }, 'consumer: heartbeat not accepted');
      this.refused(error, generation);
    }
  }

  /** The application hangs: others get its partitions rather than wait for it. */
  async #stepBack(): Promise<void> {
    const { logger, options } = this.#context;
    const { maxPollIntervalMs, groupId } = options;
    logger.warn(
      { maxPollIntervalMs, groupId },
      'consumer: leaves the group, poll was not called for maxPollIntervalMs',
    );
    this.#evicted('poll was not called');
    await this.#leave('group', 'poll was not called for max.poll.interval.ms');
  }

  async #rest(): Promise<void> {
    this.#state.moveTo('resting');
    this.#polled = deferred();
    await this.#polled.promise;
    this.#polled = undefined;
  }

  #evicted(reason: string): void {
    if (reason === 'UNKNOWN_MEMBER_ID') this.#memberId = '';
    this.#generationId = -1;
    this.#listener.onEvicted();
    this.rejoin(reason);
  }

  #fail(error: KafkaError): void {
    this.#failure = error;
    this.#evicted(error.code);
  }

  async #lookForChanges(): Promise<void> {
    if (!this.#state.is('owning')) return;
    try {
      if (await this.#topics.hasChanged()) this.rejoin('topics or partitions changed');
    } catch (error) {
      this.#context.logger.debug({ error }, 'consumer: could not look for new topics and partitions');
    }
  }

  /** Never rejects: a member that cannot say goodbye is missed after its session time-out. */
  async #leave(role: 'group' | 'spare', reason: string): Promise<void> {
    const memberId = this.#memberId;
    if (memberId === '') return;
    this.#memberId = '';
    const { clock, logger, closed } = this.#context;
    const leaving = this.#protocol.leave(memberId, role, reason).catch((error: unknown) => {
      logger.debug({ error }, 'consumer: could not leave the group');
    });
    await Promise.race([leaving, pause(clock, LEAVE_TIMEOUT_MS, closed)]);
  }
}
