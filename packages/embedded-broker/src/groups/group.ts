import { randomUUID } from 'node:crypto';
import {
  errorCodes,
  type HeartbeatRequest,
  type JoinGroupRequest,
  type JoinGroupResponse,
  type SyncGroupRequest,
  type SyncGroupResponse,
} from '@hearken/protocol';
import { BrokerError } from '../broker-error.js';
import type { RequestContext } from '../handlers/handler.js';
import { CommittedOffsets } from './committed-offsets.js';
import type { StoredGroup } from './generation.js';
import { joined, refusedJoin, type Refusal } from './group-answers.js';
import type { GroupConfig } from './group-config.js';
import { describeGroup, type GroupDescription } from './group-description.js';
import { Member } from './member.js';
import type { GroupState } from './group-state.js';
import { Rebalance, type RebalanceOptions } from './rebalance.js';

/** Who asks: a member of a generation, or -1, empty and null for someone outside the group. */
export interface Claim {
  readonly generationId: number;
  readonly memberId: string;
  readonly groupInstanceId: string | null;
}

/** One group of the classic protocol: which request may do what in which state. Refusals are thrown as `BrokerError`. */
export class Group {
  readonly groupId: string;
  readonly offsets: CommittedOffsets;
  readonly #config: () => GroupConfig;
  readonly #rebalance: Rebalance;

  /** @param predecessor the group as another coordinator had it */
  constructor(groupId: string, options: RebalanceOptions, predecessor?: Pick<Group, 'offsets' | 'stored'>) {
    this.groupId = groupId;
    this.offsets = predecessor?.offsets ?? new CommittedOffsets();
    this.#config = options.config;
    this.#rebalance = new Rebalance(groupId, options, predecessor?.stored);
  }

  /** As it was when it last was stable or empty. */
  get stored(): StoredGroup {
    return this.#rebalance.stored;
  }

  get state(): GroupState {
    return this.#rebalance.state;
  }

