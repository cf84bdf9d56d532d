import type { Clock, Timer } from '@hearken/core';
import type { StateMachine } from '@hearken/core/internal';
import type { JoinGroupRequest, JoinGroupResponse, SyncGroupRequest, SyncGroupResponse } from '@hearken/protocol';
import { EMPTY_GROUP, nextGeneration, type Generation, type StoredGroup } from './generation.js';
import { joined, NO_BYTES, synced, syncRefusal, type Refusal } from './group-answers.js';
import type { GroupConfig } from './group-config.js';
import { groupState, type GroupState } from './group-state.js';
import type { Member } from './member.js';
import { Roster } from './roster.js';

export interface RebalanceOptions {
  readonly clock: Clock;
  /** Read anew for each rebalance. */
  readonly config: () => GroupConfig;
}

/** How long a new member's first join may wait, whatever its session: Kafka's constant. */
const NEW_MEMBER_JOIN_TIMEOUT_MS = 5 * 60_000;

/**
 * The two barriers that make a generation of a group, and the sessions of its members: what Kafka's `ClassicGroup` is, and
 * what `GroupMetadataManager` does when time passes. Which request may do what is the `Group`'s to say.
 * A few lines over the usual length: both barriers and the sessions end each other.
 */
export class Rebalance {
  readonly roster: Roster;
  readonly #clock: Clock;
  readonly #config: () => GroupConfig;
  readonly #state: StateMachine<GroupState>;
  #generation: Generation;
  #stored: StoredGroup;
  /** While an empty group waits for its first members; `extended` by each that comes. */
  #initialWait: { extended: boolean } | undefined;
  /** Ends the join barrier or, after it, the wait for SyncGroup. */
  #barrier: Timer | undefined;

  /** @param stored where another coordinator left off */
  constructor(groupId: string, options: RebalanceOptions, stored: StoredGroup = EMPTY_GROUP) {
    this.#clock = options.clock;
    this.#config = options.config;
    this.#stored = stored;
    this.#generation = stored.generation;
    this.roster = new Roster(stored);
    this.#state = groupState(groupId, this.roster.size === 0 ? 'Empty' : 'Stable');
    for (const member of this.roster.members) this.restartSession(member);
  }

  get state(): GroupState {
    return this.#state.state;
  }

  /** The current one, or the last. */
  get generation(): Generation {
    return this.#generation;
  }

  /** As it was when it last was stable or empty. */
  get stored(): StoredGroup {
    return this.#stored;
  }

