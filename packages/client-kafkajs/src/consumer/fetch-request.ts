import type { FetchRequest } from '@hearken/protocol';
import { byTopic } from './by-topic.js';
import type { ResolvedConsumerOptions } from './consumer-options.js';
import type { Fetch } from './fetch-plan.js';
import type { AssignedPartition } from './subscription-state.js';

/** Up to here a fetch names topics by name; later versions by id only. */
export const LAST_VERSION_BY_NAME = 12;

const ZERO_UUID = 'A'.repeat(22);

/**
 * @param turn which partition comes first
 * @param leaderEpochOf the epoch of the leader as metadata told it; a broker that knows a newer one refuses (KIP-320)
 */
export function fetchRequest(
  { partitions, maxWaitMs, maxBytes }: Fetch,
  { fetchMinBytes, isolationLevel, maxPartitionFetchBytes }: ResolvedConsumerOptions,
  turn: number,
  leaderEpochOf: (partition: AssignedPartition) => number,
): FetchRequest {
  const first = turn % partitions.length;
  const inTurn = [...partitions.slice(first), ...partitions.slice(0, first)];
  return {
    replicaId: -1,
    maxWaitMs,
    minBytes: fetchMinBytes,
    maxBytes,
    isolationLevel: isolationLevel === 'read_committed' ? 1 : 0,
    sessionId: 0,
    sessionEpoch: -1,
    topics: byTopic(inTurn).map(([topic, items]) => ({
      topic,
      topicId: ZERO_UUID,
      partitions: items.map((partition) => ({
        partition: partition.partition,
        currentLeaderEpoch: leaderEpochOf(partition),
        fetchOffset: partition.buffer.fetchOffset,
        lastFetchedEpoch: -1,
        logStartOffset: -1,
        partitionMaxBytes: maxPartitionFetchBytes,
      })),
    })),
    forgottenTopicsData: [],
    rackId: '',
  };
}