  /** @throws BrokerError `GROUP_MAX_SIZE_REACHED`, `INCONSISTENT_GROUP_PROTOCOL`, `UNKNOWN_MEMBER_ID`, `FENCED_INSTANCE_ID` */
  join(request: JoinGroupRequest, context: RequestContext): Promise<JoinGroupResponse> {
    if (!this.#hasRoomFor(request.memberId)) {
      this.#expel(request.memberId);
      throw new BrokerError('GROUP_MAX_SIZE_REACHED');
    }
    if (!this.#supports(request)) throw new BrokerError('INCONSISTENT_GROUP_PROTOCOL');
    if (request.memberId !== '') return this.#joinKnown(request, context);
    if (request.groupInstanceId !== null) return this.#joinStatic(request, request.groupInstanceId, context);
    return this.#joinNew(request, context);
  }

  /**
   * @throws BrokerError `UNKNOWN_MEMBER_ID`, `FENCED_INSTANCE_ID`, `ILLEGAL_GENERATION`, `INCONSISTENT_GROUP_PROTOCOL`,
   * `REBALANCE_IN_PROGRESS`
   */
  sync(request: SyncGroupRequest): Promise<SyncGroupResponse> {
    const member = this.#requireOfGeneration(request);
    const { state, generation } = this.#rebalance;
    const { protocolType, protocolName } = generation;
    if (differs(request.protocolType, protocolType) || differs(request.protocolName, protocolName)) {
      throw new BrokerError('INCONSISTENT_GROUP_PROTOCOL');
    }
    if (state === 'PreparingRebalance') throw new BrokerError('REBALANCE_IN_PROGRESS');
    return this.#rebalance.sync(member, request.assignments);
  }

  /**
   * A heartbeat counts even where its answer is REBALANCE_IN_PROGRESS, which asks the member to join.
   * @throws BrokerError `UNKNOWN_MEMBER_ID`, `FENCED_INSTANCE_ID`, `ILLEGAL_GENERATION`, `REBALANCE_IN_PROGRESS`
   */
  heartbeat(request: HeartbeatRequest): void {
    this.#rebalance.restartSession(this.#requireOfGeneration(request));
    if (this.state === 'PreparingRebalance') throw new BrokerError('REBALANCE_IN_PROGRESS');
  }

  /**
   * Takes one member out; {@link settleLeaves} is due after the last one. An administrator names a static member by its
   * instance id alone.
   * @throws BrokerError `UNKNOWN_MEMBER_ID`, `FENCED_INSTANCE_ID`
   */
  leave(memberId: string, groupInstanceId: string | null): void {
    const { roster } = this.#rebalance;
    if (roster.removePending(memberId)) return;
    const member =
      memberId === '' && groupInstanceId !== null
        ? roster.withInstanceId(groupInstanceId)
        : roster.require(memberId, groupInstanceId);
    if (member === undefined) throw new BrokerError('UNKNOWN_MEMBER_ID');
    this.#rebalance.remove(member);
  }

  settleLeaves(): void {
    this.#rebalance.membersLeft();
  }

  /**
   * Whether offsets may be set by who asks, which is a sign of life of a member too.
   * @throws BrokerError `UNKNOWN_MEMBER_ID`, `FENCED_INSTANCE_ID`, `ILLEGAL_GENERATION`, `REBALANCE_IN_PROGRESS`
   */
  requireCommitter(claim: Claim, { isTransactional }: { readonly isTransactional: boolean }): void {
    if (claim.generationId < 0 && this.state === 'Empty') return;
    if (claim.generationId < 0 && claim.memberId === '' && claim.groupInstanceId === null) {
      if (isTransactional) return; // clients before KIP-447 do not tell who they are
      throw new BrokerError('UNKNOWN_MEMBER_ID');
    }
    const member = this.#requireOfGeneration(claim);
    if (isTransactional) return;
    if (this.state === 'CompletingRebalance') throw new BrokerError('REBALANCE_IN_PROGRESS');
    this.#rebalance.restartSession(member);
  }

  /** @throws BrokerError `NON_EMPTY_GROUP` */
  requireEmpty(): void {
    if (this.state !== 'Empty') throw new BrokerError('NON_EMPTY_GROUP');
  }

  /** Whether members may read the topic: where it cannot be told, consumers may. */
  subscribesTo(topic: string): boolean {
    return this.#rebalance.generation.subscribedTopics?.has(topic) ?? this.isOfConsumers;
  }

  get isOfConsumers(): boolean {
    return this.#rebalance.generation.protocolType === 'consumer';
  }

  describe(): GroupDescription {
    return describeGroup(this.groupId, this.#rebalance);
  }

  /** As if the member's session had ended, even if it waits for an answer. False if there is no such member. */
  evict(memberOrInstanceId: string): boolean {
    const { roster } = this.#rebalance;
    const member = roster.get(memberOrInstanceId) ?? roster.withInstanceId(memberOrInstanceId);
    if (member === undefined) return false;
    this.#rebalance.remove(member);
    this.#rebalance.membersLeft();
    return true;
  }

  /** Members learn of it by their next heartbeat, and join again. Nothing happens in a group without members. */
  forceRebalance(): void {
    this.#rebalance.membersLeft();
  }

  /** Deleted, or the broker ends: what waits is answered, and no timer stays. */
  end(refusal: Refusal): void {
    this.#rebalance.end(refusal);
  }

  /** While members join it is those that did who count: the others may yet be dropped, and the last one misses out. */
  #hasRoomFor(memberId: string): boolean {
    const { state, roster } = this.#rebalance;
    const { maxGroupSize } = this.#config();
    const member = roster.get(memberId);
    if (state === 'PreparingRebalance') return member?.isJoining === true || roster.joining.length < maxGroupSize;
    return member !== undefined || roster.size < maxGroupSize;
  }

  #expel(memberId: string): void {
    const { roster } = this.#rebalance;
    roster.removePending(memberId);
    const member = roster.get(memberId);
    if (member !== undefined) this.#rebalance.remove(member, { errorName: 'GROUP_MAX_SIZE_REACHED' });
  }

