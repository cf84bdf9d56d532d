import type { TopicPartition } from '@hearken/core';
import {
  decodeAssignment,
  encodeAssignment,
  encodeSubscription,
  errorName,
  heartbeatApi,
  joinGroupApi,
  leaveGroupApi,
  syncGroupApi,
  type JoinGroupResponse,
} from '@hearken/protocol';
import type { Assignments } from './assignors/assignor.js';
import { assignorsOf } from './assignors/assignors.js';
import { byTopic } from './by-topic.js';
import type { ResolvedConsumerOptions } from './consumer-options.js';
import type { GroupCoordinator } from './group-coordinator.js';

/** A member's place in one generation of its group. */
export interface Generation {
  readonly generationId: number;
  readonly memberId: string;
}

const PROTOCOL_TYPE = 'consumer';

/** The coordinator holds a JoinGroup until everyone came or the rebalance time-out passed; then its answer has to travel. */
const JOIN_MARGIN_MS = 5_000;

/** What to do about the errors that no retry mends. */
const HINTS: Readonly<Record<string, string>> = {
  INCONSISTENT_GROUP_PROTOCOL:
    'the other members of the group use no assignor that this one names; set the same partitionAssignors everywhere',
  INVALID_GROUP_ID: 'the broker does not accept this groupId',
  INVALID_SESSION_TIMEOUT:
    'the broker accepts only sessionTimeoutMs from group.min.session.timeout.ms to group.max.session.timeout.ms',
  TOPIC_AUTHORIZATION_FAILED: 'grant READ on the topics',
  GROUP_AUTHORIZATION_FAILED: 'grant READ on the group',
  GROUP_MAX_SIZE_REACHED: 'the group has group.max.size members already',
};

/** The four requests of the classic group protocol, with every error code turned into a rejection. */
export class GroupProtocol {
  readonly #coordinator: GroupCoordinator;
  readonly #options: ResolvedConsumerOptions;

  constructor(coordinator: GroupCoordinator, options: ResolvedConsumerOptions) {
    this.#coordinator = coordinator;
    this.#options = options;
  }

  /** Asks for a member id. The coordinator answers at once and waits for the member to come back with it (KIP-394). */
  async askForMemberId(topics: readonly string[]): Promise<string> {
    const response = await this.#join('', topics);
    if (response.memberId === '') this.#check(response.errorCode);
    return response.memberId;
  }

  /** Waits for the whole group: for as long as the slowest member takes, at most the rebalance time-out. */
  async join(memberId: string, topics: readonly string[]): Promise<JoinGroupResponse> {
    const response = await this.#join(memberId, topics);
    this.#check(response.errorCode);
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
        groupInstanceId: null,
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
      { groupId: this.#coordinator.groupId, generationId, memberId, groupInstanceId: null },
      { timeoutMs: Math.min(sessionTimeoutMs, requestTimeoutMs) },
    );
    this.#check(response.errorCode);
  }

  /** @param role another connection than the JoinGroup's while one is held by the coordinator: it would wait behind it */
  async leave(memberId: string, role: 'group' | 'spare', reason: string): Promise<void> {
    const response = await this.#coordinator.send(
      role,
      leaveGroupApi,
      {
        groupId: this.#coordinator.groupId,
        memberId,
        members: [{ memberId, groupInstanceId: null, reason }],
      },
      { timeoutMs: this.#options.requestTimeoutMs },
    );
    this.#check(response.errorCode);
    for (const { errorCode } of response.members) this.#check(errorCode);
  }

  #join(memberId: string, topics: readonly string[]): Promise<JoinGroupResponse> {
    const { sessionTimeoutMs, maxPollIntervalMs, partitionAssignors } = this.#options;
    const metadata = encodeSubscription({ topics: [...topics], userData: null, ownedPartitions: [], generationId: -1 });
    return this.#coordinator.send(
      'group',
      joinGroupApi,
      {
        groupId: this.#coordinator.groupId,
        sessionTimeoutMs,
        rebalanceTimeoutMs: maxPollIntervalMs,
        memberId,
        groupInstanceId: null,
        protocolType: PROTOCOL_TYPE,
        protocols: assignorsOf(partitionAssignors).map(({ protocolName }) => ({ name: protocolName, metadata })),
        reason: null,
      },
      { timeoutMs: maxPollIntervalMs + JOIN_MARGIN_MS },
    );
  }

  #check(errorCode: number): void {
    this.#coordinator.check(errorCode, HINTS[errorName(errorCode)]);
  }
}

const assignmentOf = (partitions: readonly TopicPartition[]): Buffer =>
  encodeAssignment({
    partitions: byTopic(partitions).map(([topic, items]) => ({
      topic,
      partitions: items.map(({ partition }) => partition),
    })),
    userData: null,
  });
