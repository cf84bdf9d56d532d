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
import { BrokerConfig } from '../../dist/config/broker-config.js';
import type { GroupConfig } from '../../dist/groups/group-config.js';
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

export const SYNC: SyncGroupRequest = {
  groupId: GROUP,
  generationId: -1,
  memberId: '',
  groupInstanceId: null,
  protocolType: null,
  protocolName: null,
  assignments: [],
};

/** Offset 7 of `orders-0`, from outside the group. */
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

/** Everything that can happen now has happened. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** An answer that may not have come yet. */
export class Awaited<T> {
  readonly promise: Promise<T>;
  #hasCome = false;

  constructor(promise: Promise<T>) {
    this.promise = promise;
    const come = (): void => {
      this.#hasCome = true;
    };
    void promise.then(come, come);
  }

  async hasCome(): Promise<boolean> {
    await settled();
    return this.#hasCome;
  }
}

export const codeName = ({ errorCode }: { readonly errorCode: number }): string => errorName(errorCode);

interface OfGeneration {
  readonly memberId: string;
  readonly generationId: number;
}

interface BenchOptions {
  readonly config?: Partial<GroupConfig>;
  /** Partitions by topic. */
  readonly topics?: Readonly<Record<string, number>>;
}

/** A coordinator with a clock that stands still, asked as connections ask it: through its handlers. */
export class Bench {
  readonly clock = new ManualClock();
  readonly coordinator: GroupCoordinator;
  /** Node 1, which is asked, coordinates all groups; tests may think otherwise. */
  coordinatorId = 1;

  constructor({ config = {}, topics = { orders: 4, refunds: 1 } }: BenchOptions) {
    this.coordinator = new GroupCoordinator({
      clock: this.clock,
      config: () => ({ ...new BrokerConfig().groups, ...config }),
      partitionExists: (topic, partition) => partition < (topics[topic] ?? 0),
    });
  }

  readonly ask = async <Request, Response>(
    handlerOf: (cluster: GroupCluster) => Handler<Request, Response>,
    request: Request,
    version?: number,
    context: Partial<RequestContext> = {},
  ): Promise<Response> => {
    const handler = handlerOf({ groups: this.coordinator, coordinatorOf: () => this.coordinatorId });
    const response = await handler.handle(request, {
      version: version ?? handler.api.maxVersion,
      clientId: 'app',
      clientHost: '/127.0.0.1',
      nodeId: 1,
      signal: new AbortController().signal,
      ...context,
    });
    assert(response !== undefined);
    return response;
  };

  /** In version 3 unless told: new members need no id. */
  readonly join = (request: Partial<JoinGroupRequest> = {}, version = 3): Promise<JoinGroupResponse> =>
    this.ask(joinGroupHandler, { ...JOIN, ...request }, version);

  readonly sync = (
    { memberId, generationId }: OfGeneration,
    assignments: Readonly<Record<string, string>> = {},
    request: Partial<SyncGroupRequest> = {},
  ): Promise<SyncGroupResponse> => {
    const encoded = Object.entries(assignments).map(([id, text]) => ({ memberId: id, assignment: Buffer.from(text) }));
    return this.ask(syncGroupHandler, { ...SYNC, generationId, memberId, assignments: encoded, ...request }, 3);
  };

  readonly heartbeat = async (
    { memberId, generationId }: OfGeneration,
    request: Partial<HeartbeatRequest> = {},
  ): Promise<string> => {
    const asked = { groupId: GROUP, generationId, memberId, groupInstanceId: null, ...request };
    return codeName(await this.ask(heartbeatHandler, asked));
  };

  readonly leave = (...members: { memberId: string; groupInstanceId?: string }[]): Promise<LeaveGroupResponse> =>
    this.ask(leaveGroupHandler, {
      groupId: GROUP,
      memberId: '',
      members: members.map((member) => ({ groupInstanceId: null, reason: null, ...member })),
    });

  /** The error names of all partitions, in order. */
  readonly commit = async (request: Partial<OffsetCommitRequest> = {}, version = 8): Promise<string> => {
    const { topics } = await this.ask(offsetCommitHandler, { ...COMMIT, ...request }, version);
    return topics.flatMap(({ partitions }) => partitions.map(codeName)).join(' ');
  };

  readonly fetchOffsets = (
    topics: Readonly<Record<string, number[]>> | null,
    { requireStable = false } = {},
  ): Promise<OffsetFetchResponse> => {
    const asked =
      topics === null ? null : Object.entries(topics).map(([name, partitionIndexes]) => ({ name, partitionIndexes }));
    return this.ask(offsetFetchHandler, { groupId: GROUP, topics: asked, requireStable });
  };

  /** Members of one generation, the leader first; nobody has synced yet. */
  readonly joinedTogether = async (...requests: Partial<JoinGroupRequest>[]): Promise<JoinGroupResponse[]> => {
    const first = await this.join(requests[0]);
    if (requests.length === 1) return [first];
    const others = requests.slice(1).map((request) => this.join(request));
    return Promise.all([this.join({ ...requests[0], memberId: first.memberId }), ...others]);
  };

  /** Members of one stable generation, the leader first; each is assigned its own member id. */
  readonly stableGroup = async (...requests: Partial<JoinGroupRequest>[]): Promise<JoinGroupResponse[]> => {
    const members = await this.joinedTogether(...requests);
    const assignments = Object.fromEntries(members.map(({ memberId }) => [memberId, memberId]));
    await Promise.all(members.map((member, i) => this.sync(member, i === 0 ? assignments : {})));
    return members;
  };

  readonly state = (): string | undefined => this.coordinator.describe(GROUP)?.state;
}

export const setup = (options: BenchOptions = {}): Bench => new Bench(options);
