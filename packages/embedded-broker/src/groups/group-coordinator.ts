import type { Clock } from '@hearken/core';
import {
  errorCodes,
  type ErrorName,
  type HeartbeatRequest,
  type JoinGroupRequest,
  type JoinGroupResponse,
  type LeaveGroupRequest,
  type LeaveGroupResponse,
  type OffsetCommitRequest,
  type OffsetCommitResponse,
  type OffsetDeleteRequest,
  type OffsetDeleteResponse,
  type OffsetFetchRequest,
  type OffsetFetchResponse,
  type SyncGroupRequest,
  type SyncGroupResponse,
  type TxnOffsetCommitRequest,
  type TxnOffsetCommitResponse,
} from '@hearken/protocol';
import { BrokerError } from '../broker-error.js';
import type { RequestContext } from '../handlers/handler.js';
import { errorCodeOf } from './error-code-of.js';
import type { CommittedOffset } from './committed-offsets.js';
import type { GroupConfig } from './group-config.js';
import type { GroupDescription } from './group-description.js';
import { Group, type Claim } from './group.js';
import { readOffsets, setOffsets } from './offset-requests.js';

export interface GroupCoordinatorOptions {
  readonly clock: Clock;
  /** Read anew for each request. */
  readonly config: () => GroupConfig;
  readonly partitionExists: (topic: string, partition: number) => boolean;
}

/**
 * The groups of all brokers: which of them coordinates a group is the cluster's to know, and for handlers to ask. Requests
 * and answers are the protocol's; what concerns a whole request is thrown as `BrokerError`.
 */
export class GroupCoordinator {
  readonly #options: GroupCoordinatorOptions;
  readonly #groups = new Map<string, Group>();

  constructor(options: GroupCoordinatorOptions) {
    this.#options = options;
  }

  /**
   * Resolves when the generation is made. An unknown group comes to be with its first member, unless that member says
   * that it has an id.
   */
  async join(request: JoinGroupRequest, context: RequestContext): Promise<JoinGroupResponse> {
    requireGroupId(request.groupId);
    const { minSessionTimeoutMs, maxSessionTimeoutMs } = this.#options.config();
    if (request.sessionTimeoutMs < minSessionTimeoutMs || request.sessionTimeoutMs > maxSessionTimeoutMs) {
      throw new BrokerError('INVALID_SESSION_TIMEOUT');
    }
    const isNew = request.memberId === '';
    const group = isNew ? this.#getOrCreate(request.groupId) : this.#require(request.groupId);
    return group.join(request, context);
  }

  /** Resolves when the leader has assigned. */
  async sync(request: SyncGroupRequest): Promise<SyncGroupResponse> {
    requireGroupId(request.groupId);
    return this.#require(request.groupId).sync(request);
  }

  heartbeat(request: HeartbeatRequest): void {
    requireGroupId(request.groupId);
    this.#require(request.groupId).heartbeat(request);
  }

  /** Up to version 2 one member leaves, and the answer as a whole is about it; since version 3 many may. */
  leave(request: LeaveGroupRequest, { version }: { readonly version: number }): LeaveGroupResponse {
    requireGroupId(request.groupId);
    const leaving = version < 3 ? [{ memberId: request.memberId, groupInstanceId: null }] : request.members;
    const members = leaving.map(({ memberId, groupInstanceId }) => ({
      memberId,
      groupInstanceId,
      errorCode: errorCodeOf(() => this.#require(request.groupId).leave(memberId, groupInstanceId)),
    }));
    if (members.some(({ errorCode }) => errorCode === 0)) this.#require(request.groupId).settleLeaves();
    return { throttleTimeMs: 0, errorCode: version < 3 ? (members[0]?.errorCode ?? 0) : 0, members };
  }

  commit(request: OffsetCommitRequest, { version }: { readonly version: number }): OffsetCommitResponse {
    const claim = { ...request, generationId: request.generationIdOrMemberEpoch };
    const admit = (): Group => {
      const group = this.#committersGroup(claim, version >= 9 ? 'GROUP_ID_NOT_FOUND' : 'ILLEGAL_GENERATION');
      group.requireCommitter(claim, { isTransactional: false });
      return group;
    };
    const topics = this.#setOffsets(request.topics, admit, (group, committed) => group.offsets.commit(committed));
    return { throttleTimeMs: 0, topics };
  }

  /**
   * Sets offsets that count, and are seen, once {@link completeTransaction} says so.
   * @param verify throws what the transaction has against it; asked before the group, and only if a partition is known
   */
  commitTransactional(request: TxnOffsetCommitRequest, verify: () => void): TxnOffsetCommitResponse {
    requireGroupId(request.groupId);
    const admit = (): Group => {
      verify();
      const group = this.#committersGroup(request, 'ILLEGAL_GENERATION');
      group.requireCommitter(request, { isTransactional: true });
      return group;
    };
    const topics = this.#setOffsets(request.topics, admit, (group, committed) =>
      group.offsets.stage(request.producerId, committed),
    );
    return { throttleTimeMs: 0, topics };
  }

