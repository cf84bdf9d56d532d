import {
  encodeSubscription,
  heartbeatApi,
  joinGroupApi,
  leaveGroupApi,
  offsetCommitApi,
  syncGroupApi,
  type JoinGroupRequest,
  type JoinGroupResponse,
  type SyncGroupRequest,
  type SyncGroupResponse,
} from '@hearken/protocol';
import type { RawConnection } from '../support/raw-connection.js';
import { until } from '../support/until.js';
import { nameOf, type ContractBroker } from './contract-broker.js';
import { only } from './partition-requests.js';

/** What a member says when it joins. */
export interface MemberOptions extends Partial<Omit<JoinGroupRequest, 'groupId' | 'memberId'>> {
  /** Names the client, and by it a new member. @default 'member' */
  readonly clientId?: string;
  /** Of a subscription, where `protocols` are not given. @default none */
  readonly topics?: readonly string[];
}

/** What one assignor of a member says of its topics. */
export const aProtocol = (
  name: string,
  topics: readonly string[] = [],
): { readonly name: string; readonly metadata: Buffer } => ({
  name,
  metadata: encodeSubscription({ topics, userData: null, ownedPartitions: [], generationId: -1 }),
});

/** One member of a group, request by request: it does nothing by itself. Its connection is its own, as joining blocks it. */
export class GroupMember {
  readonly groupId: string;
  readonly #broker: ContractBroker;
  readonly #connection: RawConnection;
  #said: Omit<MemberOptions, 'clientId'>;
  memberId = '';
  /** As the last join that went well told. */
  generationId = -1;
  /** The assignor of that generation. */
  #protocolName: string | null = null;

  private constructor(
    broker: ContractBroker,
    connection: RawConnection,
    groupId: string,
    options: Omit<MemberOptions, 'clientId'>,
  ) {
    this.#broker = broker;
    this.#connection = connection;
    this.groupId = groupId;
    this.#said = options;
  }

  static async open(
    broker: ContractBroker,
    groupId: string,
    { clientId = 'member', ...options }: MemberOptions = {},
  ): Promise<GroupMember> {
    return new GroupMember(broker, await broker.connect(clientId), groupId, options);
  }

  get instance(): string | null {
    return this.#said.groupInstanceId ?? null;
  }

  /** What it says when it joins next. */
  say(options: Omit<MemberOptions, 'clientId'>): void {
    this.#said = { ...this.#said, ...options };
  }

  /** JoinGroup, once. What comes back is remembered where it is no error but the one that gives a member its id. */
  async ask(
    version = this.#broker.version(joinGroupApi),
    options: Partial<JoinGroupRequest> = {},
  ): Promise<JoinGroupResponse> {
    const { topics, ...said } = this.#said;
    const answer = await this.#connection.ask(joinGroupApi, version, {
      groupId: this.groupId,
      ...{ sessionTimeoutMs: 30_000, rebalanceTimeoutMs: 30_000, groupInstanceId: null, protocolType: 'consumer' },
      ...{ protocols: [aProtocol('range', topics)], reason: null, memberId: this.memberId },
      ...said,
      ...options,
    });
    if (nameOf(answer) === 'MEMBER_ID_REQUIRED') this.memberId = answer.memberId;
    if (nameOf(answer) === 'NONE') {
      ({ memberId: this.memberId, generationId: this.generationId, protocolName: this.#protocolName } = answer);
    }
    return answer;
  }

  /** JoinGroup, with the id that a new member is given first. */
  async join(version?: number): Promise<JoinGroupResponse> {
    const answer = await this.ask(version);
    return nameOf(answer) === 'MEMBER_ID_REQUIRED' ? this.ask(version) : answer;
  }

  /** SyncGroup; a leader gives each member what is named after it. */
  sync(
    assignments: Readonly<Record<string, string>> = {},
    options: Partial<SyncGroupRequest> = {},
    version = this.#broker.version(syncGroupApi),
  ): Promise<SyncGroupResponse> {
    return this.#connection.ask(syncGroupApi, version, {
      ...{ groupId: this.groupId, generationId: this.generationId, memberId: this.memberId },
      ...{ groupInstanceId: this.instance, protocolType: 'consumer', protocolName: this.#protocolName },
      assignments: Object.entries(assignments).map(([memberId, text]) => ({ memberId, assignment: Buffer.from(text) })),
      ...options,
    });
  }

  /** Heartbeat; on another connection, so that it may be asked while this member joins. */
  async heartbeat(generationId = this.generationId): Promise<string> {
    const { groupId, memberId, instance } = this;
    const request = { groupId, memberId, generationId, groupInstanceId: instance };
    return nameOf(await this.#broker.ask(heartbeatApi, request));
  }

  /** LeaveGroup, by member id. */
  async leave(): Promise<string> {
    const { groupId, memberId, instance } = this;
    const members = [{ memberId, groupInstanceId: instance, reason: null }];
    const answer = await this.#broker.ask(leaveGroupApi, { groupId, memberId: '', members });
    return answer.errorCode === 0 ? nameOf(only(answer.members)) : nameOf(answer);
  }

  /** OffsetCommit of one partition. */
  async commit(topic: string, committedOffset: number, generationId = this.generationId): Promise<string> {
    const { groupId, memberId, instance } = this;
    const partition = { partitionIndex: 0, committedOffset, committedLeaderEpoch: -1, committedMetadata: null };
    const { topics } = await this.#broker.ask(offsetCommitApi, {
      ...{ groupId, memberId, groupInstanceId: instance, generationIdOrMemberEpoch: generationId },
      ...{ retentionTimeMs: -1, topics: [{ name: topic, partitions: [partition] }] },
    });
    return nameOf(only(only(topics).partitions));
  }
}

/** So many members in one generation, the first of them its leader, who has given each the text of {@link shareOf}. */
export async function stableGroup(
  broker: ContractBroker,
  groupId: string,
  options: readonly MemberOptions[] = [{}],
): Promise<readonly GroupMember[]> {
  const members = await Promise.all(options.map((each) => GroupMember.open(broker, groupId, each)));
  await joinTogether(members.slice(0, 1));
  await syncTogether(members.slice(0, 1));
  if (members.length === 1) return members;
  await joinTogether(members);
  await syncTogether(members);
  return members;
}

/** One rebalance of a stable group, or a new one, of which these are all; the first leads it. */
export async function joinTogether(members: readonly GroupMember[]): Promise<readonly JoinGroupResponse[]> {
  for (const member of members) if (member.memberId === '') await member.ask(); // now the rebalance waits for them
  const [leader, ...followers] = members;
  const leading = leader!.ask();
  // A follower that came first would be told that nothing has changed.
  if (followers.length > 0) {
    await until('the rebalance begins', async () => (await leader!.heartbeat()) === 'REBALANCE_IN_PROGRESS');
  }
  return Promise.all([leading, ...followers.map((follower) => follower.ask())]);
}

/** The first leads. */
export async function syncTogether(members: readonly GroupMember[]): Promise<readonly SyncGroupResponse[]> {
  const shares = Object.fromEntries(members.map(({ memberId }) => [memberId, shareOf(memberId)]));
  return Promise.all(members.map((member, i) => member.sync(i === 0 ? shares : {})));
}

export const shareOf = (memberId: string): string => `share of ${memberId}`;
