import { errorCodes, type ErrorName, type JoinGroupResponse, type SyncGroupResponse } from '@hearken/protocol';

export const NO_BYTES = Buffer.alloc(0);

export const refusedJoin = (memberId: string, errorCode: number): JoinGroupResponse => ({
  throttleTimeMs: 0,
  errorCode,
  generationId: -1,
  protocolType: null,
  protocolName: null,
  leader: '',
  skipAssignment: false,
  memberId,
  members: [],
});

export const refusedSync = (errorCode: number): SyncGroupResponse => ({
  throttleTimeMs: 0,
  errorCode,
  protocolType: null,
  protocolName: null,
  assignment: NO_BYTES,
});

/** What a member's waiting JoinGroup or SyncGroup is answered when it is the broker that gives up on it. */
export interface Refusal {
  readonly errorName: ErrorName;
  /** The id that the answer names. @default none: the member has to ask for a new one */
  readonly memberId?: string;
}

export const joinRefusal = ({ errorName, memberId = '' }: Refusal): JoinGroupResponse =>
  refusedJoin(memberId, errorCodes[errorName]);

export const syncRefusal = ({ errorName }: Refusal): SyncGroupResponse => refusedSync(errorCodes[errorName]);
