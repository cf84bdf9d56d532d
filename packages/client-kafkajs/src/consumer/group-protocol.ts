import type { TopicPartition } from '@hearken/core';
import {
  decodeAssignment,
  describeGroupsApi,
  encodeAssignment,
  encodeSubscription,
  errorCodes,
  errorName,
  heartbeatApi,
  joinGroupApi,
  leaveGroupApi,
  syncGroupApi,
  type JoinGroupResponse,
  type TopicPartitions,
} from '@hearken/protocol';
import type { Assignments, Claim } from './assignors/assignor.js';
import { assignorHint, type GroupInUse } from './assignor-hint.js';
import { assignorsOf } from './assignors/assignors.js';
import { byTopic } from './by-topic.js';
import type { ResolvedConsumerOptions } from './consumer-options.js';
import type { GroupCoordinator } from './group-coordinator.js';

/** A member's place in one generation of its group. */
export interface Generation {
  readonly generationId: number;
  readonly memberId: string;
}

/** What a member tells the group when it joins. */
export interface OwnSubscription extends Claim {
  readonly topics: readonly string[];
}

const PROTOCOL_TYPE = 'consumer';

/** The coordinator holds a JoinGroup until everyone came or the rebalance time-out passed; then its answer has to travel. */
const JOIN_MARGIN_MS = 5_000;

/**
 * No coordinator holds a heartbeat back, so one that is not answered within a third of the session was lost with its
 * connection: at least one more is sent over another before the group takes this member for dead.
 */
const HEARTBEATS_A_SESSION = 3;

/** What to do about the errors that no retry mends. */
const HINTS: Readonly<Record<string, string>> = {
  INVALID_GROUP_ID: 'the broker does not accept this groupId',
  INVALID_SESSION_TIMEOUT:
    'the broker accepts only sessionTimeoutMs from group.min.session.timeout.ms to group.max.session.timeout.ms',
  TOPIC_AUTHORIZATION_FAILED: 'grant READ on the topics',
  GROUP_AUTHORIZATION_FAILED: 'grant READ on the group',
  GROUP_MAX_SIZE_REACHED: 'the group has group.max.size members already',
  FENCED_INSTANCE_ID: 'another consumer joined with the same groupInstanceId; give every member one of its own',
};

/** From this version on JoinGroup knows static members; an older broker would take one for a dynamic member. */
const STATIC_SINCE = 5;

/** The four requests of the classic group protocol, with every error code turned into a rejection. */
export class GroupProtocol {
  readonly #coordinator: GroupCoordinator;
  readonly #options: ResolvedConsumerOptions;

  constructor(coordinator: GroupCoordinator, options: ResolvedConsumerOptions) {
    this.#coordinator = coordinator;
    this.#options = options;
  }

  /** Asks for a member id. The coordinator answers at once and waits for the member to come back with it (KIP-394). */
  async askForMemberId(subscription: OwnSubscription): Promise<string> {
    const response = await this.#join('', subscription);
    if (response.memberId === '') await this.#checkJoined(response.errorCode);
    return response.memberId;
  }

  /**
   * Waits for the whole group: for as long as the slowest member takes, at most the rebalance time-out.
   * @param memberId empty only for a static member that does not know it: the instance id says who it is
   */
  async join(memberId: string, subscription: OwnSubscription): Promise<JoinGroupResponse> {
    const response = await this.#join(memberId, subscription);
    await this.#checkJoined(response.errorCode);
    return response;
  }