  /** The end of a producer's transaction, for the groups that were added to it. */
  completeTransaction(producerId: number, groupIds: Iterable<string>, isCommitted: boolean): void {
    for (const groupId of groupIds) this.#groups.get(groupId)?.offsets.completeTransaction(producerId, isCommitted);
  }

  fetchOffsets(request: OffsetFetchRequest): OffsetFetchResponse {
    return readOffsets(this.#groups.get(request.groupId)?.offsets, request);
  }

  get groupIds(): Iterable<string> {
    return this.#groups.keys();
  }

  list(): readonly GroupDescription[] {
    return Array.from(this.#groups.values(), (group) => group.describe());
  }

  describe(groupId: string): GroupDescription | undefined {
    return this.#groups.get(groupId)?.describe();
  }

  /** @throws BrokerError `GROUP_ID_NOT_FOUND`, `NON_EMPTY_GROUP` */
  delete(groupId: string): void {
    const group = this.#groups.get(groupId);
    if (group === undefined) throw new BrokerError('GROUP_ID_NOT_FOUND');
    group.requireEmpty();
    this.#groups.delete(groupId);
    group.end({ errorName: 'UNKNOWN_MEMBER_ID' });
  }

  /** @throws BrokerError `GROUP_ID_NOT_FOUND`; `NON_EMPTY_GROUP` for a group with members that are no consumers */
  deleteOffsets(request: OffsetDeleteRequest): OffsetDeleteResponse {
    const group = this.#groups.get(request.groupId);
    if (group === undefined) throw new BrokerError('GROUP_ID_NOT_FOUND');
    if (!group.isOfConsumers) group.requireEmpty();
    const remove = (topic: string, partition: number): number => {
      if (!this.#options.partitionExists(topic, partition)) return errorCodes.UNKNOWN_TOPIC_OR_PARTITION;
      if (group.subscribesTo(topic)) return errorCodes.GROUP_SUBSCRIBED_TO_TOPIC;
      group.offsets.delete(topic, partition);
      return 0;
    };
    const topics = request.topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode: remove(name, partitionIndex) })),
    }));
    return { errorCode: 0, throttleTimeMs: 0, topics };
  }

  /** What groups committed for a topic goes with it. */
  topicDeleted(topic: string): void {
    for (const group of this.#groups.values()) group.offsets.deleteTopic(topic);
  }

  /** As if the member's session had ended. False if there is no such member. */
  evict(groupId: string, memberOrInstanceId: string): boolean {
    return this.#groups.get(groupId)?.evict(memberOrInstanceId) ?? false;
  }

  /** Has the members join again. False if there is no such group. */
  forceRebalance(groupId: string): boolean {
    this.#groups.get(groupId)?.forceRebalance();
    return this.#groups.has(groupId);
  }

  /**
   * Another broker coordinates the group from now on. It knows what was written down: offsets, and the group as it last
   * was stable or empty. Members that joined since then have to join again, and what waits is told to find it.
   */
  coordinatorMoved(groupId: string): void {
    const group = this.#groups.get(groupId);
    if (group === undefined) return;
    group.end({ errorName: 'NOT_COORDINATOR' });
    this.#groups.set(groupId, new Group(groupId, this.#options, group));
  }

  /** Forgets all groups: no timer stays, and what waits is answered with NOT_COORDINATOR. */
  close(): void {
    const groups = [...this.#groups.values()];
    this.#groups.clear();
    for (const group of groups) group.end({ errorName: 'NOT_COORDINATOR' });
  }

  #setOffsets(
    topics: OffsetCommitRequest['topics'],
    admit: () => Group,
    set: (group: Group, committed: CommittedOffset) => void,
  ): OffsetCommitResponse['topics'] {
    const { config, partitionExists } = this.#options;
    const { offsetMetadataMaxBytes: maxMetadataLength } = config();
    return setOffsets(topics, { admit, set, partitionExists, maxMetadataLength });
  }

  #require(groupId: string): Group {
    const group = this.#groups.get(groupId);
    if (group === undefined) throw new BrokerError('UNKNOWN_MEMBER_ID');
    return group;
  }

  #getOrCreate(groupId: string): Group {
    const group = this.#groups.get(groupId) ?? new Group(groupId, this.#options);
    this.#groups.set(groupId, group);
    return group;
  }

  /** A commit from outside a group may be the first that is heard of it. */
  #committersGroup({ groupId, generationId }: Claim & { readonly groupId: string }, unknown: ErrorName): Group {
    const group = this.#groups.get(groupId);
    if (group === undefined && generationId >= 0) throw new BrokerError(unknown);
    return group ?? this.#getOrCreate(groupId);
  }
}

function requireGroupId(groupId: string): void {
  if (groupId === '') throw new BrokerError('INVALID_GROUP_ID');
}
