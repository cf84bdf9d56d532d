import type { TopicPartition } from '@hearken/core';
import { inJavaOrder, type PartitionAssignor } from './assignor.js';

/**
 * Topic by topic, each member that wants it gets consecutive partitions; the first members get one more if they do not
 * divide. Topics with equal partition counts and members are shared out alike, so partition n of each meets in one member.
 * Java's `RangeAssignor` without racks.
 */
export const rangeAssignor: PartitionAssignor = {
  protocolName: 'range',
  isCooperative: false,
  assign(members, partitionCounts) {
    const ordered = inJavaOrder(members);
    const assignments = new Map<string, TopicPartition[]>(members.map(({ memberId }) => [memberId, []]));
    for (const [topic, count] of partitionCounts) {
      const takers = ordered.filter(({ topics }) => topics.includes(topic));
      let next = 0;
      takers.forEach(({ memberId }, index) => {
        const end = next + shareOf(index, takers.length, count);
        for (; next < end; next++) assignments.get(memberId)?.push({ topic, partition: next });
      });
    }
    return assignments;
  },
};

const shareOf = (index: number, takers: number, count: number): number =>
  Math.floor(count / takers) + (index < count % takers ? 1 : 0);
