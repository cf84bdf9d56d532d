import type { GroupState } from './group-state.js';
import type { Rebalance } from './rebalance.js';

/** A group, as an administrator sees it. */
export interface GroupDescription {
  readonly groupId: string;
  readonly state: GroupState;
  /** 0 before the first. */
  readonly generationId: number;
  /** `'consumer'`; empty where no member ever joined. */
  readonly protocolType: string;
  /** The assignor chosen; empty unless the group is stable. */
  readonly protocolName: string;
  readonly leaderId: string | null;
  readonly members: readonly MemberDescription[];
}

export interface MemberDescription {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly clientId: string;
  /** `'/127.0.0.1'` */
  readonly clientHost: string;
  /** The encoded subscription; empty unless the group is stable. */
  readonly metadata: Buffer;
  /** What the leader assigned, encoded; empty until then. */
  readonly assignment: Buffer;
}

export function describeGroup(groupId: string, { state, generation, roster }: Rebalance): GroupDescription {
  const protocolName = state === 'Stable' ? generation.protocolName : null;
  return {
    groupId,
    state,
    generationId: generation.id,
    protocolType: generation.protocolType ?? '',
    protocolName: protocolName ?? '',
    leaderId: roster.leaderId ?? null,
    members: roster.members.map((member) => member.describe(protocolName)),
  };
}
