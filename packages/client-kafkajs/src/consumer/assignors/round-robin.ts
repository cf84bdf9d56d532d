import type { TopicPartition } from '@hearken/core';
import { inJavaOrder, type PartitionAssignor } from './assignor.js';

/**
 * Deals all partitions of all topics, topics in order of name, to the members in turn; a member that does not want the
 * topic is passed over. Java's `RoundRobinAssignor`.
 */
export const roundRobinAssignor: PartitionAssignor = {
  protocolName: 'roundrobin',
  isCooperative: false,
  assign(members, partitionCounts) {
    const ordered = inJavaOrder(members).map(({ memberId, topics }) => ({ memberId, topics: new Set(topics) }));
    const assignments = new Map<string, TopicPartition[]>(members.map(({ memberId }) => [memberId, []]));
    let turn = 0;
    for (const topic of [...partitionCounts.keys()].sort()) {
      if (!ordered.some(({ topics }) => topics.has(topic))) continue;
      for (let partition = 0; partition < (partitionCounts.get(topic) ?? 0); partition++) {
        while (ordered[turn % ordered.length]?.topics.has(topic) !== true) turn++;
        assignments.get(ordered[turn++ % ordered.length]?.memberId ?? '')?.push({ topic, partition });
      }
    }
    return assignments;
  },
};
