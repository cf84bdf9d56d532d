import {
  encodeAssignment,
  encodeSubscription,
  errorCodes,
  heartbeatApi,
  joinGroupApi,
  leaveGroupApi,
  syncGroupApi,
  type ErrorName,
  type HeartbeatResponse,
  type JoinGroupRequest,
  type JoinGroupResponse,
  type Subscription,
  type SyncGroupResponse,
} from '@hearken/protocol';
import type { FakeCluster } from './fake-cluster.js';

/** What a group coordinator answers. */
export const joinedAs = (
  memberId: string,
  generationId: number,
  more: Partial<JoinGroupResponse> = {},
): JoinGroupResponse => ({
  throttleTimeMs: 0,
  errorCode: 0,
  generationId,
  protocolType: 'consumer',
  protocolName: 'range',
  leader: 'someone-else',
  skipAssignment: false,
  memberId,
  members: [],
  ...more,
});

export const joinRefused = (error: ErrorName, memberId = ''): JoinGroupResponse =>
  joinedAs(memberId, -1, { errorCode: errorCodes[error], leader: '' });

export const beat = (error: ErrorName = 'NONE'): HeartbeatResponse => ({
  throttleTimeMs: 0,
  errorCode: errorCodes[error],
});

export const synced = (
  partitions: Readonly<Record<string, readonly number[]>>,
  error: ErrorName = 'NONE',
): SyncGroupResponse => ({
  throttleTimeMs: 0,
  errorCode: errorCodes[error],
  protocolType: 'consumer',
  protocolName: 'range',
  assignment: encodeAssignment({
    partitions: Object.entries(partitions).map(([topic, numbers]) => ({ topic, partitions: numbers })),
    userData: null,
  }),
});

export const memberOf = (memberId: string, ...topics: readonly string[]): JoinGroupResponse['members'][number] =>
  memberWith(memberId, { topics });

export const memberWith = (
  memberId: string,
  subscription: Partial<Subscription> & { readonly topics: readonly string[] },
): JoinGroupResponse['members'][number] => ({
  memberId,
  groupInstanceId: null,
  metadata: encodeSubscription({ userData: null, ownedPartitions: [], generationId: -1, ...subscription }),
});

/** A coordinator for which all goes well: member ids m1, m2, …; a new generation at every join; orders-0 and orders-1. */
export function wellBehaved(cluster: FakeCluster): void {
  let members = 0;
  let generation = 0;
  cluster
    .topic('orders', 1, 1)
    .answer(joinGroupApi, ({ memberId }: JoinGroupRequest) =>
      memberId === '' ? joinRefused('MEMBER_ID_REQUIRED', `m${++members}`) : joinedAs(memberId, ++generation),
    )
    .answer(syncGroupApi, () => synced({ orders: [0, 1] }))
    .answer(heartbeatApi, () => beat())
    .answer(leaveGroupApi, () => ({ throttleTimeMs: 0, errorCode: 0, members: [] }));
}
