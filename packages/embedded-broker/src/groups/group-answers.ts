import { errorCodes, type ErrorName, type JoinGroupResponse, type SyncGroupResponse } from '@hearken/protocol';
import type { Generation } from './generation.js';
import type { Member } from './member.js';
import type { Roster } from './roster.js';

export const NO_BYTES = Buffer.alloc(0);

/** Only the leader is told who the others are. */
export function joined(generation: Generation, roster: Roster, { memberId }: Member): JoinGroupResponse {
  const leader = roster.leaderId ?? '';
  return {
    ...refusedJoin(memberId, 0),
    generationId: generation.id,
    protocolType: generation.protocolType,
    protocolName: generation.protocolName,
    leader,
    members: memberId === leader ? everyone(roster, generation.protocolName ?? '') : [],
  };
}

const everyone = (roster: Roster, protocolName: string): JoinGroupResponse['members'] =>
  roster.members.map((member) => ({
    memberId: member.memberId,
    groupInstanceId: member.groupInstanceId,
    metadata: member.metadataOf(protocolName),
  }));

export const synced = ({ protocolType, protocolName }: Generation, { assignment }: Member): SyncGroupResponse => ({
  throttleTimeMs: 0,
  errorCode: 0,
  protocolType,
  protocolName,
  assignment,
});

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

/** What a request that waited is answered when the broker gives up on it. */
export interface Refusal {
  readonly errorName: ErrorName;
  /** The id that the answer to a join names. @default none: the member has to ask for a new one */
  readonly memberId?: string;
}

export const joinRefusal = ({ errorName, memberId = '' }: Refusal): JoinGroupResponse =>
  refusedJoin(memberId, errorCodes[errorName]);

export const syncRefusal = ({ errorName }: Refusal): SyncGroupResponse => refusedSync(errorCodes[errorName]);
