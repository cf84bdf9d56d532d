import { codeOf, isKafkaError, type KafkaError, type TopicPartition } from '@hearken/core';
import { deferred, StateMachine, type Deferred } from '@hearken/core/internal';
import type { Claim } from './assignors/assignor.js';
import { isCooperative } from './assignors/assignors.js';
import type { ConsumerContext } from './consumer-context.js';
import { GroupJoin, type Entry } from './group-join.js';
import type { Generation, GroupProtocol } from './group-protocol.js';
import { RepeatingTimer } from './repeating-timer.js';
import { aborted, atMost } from './retrying.js';
import type { TopicWatch } from './topic-watch.js';

/** What a membership does with what it learns. Calls of the asynchronous ones never overlap. */
export interface MembershipListener {
  /** What this member owns now: told to the application, and not given up. */
  owned(): readonly TopicPartition[];
  /**
   * The group gave these: gives up what is owned and not among them, takes what is new. Must settle soon after `signal`
   * aborts: then nothing new is taken any more. True if something was given up.
   */
  onAssigned(partitions: readonly TopicPartition[], signal: AbortSignal): Promise<boolean>;
  /** Awaited before all are given up. Commits still work. */
  onRevoked(): Promise<void>;
  /** All are gone. */
  onLost(): Promise<void>;
  /** At once, when all are found to be gone while other calls may be at work: nothing may be handed out any more. */
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
 * another round, join again. Between rounds an eager member gives everything up; a cooperative one keeps it, gives up after
 * the round what it was not given again, and calls for another round in which others get that. The loop turns whether or
 * not anybody polls. One file, though long: every part of it reads or ends the same term, and the races between them are
 * easiest to see side by side.
 */
export class GroupMembership {
  readonly #context: ConsumerContext;
  readonly #protocol: GroupProtocol;
  readonly #topics: TopicWatch;
  readonly #listener: MembershipListener;
  readonly #join: GroupJoin;
  readonly #state: StateMachine<State>;
  readonly #isCooperative: boolean;
  readonly #heartbeat: RepeatingTimer;
  readonly #watch: RepeatingTimer;
  #generation: Generation | undefined;
  /** The last generation that was entered: what is owned is from it. */
  #ownedSince = -1;
  /** The last assignment held topics that this member does not want. */
  #wasForOthers = false;
  /** Ends when this generation is over, for whatever reason. */
  #term = new AbortController();
  /** Resolves when joining is over, well or badly. */
  #settled = deferred();
  #failure: KafkaError | undefined;
  readonly #closing = new AbortController();
  #polled: Deferred<void> | undefined;
  #ended: Promise<void> = Promise.resolve();

  constructor(context: ConsumerContext, protocol: GroupProtocol, topics: TopicWatch, listener: MembershipListener) {
    this.#context = context;
    this.#protocol = protocol;
    this.#topics = topics;
    this.#listener = listener;
    this.#join = new GroupJoin({
      context,
      protocol,
      topics,
      claim: () => this.#claim(),
      onLost: () => this.#loseKept(),
      closing: this.#closing.signal,
    });
    const { clock, options } = context;
    this.#isCooperative = isCooperative(options.partitionAssignors);
    this.#heartbeat = new RepeatingTimer(clock, options.heartbeatIntervalMs, () => this.#beat());
    this.#watch = new RepeatingTimer(clock, options.metadataMaxAgeMs, () => this.#lookForChanges());
    this.#state = new StateMachine('group membership', {
      initial: 'joining',
      moves: MOVES,
      onMove: ({ next }) => {
        if (next === 'joining') this.#settled = deferred();
        else this.#settled.resolve();
      },
    });
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
    return this.#generation;
  }

  /** Between our JoinGroup and the answer to SyncGroup: the old generation is over, the new one has not begun. */
  get isRebalancing(): boolean {
    return this.#state.is('joining');
  }

  /** Resolves when this member is not rebalancing. */
  settled(): Promise<void> {
    return this.#settled.promise;
  }

  /** The application is alive. */
  polled(): void {
    this.#polled?.resolve();
  }

  /** Calls for another round. */
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
    const now = this.#generation;
    // About a time that is over. A group that emptied counts its generations anew, so the number alone does not tell.
    if (generation.generationId !== now?.generationId || generation.memberId !== now.memberId) return;
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
    await this.#ended;
  }

  #claim(): Claim {
    const owned = this.#listener.owned();
    return { owned, generationId: owned.length === 0 ? -1 : this.#ownedSince };
  }

  async #run(): Promise<void> {
    try {
      for (;;) {
        if (!this.#isClosing()) this.#term = new AbortController();
        const entry = await this.#join.enter();
        if (entry === undefined)
          await this.#loseKept(); // closed meanwhile: too late to commit
        else await this.#live(entry);
        if (this.#isClosing()) return;
        if (!this.#listener.isPolling()) await this.#rest();
        this.#state.moveTo('joining');
      }
    } finally {
      this.#heartbeat.stop();
      this.#watch.stop();
      await this.#leave('closed');
      this.#state.moveTo('ended');
    }
  }

  async #live(entry: Entry): Promise<void> {
    await this.#own(entry);
    await this.#endTerm();
  }

  /** From the answer to SyncGroup until something calls for another round. */
  async #own({ partitions, ...generation }: Entry): Promise<void> {
    this.#generation = generation;
    this.#ownedSince = generation.generationId;
    this.#state.moveTo('owning');
    const ours = this.#topics.among(partitions);
    const isForOthers = ours.length < partitions.length;
    // A static member that comes back with other topics is given the old ones until it asks again. A leader that gives
    // everyone everything, as kafkajs' does, would be asked for ever.
    if (isForOthers && !this.#wasForOthers) this.rejoin('the assignment is for other topics than are subscribed to');
    this.#wasForOthers = isForOthers;
    const gaveUp = await this.#listener.onAssigned(ours, this.#term.signal);
    if (gaveUp) this.rejoin('what was given up is free for its new owners');
    await aborted(this.#term.signal);
  }

  /** Heartbeats go on meanwhile: they keep the session, though they are answered REBALANCE_IN_PROGRESS. */
  async #endTerm(): Promise<void> {
    const keeps = this.#isCooperative && !this.#isClosing();
    if (this.#generation !== undefined && !keeps) await this.#listener.onRevoked();
    if (this.#generation === undefined) await this.#lose();
    this.#generation = undefined;
    if (this.#failure !== undefined) throw this.#failure;
  }

  async #lose(): Promise<void> {
    if (this.#listener.owned().length > 0) await this.#listener.onLost();
  }

  /** What was kept over the end of a generation, when no other will come with it. */
  async #loseKept(): Promise<void> {
    if (this.#listener.owned().length > 0) this.#listener.onEvicted();
    await this.#lose();
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
    await this.#leave('poll was not called for max.poll.interval.ms');
  }

  /** The round may have ended before a heartbeat found that nobody polls: then the group does not know yet. */
  async #rest(): Promise<void> {
    this.#state.moveTo('resting');
    const polled = (this.#polled = deferred());
    await this.#loseKept();
    await this.#leave('poll was not called for max.poll.interval.ms');
    await polled.promise;
    this.#polled = undefined;
  }

  #evicted(reason: string): void {
    if (reason === 'UNKNOWN_MEMBER_ID') this.#join.forget();
    this.#generation = undefined;
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
  async #leave(reason: string): Promise<void> {
    const leaving = this.#join.leave(reason).catch((error: unknown) => {
      this.#context.logger.debug({ error }, 'consumer: could not leave the group');
    });
    await atMost(this.#context.clock, leaving, LEAVE_TIMEOUT_MS);
  }
}
