import type { Timer } from '@hearken/core';
import { deferred, type Deferred } from '@hearken/core/internal';
import type { JoinGroupRequest, JoinGroupResponse, SyncGroupResponse } from '@hearken/protocol';
import type { MemberDescription } from './group-description.js';
import { joinRefusal, NO_BYTES, syncRefusal, type Refusal } from './group-answers.js';

interface MemberIdentity {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
}

/** One member of a group: what it told when it joined, and the request of it that waits. */
export class Member implements MemberIdentity {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  assignment: Buffer = NO_BYTES;
  /** In the current generation, and has not sent SyncGroup yet. */
  syncDue = false;
  /** In no generation yet: it cannot send heartbeats, so its session ends although it waits for the join's answer. */
  isNew: boolean;
  #told: JoinGroupRequest;
  #waitingJoin: Deferred<JoinGroupResponse> | undefined;
  #waitingSync: Deferred<SyncGroupResponse> | undefined;
  #session: Timer | undefined;

  constructor(identity: MemberIdentity, request: JoinGroupRequest, options: { readonly isNew: boolean }) {
    this.memberId = identity.memberId;
    this.groupInstanceId = identity.groupInstanceId;
    this.clientId = identity.clientId;
    this.clientHost = identity.clientHost;
    this.isNew = options.isNew;
    this.#told = request;
  }

  /** The same member, with the assignment it has and without what waits: under another id if it is static and came back. */
  copy(memberId: string = this.memberId): Member {
    const { groupInstanceId, clientId, clientHost } = this;
    const member = new Member({ memberId, groupInstanceId, clientId, clientHost }, this.#told, { isNew: false });
    member.assignment = this.assignment;
    return member;
  }

  get sessionTimeoutMs(): number {
    return this.#told.sessionTimeoutMs;
  }

  /** Version 0 of JoinGroup has none: it is the session's then. */
  get rebalanceTimeoutMs(): number {
    const { rebalanceTimeoutMs, sessionTimeoutMs } = this.#told;
    return rebalanceTimeoutMs < 0 ? sessionTimeoutMs : rebalanceTimeoutMs;
  }

  get protocolNames(): readonly string[] {
    return this.#told.protocols.map(({ name }) => name);
  }

  metadataOf(protocolName: string): Buffer {
    return this.#told.protocols.find(({ name }) => name === protocolName)?.metadata ?? NO_BYTES;
  }

  /** Whether the same protocols are offered, in the same order with the same bytes. */
  matches({ protocols }: JoinGroupRequest): boolean {
    const known = this.#told.protocols;
    return (
      known.length === protocols.length &&
      known.every(({ name, metadata }, i) => name === protocols[i]?.name && metadata.equals(protocols[i].metadata))
    );
  }

  update(request: JoinGroupRequest): void {
    this.#told = request;
  }

  get isJoining(): boolean {
    return this.#waitingJoin !== undefined;
  }

  get isSyncing(): boolean {
    return this.#waitingSync !== undefined;
  }

  /**
   * Takes the request's protocols and time-outs, and waits. A join that waited already is answered: its connection was
   * given up by the client, most likely. (Kafka never answers it.)
   */
  join(request: JoinGroupRequest): Promise<JoinGroupResponse> {
    this.update(request);
    this.answerJoin(joinRefusal({ errorName: 'REBALANCE_IN_PROGRESS', memberId: this.memberId }));
    this.#waitingJoin = deferred();
    return this.#waitingJoin.promise;
  }

  sync(): Promise<SyncGroupResponse> {
    this.answerSync(syncRefusal({ errorName: 'REBALANCE_IN_PROGRESS' }));
    this.#waitingSync = deferred();
    return this.#waitingSync.promise;
  }

  answerJoin(response: JoinGroupResponse): void {
    this.#waitingJoin?.resolve(response);
    this.#waitingJoin = undefined;
  }

  answerSync(response: SyncGroupResponse): void {
    this.#waitingSync?.resolve(response);
    this.#waitingSync = undefined;
  }

  describe(protocolName: string | null): MemberDescription {
    const { memberId, groupInstanceId, clientId, clientHost, assignment } = this;
    const metadata = protocolName === null ? NO_BYTES : this.metadataOf(protocolName);
    return { memberId, groupInstanceId, clientId, clientHost, metadata, assignment };
  }

  /** Answers whatever waits, and ends the session: the member is out of the group. */
  dismiss(refusal: Refusal): void {
    this.answerJoin(joinRefusal(refusal));
    this.answerSync(syncRefusal(refusal));
    this.endSession();
  }

  restartSession(timer: Timer): void {
    this.endSession();
    this.#session = timer;
  }

  endSession(): void {
    this.#session?.clear();
    this.#session = undefined;
  }
}
