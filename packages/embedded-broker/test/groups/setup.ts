import assert from 'node:assert/strict';
import { ManualClock } from '@hearken/testing';
import {
  encodeSubscription,
  errorName,
  type HeartbeatRequest,
  type JoinGroupRequest,
  type JoinGroupResponse,
  type LeaveGroupResponse,
  type OffsetCommitRequest,
  type OffsetFetchResponse,
  type SyncGroupRequest,
  type SyncGroupResponse,
} from '@hearken/protocol';
import { GROUP_CONFIG_DEFAULTS, type GroupConfig } from '../../dist/groups/group-config.js';
import { GroupCoordinator } from '../../dist/groups/group-coordinator.js';
import type { GroupCluster } from '../../dist/handlers/group-handler.js';
import type { Handler, RequestContext } from '../../dist/handlers/handler.js';
import { heartbeatHandler } from '../../dist/handlers/heartbeat.js';
import { joinGroupHandler } from '../../dist/handlers/join-group.js';
import { leaveGroupHandler } from '../../dist/handlers/leave-group.js';
import { offsetCommitHandler } from '../../dist/handlers/offset-commit.js';
import { offsetFetchHandler } from '../../dist/handlers/offset-fetch.js';
import { syncGroupHandler } from '../../dist/handlers/sync-group.js';

export const GROUP = 'billing';
export const SESSION_MS = 10_000;
export const REBALANCE_MS = 30_000;

export const subscriptionTo = (...topics: string[]): Buffer =>
  encodeSubscription({ topics, userData: null, ownedPartitions: [], generationId: -1 });

export const protocol = (name: string, metadata = subscriptionTo('orders')): JoinGroupRequest['protocols'][number] => ({
  name,
  metadata,
});

/** An answer that may not have come yet. */
export class Awaited<T> {
  value: T | undefined;
  readonly promise: Promise<T>;

  constructor(promise: Promise<T>) {
    this.promise = promise;
    void promise.then((value) => (this.value = value));
  }
}

/** All promises that can settle have settled. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export const codeName = ({ errorCode }: { readonly errorCode: number }): string => errorName(errorCode);

/** A coordinator with a clock that stands still, asked as connections ask it: through its handlers. */
export function setup(options: { config?: Partial<GroupConfig>; topics?: Record<string, number> } = {}) {
  const { config = {}, topics = { orders: 4, refunds: 1 } } = options;
  const clock = new ManualClock();
  const coordinator = new GroupCoordinator({
    clock,
    config: () => ({ ...GROUP_CONFIG_DEFAULTS, ...config }),
    partitionExists: (topic, partition) => partition < (topics[topic] ?? 0),
  });
  const cluster: GroupCluster = { groups: coordinator, coordinatorOf: () => 1 };
  const contextOf = (version: number, context: Partial<RequestContext> = {}): RequestContext => ({
    version,
    clientId: 'app',
    clientHost: '/127.0.0.1',
    nodeId: 1,
    signal: new AbortController().signal,
    ...context,
  });

  async function ask<Request, Response>(
    handlerOf: (cluster: GroupCluster) => Handler<Request, Response>,
    request: Request,
    version = handlerOf(cluster).api.maxVersion,
    context?: Partial<RequestContext>,
  ): Promise<Response> {
    const response = await handlerOf(cluster).handle(request, contextOf(version, context));
    assert(response !== undefined);
    return response;
  }

  const join = (request: Partial<JoinGroupRequest> = {}, version = 3): Promise<JoinGroupResponse> =>
    ask(joinGroupHandler, { ...JOIN, ...request }, version);

  const sync = (
    { memberId, generationId }: { memberId: string; generationId: number },
    assignments: Record<string, string> = {},
    request: Partial<SyncGroupRequest> = {},
  ): Promise<SyncGroupResponse> =>
    ask(
      syncGroupHandler,
      {
        groupId: GROUP,
        generationId,
        memberId,
        groupInstanceId: null,
        protocolType: null,
        protocolName: null,
        assignments: Object.entries(assignments).map(([id, text]) => ({ memberId: id, assignment: Buffer.from(text) })),
        ...request,
      },
      3,
    );

  const heartbeat = async (
    { memberId, generationId }: { memberId: string; generationId: number },
    request: Partial<HeartbeatRequest> = {},
  ): Promise<string> =>
    codeName(
      await ask(heartbeatHandler, { groupId: GROUP, generationId, memberId, groupInstanceId: null, ...request }),
    );

  const leave = (...members: { memberId: string; groupInstanceId?: string }[]): Promise<LeaveGroupResponse> =>
    ask(leaveGroupHandler, {
      groupId: GROUP,
      memberId: '',
      members: members.map((member) => ({ groupInstanceId: null, reason: null, ...member })),
    });

  const commit = async (request: Partial<OffsetCommitRequest> = {}, version = 8): Promise<string> => {
    const { topics } = await ask(offsetCommitHandler, { ...COMMIT, ...request }, version);
    return topics.flatMap(({ partitions }) => partitions.map(codeName)).join(' ');
  };

  const fetchOffsets = (
    topics: Record<string, number[]> | null,
    { requireStable = false } = {},
  ): Promise<OffsetFetchResponse> =>
    ask(offsetFetchHandler, {
      groupId: GROUP,
      topics: topics && Object.entries(topics).map(([name, partitionIndexes]) => ({ name, partitionIndexes })),
      requireStable,
    });

  /** Members of one generation, the leader first; nobody has synced yet. */
  async function joinedTogether(...requests: Partial<JoinGroupRequest>[]): Promise<JoinGroupResponse[]> {
    const first = await join(requests[0], 3);
    const others = requests.slice(1).map((request) => join(request, request.groupInstanceId == null ? 3 : 5));
    const again = join({ ...requests[0], memberId: first.memberId }, 5);
    return requests.length === 1 ? [first] : Promise.all([again, ...others]);
  }

  /** Members of one stable generation, the leader first; each is assigned its own member id. */
  async function stableGroup(...requests: Partial<JoinGroupRequest>[]): Promise<JoinGroupResponse[]> {
    const members = await joinedTogether(...requests);
    const assignments = Object.fromEntries(members.map(({ memberId }) => [memberId, memberId]));
    await Promise.all(members.map((member, i) => sync(member, i === 0 ? assignments : {})));
    return members;
  }

  const state = (): string | undefined => coordinator.describe(GROUP)?.state;

  return {
    clock,
    coordinator,
    cluster,
    contextOf,
    ask,
    join,
    sync,
    heartbeat,
    leave,
    commit,
    fetchOffsets,
    joinedTogether,
    stableGroup,
    state,
  };
}

export type Setup = ReturnType<typeof setup>;

export const JOIN: JoinGroupRequest = {
  groupId: GROUP,
  sessionTimeoutMs: SESSION_MS,
  rebalanceTimeoutMs: REBALANCE_MS,
  memberId: '',
  groupInstanceId: null,
  protocolType: 'consumer',
  protocols: [protocol('range')],
  reason: null,
};

export const COMMIT: OffsetCommitRequest = {
  groupId: GROUP,
  generationIdOrMemberEpoch: -1,
  memberId: '',
  groupInstanceId: null,
  retentionTimeMs: -1,
  topics: [
    {
      name: 'orders',
      partitions: [{ partitionIndex: 0, committedOffset: 7, committedLeaderEpoch: 3, committedMetadata: 'note' }],
    },
  ],
};
