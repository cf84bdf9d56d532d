import type { TopicPartition } from '@hearken/core';
import type { Subscription } from '@hearken/protocol';

/** A member of the group, as the leader sees it. */
export interface GroupMember extends Claim {
  readonly memberId: string;
  /** Static members (KIP-345) sort before the others, by this id. */
  readonly groupInstanceId?: string | null;
  readonly topics: readonly string[];
}

/** What a member says it holds, and since which generation; -1 if it does not say. */
export interface Claim {
  readonly owned: readonly TopicPartition[];
  readonly generationId: number;
}

/** Which partitions each member gets; every member has an entry. */
export type Assignments = ReadonlyMap<string, readonly TopicPartition[]>;

/**
 * Shares the partitions of a group out. Any member may lead the group, a Java one too, so an assignor computes exactly
 * what Java's of the same name does.
 */
export interface PartitionAssignor {
  /** How the members agree on it: the name on the wire. */
  readonly protocolName: string;
  /** Members keep over a rebalance what they hold, and let go only what the assignment does not give them (KIP-429). */
  readonly isCooperative: boolean;
  /** What a member adds to its subscription for this assignor. @param generationId of what it holds, -1 if it holds nothing */
  userData?(generationId: number): Buffer;
  /** What a member's subscription says it holds. @default nothing that matters to this assignor */
  claimOf?(subscription: Subscription): Claim;
  /** @param partitionCounts of every topic that a member wants and that exists */
  assign(members: readonly GroupMember[], partitionCounts: ReadonlyMap<string, number>): Assignments;
}

/** The order in which Java's assignors take the members. Strings compare by UTF-16 code unit in Java and here alike. */
export function inJavaOrder(members: readonly GroupMember[]): GroupMember[] {
  return [...members].sort((a, b) => {
    const [first, second] = [a.groupInstanceId ?? undefined, b.groupInstanceId ?? undefined];
    if (first !== undefined && second !== undefined) return compare(first, second);
    if (first !== undefined) return -1;
    if (second !== undefined) return 1;
    return compare(a.memberId, b.memberId);
  });
}

/** By UTF-16 code unit. */
export const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
