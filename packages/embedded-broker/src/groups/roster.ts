import type { Timer } from '@hearken/core';
import { BrokerError } from '../broker-error.js';
import { commonProtocols, electLeader, electProtocol } from './election.js';
import type { StoredGroup } from './generation.js';
import type { Member } from './member.js';

/** Who is in a group, who leads it, and who was given an id and has not come back with it. */
export class Roster {
  readonly #members = new Map<string, Member>();
  /** Ids handed out with MEMBER_ID_REQUIRED; the timer ends the wait for whom they were made. */
  readonly #pending = new Map<string, Timer>();
  #leaderId: string | undefined;

  constructor({ members, leaderId }: Pick<StoredGroup, 'members' | 'leaderId'>) {
    for (const member of members) this.add(member.copy());
    this.#leaderId = leaderId;
  }

  get size(): number {
    return this.#members.size;
  }

  get members(): readonly Member[] {
    return [...this.#members.values()];
  }

  /** Undefined before the first election, and after the leader left until the next. */
  get leaderId(): string | undefined {
    return this.#leaderId;
  }

  get(memberId: string): Member | undefined {
    return this.#members.get(memberId);
  }

  withInstanceId(groupInstanceId: string): Member | undefined {
    return this.members.find((member) => member.groupInstanceId === groupInstanceId);
  }

  /**
   * The member that a request claims to come from.
   * @throws BrokerError `FENCED_INSTANCE_ID` if another member has the instance id by now; `UNKNOWN_MEMBER_ID`
   */
  require(memberId: string, groupInstanceId: string | null): Member {
    const member = groupInstanceId === null ? this.get(memberId) : this.withInstanceId(groupInstanceId);
    if (member === undefined) throw new BrokerError('UNKNOWN_MEMBER_ID');
    if (member.memberId !== memberId) throw new BrokerError('FENCED_INSTANCE_ID');
    return member;
  }

  add(member: Member): void {
    this.#members.set(member.memberId, member);
    this.removePending(member.memberId);
  }

  remove({ memberId }: Member): void {
    this.#members.delete(memberId);
    if (this.#leaderId === memberId) this.#leaderId = undefined;
  }

  /** Puts a member in another's place, as leader too. */
  replace(old: Member, member: Member): void {
    const leads = this.#leaderId === old.memberId;
    this.remove(old);
    this.add(member);
    if (leads) this.#leaderId = member.memberId;
  }

  addPending(memberId: string, timer: Timer): void {
    this.#pending.set(memberId, timer);
  }

  isPending(memberId: string): boolean {
    return this.#pending.has(memberId);
  }

  removePending(memberId: string): boolean {
    this.#pending.get(memberId)?.clear();
    return this.#pending.delete(memberId);
  }

  clear(): void {
    for (const memberId of [...this.#pending.keys()]) this.removePending(memberId);
    for (const member of this.members) this.remove(member);
  }

  /** Members whose JoinGroup waits. */
  get joining(): readonly Member[] {
    return this.members.filter((member) => member.isJoining);
  }

  get allJoined(): boolean {
    return this.#pending.size === 0 && this.members.every((member) => member.isJoining);
  }

  get allSynced(): boolean {
    return this.members.every((member) => !member.syncDue);
  }

  /** The longest that a member asked for, in milliseconds. */
  get rebalanceTimeoutMs(): number {
    return Math.max(0, ...this.members.map((member) => member.rebalanceTimeoutMs));
  }

  /** Whether someone with these protocols has one in common with all members. */
  supports(protocolNames: readonly string[]): boolean {
    if (this.size === 0) return protocolNames.length > 0;
    const common = commonProtocols(this.#preferences);
    return protocolNames.some((name) => common.includes(name));
  }

  electProtocol(): string | undefined {
    return electProtocol(this.#preferences);
  }

  /** Makes one of those who joined the leader. False, and nothing changes, if nobody did. */
  electLeader(): boolean {
    const elected = electLeader(
      this.joining.map((member) => member.memberId),
      this.#leaderId,
    );
    this.#leaderId = elected ?? this.#leaderId;
    return elected !== undefined;
  }

  get #preferences(): readonly (readonly string[])[] {
    return this.members.map((member) => member.protocolNames);
  }
}