  /** @param assignments of all members from the leader, of none from the others */
  async sync(joined: JoinGroupResponse, assignments: Assignments): Promise<readonly TopicPartition[]> {
    const { maxPollIntervalMs } = this.#options;
    const { generationId, memberId, protocolName } = joined;
    const response = await this.#coordinator.send(
      'group',
      syncGroupApi,
      {
        groupId: this.#coordinator.groupId,
        generationId,
        memberId,
        groupInstanceId: this.#instanceId,
        protocolType: PROTOCOL_TYPE,
        protocolName,
        assignments: [...assignments].map(([member, partitions]) => ({
          memberId: member,
          assignment: assignmentOf(partitions),
        })),
      },
      { timeoutMs: maxPollIntervalMs + JOIN_MARGIN_MS },
    );
    this.#check(response.errorCode);
    return decodeAssignment(response.assignment).partitions.flatMap(({ topic, partitions }) =>
      partitions.map((partition) => ({ topic, partition })),
    );
  }

  async heartbeat({ generationId, memberId }: Generation): Promise<void> {
    const { sessionTimeoutMs, requestTimeoutMs } = this.#options;
    const response = await this.#coordinator.send(
      'group',
      heartbeatApi,
      { groupId: this.#coordinator.groupId, generationId, memberId, groupInstanceId: this.#instanceId },
      { timeoutMs: Math.min(Math.floor(sessionTimeoutMs / HEARTBEATS_A_SESSION), requestTimeoutMs) },
    );
    this.#check(response.errorCode);
  }

  /** Whether there is a coordinator that may know us, without looking for it. */
  get isReachable(): boolean {
    return this.#coordinator.isKnown;
  }

  /**
   * Only for who knows the coordinator: a member that goes must not begin to look for it.
   * @param role another connection than the JoinGroup's while one is held by the coordinator: it would wait behind it
   */
  async leave(memberId: string, role: 'group' | 'spare', reason: string): Promise<void> {
    const response = await this.#coordinator.send(
      role,
      leaveGroupApi,
      {
        groupId: this.#coordinator.groupId,
        memberId,
        members: [{ memberId, groupInstanceId: null, reason }], // a static member never leaves
      },
      { timeoutMs: this.#options.requestTimeoutMs },
    );
    this.#check(response.errorCode);
    for (const { errorCode } of response.members) this.#check(errorCode);
  }

  #join(memberId: string, subscription: OwnSubscription): Promise<JoinGroupResponse> {
    const { sessionTimeoutMs, maxPollIntervalMs } = this.#options;
    return this.#coordinator.send(
      'group',
      joinGroupApi,
      {
        groupId: this.#coordinator.groupId,
        sessionTimeoutMs,
        rebalanceTimeoutMs: maxPollIntervalMs,
        memberId,
        groupInstanceId: this.#instanceId,
        protocolType: PROTOCOL_TYPE,
        protocols: this.#protocolsOf(subscription),
        reason: null,
      },
      {
        timeoutMs: maxPollIntervalMs + JOIN_MARGIN_MS,
        ...(this.#instanceId !== null && { minVersion: STATIC_SINCE }),
      },
    );
  }

  #protocolsOf({ topics, owned, generationId }: OwnSubscription): { name: string; metadata: Buffer }[] {
    const ownedPartitions = topicPartitions(owned);
    return assignorsOf(this.#options).map((assignor) => ({
      name: assignor.protocolName,
      metadata: encodeSubscription({
        topics,
        userData: assignor.userData?.(generationId) ?? null,
        ownedPartitions,
        generationId,
      }),
    }));
  }

  get #instanceId(): string | null {
    return this.#options.groupInstanceId ?? null;
  }

  async #checkJoined(errorCode: number): Promise<void> {
    if (errorCode !== errorCodes.INCONSISTENT_GROUP_PROTOCOL) this.#check(errorCode);
    else this.#coordinator.check(errorCode, assignorHint(this.#options, await this.#inUse()));
  }

  /** Undefined where that cannot be asked: then the error says less, and is the same. */
  async #inUse(): Promise<GroupInUse | undefined> {
    const { groupId } = this.#coordinator;
    const request = { groups: [groupId], includeAuthorizedOperations: false };
    const { requestTimeoutMs: timeoutMs } = this.#options;
    return this.#coordinator.send('control', describeGroupsApi, request, { timeoutMs }).then(
      ({ groups }) => groups.find((group) => group.errorCode === 0),
      () => undefined,
    );
  }

  #check(errorCode: number): void {
    this.#coordinator.check(errorCode, HINTS[errorName(errorCode)]);
  }
}

const assignmentOf = (partitions: readonly TopicPartition[]): Buffer =>
  encodeAssignment({ partitions: topicPartitions(partitions), userData: null });

const topicPartitions = (partitions: readonly TopicPartition[]): readonly TopicPartitions[] =>
  byTopic(partitions).map(([topic, items]) => ({ topic, partitions: items.map(({ partition }) => partition) }));
