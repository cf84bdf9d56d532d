import { KafkaError } from '@hearken/core';
import { decodeSubscription, type JoinGroupResponse } from '@hearken/protocol';
import type { Assignments, GroupMember, PartitionAssignor } from './assignors/assignor.js';

/** The members as the coordinator told the leader, with what they subscribed to. */
export const membersOf = (joined: JoinGroupResponse): readonly GroupMember[] =>
  joined.members.map(({ memberId, groupInstanceId, metadata }) => ({
    memberId,
    groupInstanceId,
    topics: decodeSubscription(metadata).topics,
  }));

/** Every topic that somebody in the group wants; the leader assigns these, whether it wants them or not. */
export const topicsOf = (members: readonly GroupMember[]): readonly string[] => [
  ...new Set(members.flatMap(({ topics }) => topics)),
];

/** Shares the partitions out with the assignor that the coordinator found all members to name. */
export function assignAll(
  protocolName: string | null,
  assignors: readonly PartitionAssignor[],
  members: readonly GroupMember[],
  partitionCounts: ReadonlyMap<string, number>,
): Assignments {
  const assignor = assignors.find((candidate) => candidate.protocolName === protocolName);
  if (assignor !== undefined) return assignor.assign(members, partitionCounts);
  throw new KafkaError(`the coordinator chose the assignor ${protocolName ?? 'null'}, which this member did not name`, {
    code: 'INCONSISTENT_GROUP_PROTOCOL',
  });
}
