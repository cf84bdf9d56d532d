import { KafkaError } from '@hearken/core';
import { decodeSubscription, type JoinGroupResponse } from '@hearken/protocol';
import type { Claim, GroupMember, PartitionAssignor } from './assignors/assignor.js';

const NOTHING: Claim = { owned: [], generationId: -1 };

/** The members as the coordinator told the leader, with what they subscribed to and hold. */
export const membersOf = (joined: JoinGroupResponse, assignor: PartitionAssignor): readonly GroupMember[] =>
  joined.members.map(({ memberId, groupInstanceId, metadata }) => {
    const subscription = decodeSubscription(metadata);
    const claim = assignor.claimOf?.(subscription) ?? NOTHING;
    return { memberId, groupInstanceId, topics: subscription.topics, ...claim };
  });

/** Every topic that somebody in the group wants; the leader assigns these, whether it wants them or not. */
export const topicsOf = (members: readonly GroupMember[]): readonly string[] => [
  ...new Set(members.flatMap(({ topics }) => topics)),
];

/** The assignor that the coordinator found all members to name. */
export function chosenOf(protocolName: string | null, assignors: readonly PartitionAssignor[]): PartitionAssignor {
  const assignor = assignors.find((candidate) => candidate.protocolName === protocolName);
  if (assignor !== undefined) return assignor;
  throw new KafkaError(`the coordinator chose the assignor ${protocolName ?? 'null'}, which this member did not name`, {
    code: 'INCONSISTENT_GROUP_PROTOCOL',
  });
}
