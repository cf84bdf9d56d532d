import type { Subscription } from '@hearken/protocol';
import type { Claim, PartitionAssignor } from './assignor.js';
import { Claims } from './claims.js';
import { inHashOrder } from './hash-order.js';
import { stickyShares } from './sticky-shares.js';

/**
 * Even shares that move as little as they can, in two steps: what somebody else still claims is given to nobody in this
 * generation. Whoever holds it lets go and joins again, and the next generation gives it to its new owner. Java's
 * `CooperativeStickyAssignor`, without racks.
 */
export const cooperativeStickyAssignor: PartitionAssignor = {
  protocolName: 'cooperative-sticky',
  isCooperative: true,
  /** For leaders from before subscriptions had a generation of their own (Kafka 3.1 and older). */
  userData(generationId) {
    const data = Buffer.alloc(4);
    data.writeInt32BE(generationId);
    return data;
  },
  claimOf(subscription): Claim {
    const owned = subscription.ownedPartitions.flatMap(({ topic, partitions }) =>
      partitions.map((partition) => ({ topic, partition })),
    );
    return { owned, generationId: generationOf(subscription) };
  },
  assign(members, partitionCounts) {
    const wanted = new Set(members.flatMap(({ topics }) => topics));
    const counts = new Map([...partitionCounts].filter(([topic]) => wanted.has(topic)));
    const ordered = inHashOrder(members, ({ memberId }) => memberId);
    const claims = new Claims(ordered, counts);
    const shares = stickyShares(ordered, counts, claims);
    return new Map(
      [...shares].map(([memberId, share]) => [
        memberId,
        share.filter((partition) => claims.isHeldBy(partition, memberId) || !claims.isClaimed(partition)),
      ]),
    );
  },
};

function generationOf({ generationId, userData }: Subscription): number {
  if (generationId >= 0) return generationId;
  return userData !== null && userData.length >= 4 ? userData.readInt32BE() : -1;
}
