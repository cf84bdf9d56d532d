import {
  describeGroupsApi,
  offsetCommitApi,
  offsetFetchApi,
  type OffsetFetchRequest,
  type OffsetFetchResponse,
} from '@hearken/protocol';
import type { ContractBroker } from './contract-broker.js';
import { only } from './partition-requests.js';

// Requests about what a group has committed, with what a plain client would say where a case says nothing.

/** From 6 on DescribeGroups has an error for a group that does not exist, which was 'Dead' before. */
const BEFORE_NOT_FOUND = 5;

type CommittedPartition = OffsetFetchResponse['topics'][number]['partitions'][number];

interface OffsetToCommit {
  readonly partition?: number;
  readonly offset: number;
  readonly leaderEpoch?: number;
  readonly metadata?: string | null;
}

interface Committer {
  readonly memberId?: string;
  readonly generationId?: number;
  readonly version?: number;
}

/** OffsetCommit, from outside the group unless told; the error of each partition, in their order. */
export async function commit(
  broker: ContractBroker,
  groupId: string,
  topic: string,
  offsets: readonly OffsetToCommit[],
  { memberId = '', generationId = -1, version }: Committer = {},
): Promise<readonly { readonly errorCode: number }[]> {
  const partitions = offsets.map(({ partition = 0, offset, leaderEpoch = -1, metadata = null }) => ({
    ...{ partitionIndex: partition, committedOffset: offset },
    ...{ committedLeaderEpoch: leaderEpoch, committedMetadata: metadata },
  }));
  const who = { groupId, memberId, generationIdOrMemberEpoch: generationId, groupInstanceId: null };
  const request = { ...who, retentionTimeMs: -1, topics: [{ name: topic, partitions }] };
  const { topics } = await broker.ask(offsetCommitApi, request, version);
  return only(topics).partitions;
}

/** OffsetFetch of these topics, or of all. */
export const committed = (
  broker: ContractBroker,
  groupId: string,
  topics: OffsetFetchRequest['topics'] = null,
  { requireStable = false, version }: { readonly requireStable?: boolean; readonly version?: number } = {},
): Promise<OffsetFetchResponse> => broker.ask(offsetFetchApi, { groupId, topics, requireStable }, version);

/** What a group committed for one partition. */
export async function committedIn(
  broker: ContractBroker,
  groupId: string,
  topic: string,
  { partition = 0, requireStable = false }: { readonly partition?: number; readonly requireStable?: boolean } = {},
): Promise<CommittedPartition> {
  const asked = [{ name: topic, partitionIndexes: [partition] }];
  const { topics } = await committed(broker, groupId, asked, { requireStable });
  return only(only(topics).partitions);
}

/** As DescribeGroups tells it. */
export async function stateOf(broker: ContractBroker, groupId: string): Promise<string> {
  const request = { groups: [groupId], includeAuthorizedOperations: false };
  return only((await broker.ask(describeGroupsApi, request, BEFORE_NOT_FOUND)).groups).groupState;
}
