import type { TopicPartition } from '@hearken/core';
import { topicPartitionKey } from '@hearken/core/internal';
import { compare, type GroupMember } from './assignor.js';
import type { Claims } from './claims.js';

type Shares = Map<string, TopicPartition[]>;
type Counts = ReadonlyMap<string, number>;

/**
 * Shares partitions out as evenly as the subscriptions let it, and among those ways moves as few partitions as it can from
 * who holds them. If all members want the same topics, exactly as Java's `AbstractStickyAssignor` does.
 * @param members in the order in which they may keep more than the others
 */
export function stickyShares(members: readonly GroupMember[], counts: Counts, claims: Claims): Shares {
  return wantTheSame(members) ? evenShares(members, counts, claims) : fairShares(members, counts, claims);
}

function wantTheSame(members: readonly GroupMember[]): boolean {
  const [first] = members;
  const wanted = new Set(first?.topics);
  return members.every(({ topics }) => topics.length === wanted.size && topics.every((topic) => wanted.has(topic)));
}

/** Everybody gets `least` or one more. Whoever holds more gives up its highest partition numbers. */
function evenShares(members: readonly GroupMember[], counts: Counts, claims: Claims): Shares {
  const all = partitionsOf(counts);
  const least = Math.floor(all.length / members.length);
  let larger = all.length % members.length;
  const shares: Shares = new Map(members.map(({ memberId }) => [memberId, []]));
  const [below, atLeast]: [string[], string[]] = [[], []];
  for (const member of members) {
    const { memberId } = member;
    const held = claims.heldBy(member).sort((a, b) => a.partition - b.partition || compare(a.topic, b.topic));
    const mayKeepMore = held.length > least && larger > 0;
    shares.set(memberId, held.slice(0, mayKeepMore ? least + 1 : least));
    if (mayKeepMore) larger--;
    else if (held.length < least) below.push(memberId);
    else atLeast.push(memberId);
  }
  deal(unshared(all, shares), { shares, below: below.sort(compare), atLeast: atLeast.sort(compare), least });
  return shares;
}

/** One each in turn until all have `least`, then one more as far as they go. */
function deal(
  partitions: readonly TopicPartition[],
  { shares, below, atLeast, least }: { shares: Shares; below: string[]; atLeast: string[]; least: number },
): void {
  let turn = 0;
  for (const partition of partitions) {
    if (turn >= below.length) turn = 0;
    const memberId = below[turn] ?? atLeast.shift() ?? '';
    const share = shares.get(memberId) ?? [];
    share.push(partition);
    if (share.length !== least) turn++;
    else atLeast.push(...below.splice(turn, 1));
  }
}

/** For members that want different topics: who has least gets the next, then partitions move while that evens things out. */
function fairShares(members: readonly GroupMember[], counts: Counts, claims: Claims): Shares {
  const wanted = new Map(members.map(({ memberId, topics }) => [memberId, new Set(topics)]));
  const wants = (memberId: string, { topic }: TopicPartition): boolean => wanted.get(memberId)?.has(topic) === true;
  const shares: Shares = new Map(
    members.map((member) => [member.memberId, claims.heldBy(member).filter((held) => wants(member.memberId, held))]),
  );
  const takersOf = ({ topic }: TopicPartition): number =>
    members.filter(({ memberId }) => wanted.get(memberId)?.has(topic) === true).length;
  const open = unshared(partitionsOf(counts), shares);
  const takers = new Map(open.map((partition) => [partition.topic, takersOf(partition)]));
  open.sort((a, b) => (takers.get(a.topic) ?? 0) - (takers.get(b.topic) ?? 0)); // those with the least choice first
  for (const partition of open) {
    const [taker] = byShare(shares).filter(([memberId]) => wants(memberId, partition));
    taker?.[1].push(partition);
  }
  while (evenOut(shares, wants, claims));
  return shares;
}

/** Moves one partition to somebody who has at least two less. False if there is none to move. */
function evenOut(
  shares: Shares,
  wants: (memberId: string, partition: TopicPartition) => boolean,
  claims: Claims,
): boolean {
  const ordered = byShare(shares);
  for (const [taker, taken] of ordered) {
    for (const [giver, given] of ordered.toReversed()) {
      if (given.length < taken.length + 2) break;
      const movable = given.filter((partition) => wants(taker, partition));
      const [moved = movable.at(-1)] = movable.filter((partition) => !claims.isHeldBy(partition, giver));
      if (moved === undefined) continue;
      taken.push(...given.splice(given.indexOf(moved), 1));
      return true;
    }
  }
  return false;
}

/** The smallest first. */
const byShare = (shares: Shares): [string, TopicPartition[]][] =>
  [...shares].sort(([one, a], [other, b]) => a.length - b.length || compare(one, other));

const partitionsOf = (counts: Counts): TopicPartition[] =>
  [...counts]
    .sort(([a], [b]) => compare(a, b))
    .flatMap(([topic, count]) => Array.from({ length: count }, (_, partition) => ({ topic, partition })));

function unshared(all: readonly TopicPartition[], shares: Shares): TopicPartition[] {
  const taken = new Set([...shares.values()].flat().map(topicPartitionKey));
  return all.filter((partition) => !taken.has(topicPartitionKey(partition)));
}