  /** Hands out an id, and forgets it if nobody joins with it in time. */
  expect(memberId: string, withinMs: number): void {
    const timer = this.#after(withinMs, () => {
      this.roster.removePending(memberId);
      this.#completeJoinIfAllJoined();
    });
    this.roster.addPending(memberId, timer);
  }

  add(member: Member, request: JoinGroupRequest): Promise<JoinGroupResponse> {
    if (this.roster.size === 0) this.#generation = { ...this.#generation, protocolType: request.protocolType };
    if (this.#initialWait !== undefined) this.#initialWait.extended = true;
    this.roster.add(member);
    this.restartSession(member, NEW_MEMBER_JOIN_TIMEOUT_MS);
    return this.rejoin(member, request);
  }

  rejoin(member: Member, request: JoinGroupRequest): Promise<JoinGroupResponse> {
    const answer = member.join(request);
    this.start();
    return answer;
  }

  /** A static member came back under a new id. While nobody assigns, and nothing would change, nobody else notices. */
  replace(old: Member, member: Member, request: JoinGroupRequest): Promise<JoinGroupResponse> | undefined {
    this.roster.replace(old, member);
    old.dismiss({ errorName: 'FENCED_INSTANCE_ID', memberId: old.memberId });
    member.update(request);
    this.restartSession(member);
    if (!this.#state.is('Stable') || this.roster.electProtocol() !== this.#generation.protocolName) {
      return this.rejoin(member, request);
    }
    this.#store();
    return undefined;
  }

  /** Begins a rebalance, or goes on with the one that there is. */
  start(): void {
    if (this.#state.is('PreparingRebalance')) this.#completeJoinIfAllJoined();
    else this.#prepare();
  }

  /** What the others see of it is up to {@link membersLeft}: several may leave at once. */
  remove(member: Member, refusal: Refusal = { errorName: 'UNKNOWN_MEMBER_ID' }): void {
    this.roster.remove(member);
    member.dismiss(refusal);
  }

  membersLeft(): void {
    if (!this.#state.is('Empty', 'Dead')) this.start();
  }

  restartSession(member: Member, timeoutMs: number = member.sessionTimeoutMs): void {
    member.restartSession(this.#after(timeoutMs, () => this.#expireSession(member)));
  }

  sync(member: Member, assignments: SyncGroupRequest['assignments']): Promise<SyncGroupResponse> {
    member.syncDue = false;
    if (this.roster.allSynced) this.#barrier?.clear();
    if (this.#state.is('Stable')) return Promise.resolve(synced(this.#generation, member));
    const answer = member.sync();
    if (member.memberId === this.roster.leaderId) this.#assign(assignments);
    return answer;
  }

  /** Ends everything: timers, sessions, and what waits. */
  end(refusal: Refusal): void {
    this.#barrier?.clear();
    for (const member of this.roster.members) member.dismiss({ memberId: member.memberId, ...refusal });
    this.roster.clear();
    this.#state.moveTo('Dead');
  }

  #prepare(): void {
    const isInitial = this.#state.is('Empty');
    if (this.#state.is('CompletingRebalance')) this.#abandonSync();
    this.#barrier?.clear();
    this.#state.moveTo('PreparingRebalance');
    if (isInitial) this.#awaitFirstMembers();
    else if (this.roster.allJoined) this.#completeJoin();
    else this.#awaitJoins();
  }

  #abandonSync(): void {
    for (const member of this.roster.members) {
      member.assignment = NO_BYTES;
      this.#answerSync(member, syncRefusal({ errorName: 'REBALANCE_IN_PROGRESS' }));
    }
  }

  /**
   * `group.initial.rebalance.delay.ms` (KIP-134): members that start together share the first generation. Each new one
   * prolongs the wait, up to the rebalance time-out.
   */
  #awaitFirstMembers(): void {
    const { initialRebalanceDelayMs: delayMs } = this.#config();
    this.#initialWait = { extended: false };
    if (delayMs === 0) this.#completeJoin();
    else this.#awaitMoreMembers(delayMs, Math.max(delayMs, this.roster.rebalanceTimeoutMs));
  }

  #awaitMoreMembers(delayMs: number, leftMs: number): void {
    const waitMs = Math.min(delayMs, leftMs);
    this.#setBarrier(waitMs, () => {
      if (this.#initialWait?.extended !== true) this.#completeJoin();
      else {
        this.#initialWait.extended = false;
        this.#awaitMoreMembers(delayMs, leftMs - waitMs);
      }
    });
  }

  #awaitJoins(): void {
    this.#setBarrier(this.roster.rebalanceTimeoutMs, () => this.#completeJoin());
  }

  #completeJoinIfAllJoined(): void {
    if (!this.#state.is('PreparingRebalance') || this.#initialWait !== undefined) return;
    if (this.roster.allJoined) this.#completeJoin();
  }

  /** Static members that missed it stay: they have until their session ends, or until SyncGroup is due. */
  #completeJoin(): void {
    this.#barrier?.clear();
    for (const member of this.roster.members) {
      if (!member.isJoining && member.groupInstanceId === null) this.remove(member);
    }
    if (this.roster.size > 0 && !this.roster.electLeader()) this.#awaitJoins();
    else this.#beginGeneration();
  }

  #beginGeneration(): void {
    this.#initialWait = undefined;
    this.#generation = nextGeneration(this.#generation, this.roster);
    if (this.roster.size > 0) this.#awaitSyncs();
    else {
      this.#state.moveTo('Empty');
      this.#store();
    }
  }

  #awaitSyncs(): void {
    this.#state.moveTo('CompletingRebalance');
    for (const member of this.roster.members) {
      member.answerJoin(joined(this.#generation, this.roster, member));
      member.isNew = false;
      member.syncDue = true;
      this.restartSession(member);
    }
    this.#setBarrier(this.roster.rebalanceTimeoutMs, () => this.#expireSyncs());
  }

  /** Members that joined and never synced hold what nobody reads: once more, without them. */
  #expireSyncs(): void {
    for (const member of this.roster.members) if (member.syncDue) this.remove(member);
    this.#prepare();
  }

  #assign(assignments: SyncGroupRequest['assignments']): void {
    const byMember = new Map(assignments.map(({ memberId, assignment }) => [memberId, assignment]));
    this.#state.moveTo('Stable');
    for (const member of this.roster.members) {
      member.assignment = byMember.get(member.memberId) ?? NO_BYTES;
      this.#answerSync(member, synced(this.#generation, member));
    }
    this.#store();
  }

  #store(): void {
    const { leaderId, members } = this.roster;
    this.#stored = { generation: this.#generation, leaderId, members: members.map((member) => member.copy()) };
  }

  /** Its session may have ended while it waited, which nobody held against it: it begins anew. */
  #answerSync(member: Member, response: SyncGroupResponse): void {
    if (!member.isSyncing) return;
    member.answerSync(response);
    this.restartSession(member);
  }

  /** To wait in a barrier is as good as a heartbeat, but for new members: theirs may be a client long gone. */
  #expireSession(member: Member): void {
    if (!member.isNew && (member.isJoining || member.isSyncing)) return;
    this.remove(member);
    this.membersLeft();
  }

  #setBarrier(delayMs: number, callback: () => void): void {
    this.#barrier = this.#after(delayMs, callback);
  }

  #after(delayMs: number, callback: () => void): Timer {
    return this.#clock.setTimer(callback, delayMs, { keepAlive: false });
  }
}
