import type { TopicPartition } from '@hearken/core';
import { decodeAssignment, errorCodes, leaveGroupApi, ProtocolError } from '@hearken/protocol';
import { hasCode, retrying, throwIfAny, type AdminClient } from './admin-client.js';

/** LeaveGroup takes static members from this version on. */
const STATIC_SINCE = 3;

/** A group, as it is listed. */
export interface GroupListing {
  readonly groupId: string;
  /** 'consumer' for consumer groups; '' for a group that has only committed offsets. */
  readonly protocolType: string;
}

/** A member of a group. */
export interface GroupMember {
  readonly memberId: string;
  readonly clientId: string;
  readonly clientHost: string;
  /** Empty for groups that are no consumer groups, and where it cannot be read. */
  readonly assignment: readonly TopicPartition[];
}

/** A group as its coordinator sees it. */
export interface GroupDescription extends GroupListing {
  /**
   * 'Stable', 'PreparingRebalance', 'CompletingRebalance', 'Empty' or 'Dead'. 'Dead' is said of groups that do not exist,
   * and also of groups of the KIP-848 protocol and share groups, which this request does not see.
   */
  readonly state: string;
  /** How partitions are assigned: 'range', … */
  readonly protocol: string;
  /** Node id. */
  readonly coordinator: number;
  readonly members: readonly GroupMember[];
}

interface DescribedGroup extends GroupListing {
  readonly errorCode: number;
  readonly state: string;
  readonly protocol: string;
  readonly members: readonly {
    memberId: string;
    clientId: string;
    clientHost: string;
    memberAssignment: Buffer | null;
  }[];
}

/** See `KafkaAdmin.listGroups`. Each broker knows the groups it coordinates. */
export async function listGroups(admin: AdminClient): Promise<readonly GroupListing[]> {
  return retrying(admin, async () => {
    const nodes = await admin.cluster.refreshNodes();
    const answers = await Promise.all(
      nodes.map(async ({ nodeId }) => {
        const answer = await admin.cluster.sendKafkajs(nodeId, 'ListGroups', undefined);
        const { errorCode, groups } = answer as { errorCode: number; groups: readonly GroupListing[] };
        throwIfAny([{ about: `the groups of node ${nodeId}`, errorCode }]);
        return groups;
      }),
    );
    return answers.flat().map(({ groupId, protocolType }) => ({ groupId, protocolType }));
  });
}

/** See `KafkaAdmin.describeGroups`. */
export async function describeGroups(
  admin: AdminClient,
  groupIds: readonly string[],
): Promise<readonly GroupDescription[]> {
  return Promise.all(
    groupIds.map((groupId) =>
      onCoordinator(admin, groupId, async (nodeId) => {
        const answer = await admin.cluster.sendKafkajs(nodeId, 'DescribeGroups', { groupIds: [groupId] });
        const { groups } = answer as { groups: readonly [DescribedGroup] };
        throwIfAny([{ about: `group ${groupId}`, errorCode: groups[0].errorCode }]);
        return toDescription(groups[0], nodeId);
      }),
    ),
  );
}

/** See `KafkaAdmin.deleteGroups`. */
export async function deleteGroups(admin: AdminClient, groupIds: readonly string[]): Promise<void> {
  const results = await Promise.allSettled(groupIds.map((groupId) => deleteGroup(admin, groupId)));
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

function deleteGroup(admin: AdminClient, groupId: string): Promise<void> {
  return onCoordinator(admin, groupId, async (nodeId, n) => {
    const answer = await admin.cluster.sendKafkajs(nodeId, 'DeleteGroups', [groupId]);
    const { results } = answer as { results: readonly { errorCode: number }[] };
    // The answer to the first attempt was lost -> it may have been carried out.
    if (n > 1 && results.every(({ errorCode }) => errorCode === errorCodes.GROUP_ID_NOT_FOUND)) return;
    const hints: Record<number, string> = {
      [errorCodes.NON_EMPTY_GROUP]: 'it has running members; stop them first',
      [errorCodes.GROUP_ID_NOT_FOUND]: 'there is no such group',
    };
    throwIfAny(results.map(({ errorCode }) => ({ about: `group ${groupId}`, errorCode, hint: hints[errorCode] })));
  });
}

/** See `KafkaAdmin.removeStaticMembers`. */
export function removeStaticMembers(
  admin: AdminClient,
  groupId: string,
  instanceIds: readonly string[],
): Promise<void> {
  return onCoordinator(admin, groupId, async (nodeId) => {
    const members = instanceIds.map((groupInstanceId) => ({
      memberId: '',
      groupInstanceId,
      reason: 'removed by an administrator',
    }));
    const request = { groupId, memberId: '', members };
    const answer = await admin.cluster.send(nodeId, 'control', leaveGroupApi, request, { minVersion: STATIC_SINCE });
    throwIfAny([
      { about: `group ${groupId}`, errorCode: answer.errorCode },
      ...answer.members.map(({ groupInstanceId, errorCode }) => ({
        about: `static member ${groupInstanceId ?? ''} of group ${groupId}`,
        errorCode,
      })),
    ]);
  });
}

/** Does it at the group's coordinator, and again at the new one if it is that no longer or cannot be reached. */
export async function onCoordinator<T>(
  admin: AdminClient,
  groupId: string,
  attempt: (nodeId: number, n: number) => Promise<T>,
): Promise<T> {
  return retrying(admin, async (n) => {
    const nodeId = await admin.cluster.coordinator(groupId);
    try {
      return await attempt(nodeId, n);
    } catch (error) {
      if (!hasCode(error, 'COORDINATOR_LOAD_IN_PROGRESS')) admin.cluster.forgetCoordinator(groupId);
      throw error;
    }
  });
}

const toDescription = (group: DescribedGroup, coordinator: number): GroupDescription => ({
  groupId: group.groupId,
  state: group.state,
  protocolType: group.protocolType,
  protocol: group.protocol,
  coordinator,
  members: group.members.map(({ memberId, clientId, clientHost, memberAssignment }) => ({
    memberId,
    clientId,
    clientHost,
    assignment: group.protocolType === 'consumer' ? assignmentOf(memberAssignment) : [],
  })),
});

/** Empty until the group's leader has sent one, and where it sent what is none: brokers take any bytes. */
function assignmentOf(bytes: Buffer | null): TopicPartition[] {
  if (bytes === null || bytes.length === 0) return [];
  try {
    return decodeAssignment(bytes).partitions.flatMap(({ topic, partitions }) =>
      partitions.map((partition) => ({ topic, partition })),
    );
  } catch (error) {
    if (error instanceof ProtocolError) return [];
    throw error;
  }
}