  #supports({ protocolType, protocols }: JoinGroupRequest): boolean {
    const { state, generation, roster } = this.#rebalance;
    const isTypeRight = state === 'Empty' ? protocolType !== '' : protocolType === generation.protocolType;
    return isTypeRight && roster.supports(protocols.map(({ name }) => name));
  }

  /** Since version 4 (KIP-394) a new member first gets an id, so that a lost answer leaves no member nobody knows of. */
  #joinNew(request: JoinGroupRequest, context: RequestContext): Promise<JoinGroupResponse> {
    const memberId = `${context.clientId ?? ''}-${randomUUID()}`;
    if (context.version < 4) return this.#add(memberId, request, context);
    this.#rebalance.expect(memberId, request.sessionTimeoutMs);
    return Promise.resolve(refusedJoin(memberId, errorCodes.MEMBER_ID_REQUIRED));
  }

  /**
   * A static member that comes back has lost its id: it gets a new one, with the old one's place and assignment, and
   * whoever still uses the old id is fenced (KIP-345).
   */
  #joinStatic(request: JoinGroupRequest, instanceId: string, context: RequestContext): Promise<JoinGroupResponse> {
    const memberId = `${instanceId}-${randomUUID()}`;
    const old = this.#rebalance.roster.withInstanceId(instanceId);
    if (old === undefined) return this.#add(memberId, request, context);
    const oldLeader = this.#rebalance.roster.leaderId ?? '';
    const member = old.copy(memberId);
    const answer = this.#rebalance.replace(old, member, request);
    if (answer !== undefined) return answer;
    // Before version 9 nothing tells a leader not to assign: it hears the old id, and takes itself for a follower.
    const current = this.#joined(member);
    return Promise.resolve(
      context.version >= 9
        ? { ...current, skipAssignment: current.leader === memberId }
        : { ...current, leader: oldLeader, members: [] },
    );
  }

  #joinKnown(request: JoinGroupRequest, context: RequestContext): Promise<JoinGroupResponse> {
    const { roster } = this.#rebalance;
    if (roster.isPending(request.memberId)) return this.#add(request.memberId, request, context);
    const member = roster.require(request.memberId, request.groupInstanceId);
    if (this.#rejoinRebalances(member, request)) return this.#rebalance.rejoin(member, request);
    return Promise.resolve(this.#joined(member));
  }

  /** A leader that joins again wants to assign anew: it saw other partitions. A follower has to offer something else. */
  #rejoinRebalances(member: Member, request: JoinGroupRequest): boolean {
    const { state, roster } = this.#rebalance;
    if (state === 'PreparingRebalance') return true;
    return (state === 'Stable' && member.memberId === roster.leaderId) || !member.matches(request);
  }

  #add(memberId: string, request: JoinGroupRequest, context: RequestContext): Promise<JoinGroupResponse> {
    const { groupInstanceId } = request;
    const identity = { memberId, groupInstanceId, clientId: context.clientId ?? '', clientHost: context.clientHost };
    return this.#rebalance.add(new Member(identity, request, { isNew: true }), request);
  }

  #joined(member: Member): JoinGroupResponse {
    return joined(this.#rebalance.generation, this.#rebalance.roster, member);
  }

  #requireOfGeneration({ memberId, groupInstanceId, generationId }: Claim): Member {
    const member = this.#rebalance.roster.require(memberId, groupInstanceId);
    if (generationId !== this.#rebalance.generation.id) throw new BrokerError('ILLEGAL_GENERATION');
    return member;
  }
}

const differs = (asked: string | null, actual: string | null): boolean => asked !== null && asked !== actual;
