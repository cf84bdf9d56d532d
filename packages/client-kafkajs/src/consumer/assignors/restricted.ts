import type { TopicPartition } from '@hearken/core';
import type { PartitionAssignor } from './assignor.js';

/** By topic, the partitions that a group shares out; of topics that are not named, all. */
export type GroupPartitions = ReadonlyMap<string, readonly number[]>;

/**
 * Shares some partitions of a topic out as `inner` would those of a topic that has no others, and gives nobody the rest. What
 * a member holds elsewhere counts for nothing.
 *
 * The name on the wire says the partitions, for a leader shares out what it takes for the group's. A member with others, an
 * older one of before they changed or one without any, then has no assignor in common with the group, and the coordinator
 * refuses it. Under the name of `inner` it would be let in, and each new leader would move the border.
 */
export function restrictedTo(groupPartitions: GroupPartitions, inner: PartitionAssignor): PartitionAssignor {
  const parts = new Map([...groupPartitions].map(([topic, partitions]) => [topic, ascending(partitions)]));
  return {
    ...inner,
    protocolName: `${inner.protocolName}(${describeParts(parts)})`,
    assign(members, partitionCounts) {
      const existing = new Map(
        [...partitionCounts].flatMap(([topic, count]) => {
          const part = parts.get(topic)?.filter((partition) => partition < count);
          return part === undefined ? [] : [[topic, part]];
        }),
      );
      const counts = new Map(
        [...partitionCounts].map(([topic, count]) => [topic, existing.get(topic)?.length ?? count]),
      );
      const shares = inner.assign(
        members.map((member) => ({ ...member, owned: toIndexes(member.owned, existing) })),
        counts,
      );
      return new Map([...shares].map(([memberId, share]) => [memberId, toPartitions(share, existing)]));
    },
  };
}

/** Whether the name on the wire is one of these. */
export const isRestricted = (protocolName: string): boolean => protocolName.endsWith(')');

function toIndexes(partitions: readonly TopicPartition[], parts: GroupPartitions): TopicPartition[] {
  return partitions.flatMap(({ topic, partition }) => {
    const index = parts.get(topic)?.indexOf(partition) ?? partition;
    return index < 0 ? [] : [{ topic, partition: index }];
  });
}

const toPartitions = (indexes: readonly TopicPartition[], parts: GroupPartitions): TopicPartition[] =>
  indexes.map(({ topic, partition: index }) => ({ topic, partition: parts.get(topic)?.[index] ?? index }));

const ascending = (partitions: readonly number[]): number[] => [...new Set(partitions)].sort((a, b) => a - b);

/** "jobs:2-5;mail:0,3": the same for the same partitions, however they were written. */
const describeParts = (parts: GroupPartitions): string =>
  [...parts.keys()]
    .sort()
    .map((topic) => `${topic}:${runs(parts.get(topic) ?? []).join()}`)
    .join(';');

/** [2, 3, 4, 7] is "2-4" and "7". */
function runs(partitions: readonly number[]): string[] {
  const firsts = partitions.filter((partition, i) => partitions[i - 1] !== partition - 1);
  const lasts = partitions.filter((partition, i) => partitions[i + 1] !== partition + 1);
  return firsts.map((first, i) => (first === lasts[i] ? `${first}` : `${first}-${lasts[i]}`));
}
