import { errorCodes, listOffsetsApi, type ListOffsetsRequest, type ListOffsetsResponse } from '@hearken/protocol';
import { BrokerError } from '../broker-error.js';
import type { Cluster } from '../cluster/cluster.js';
import type { Partition } from '../cluster/partition.js';
import { isolationOf } from '../fetch/read-partitions.js';
import type { IsolationLevel } from '../log/partition-log.js';
import type { FoundRecord } from '../log/record-at-time.js';
import type { Handler, RequestContext } from './handler.js';
import { ledPartition } from './led-partition.js';

type AskedPartition = ListOffsetsRequest['topics'][number]['partitions'][number];
type PartitionAnswer = ListOffsetsResponse['topics'][number]['partitions'][number];

/** What stands in place of a time; more of them came with versions that are not spoken. */
const TIMESTAMP = { latest: -1, earliest: -2, max: -3, oldestUnspoken: -6 } as const;
/** The first version that asks for the record of the highest timestamp (KIP-734). */
const MAX_SINCE = 7;
const NOT_FOUND: FoundRecord = { timestamp: -1, offset: -1, leaderEpoch: -1 };

export function listOffsetsHandler(cluster: Cluster): Handler<ListOffsetsRequest, ListOffsetsResponse> {
  return {
    api: listOffsetsApi,
    async handle(request, context) {
      const isolation = isolationOf(request);
      const topics = request.topics.map(async ({ name, partitions }) => ({
        name,
        partitions: await Promise.all(partitions.map((asked) => lookUp(cluster, name, asked, isolation, context))),
      }));
      return { throttleTimeMs: 0, topics: await Promise.all(topics) };
    },
    refuse: ({ topics }, errorCode) => ({
      throttleTimeMs: 0,
      topics: topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map((asked) => refused(asked, errorCode)),
      })),
    }),
  };
}

async function lookUp(
  cluster: Cluster,
  topic: string,
  asked: AskedPartition,
  isolation: IsolationLevel,
  { nodeId, version }: RequestContext,
): Promise<PartitionAnswer> {
  const { partitionIndex, currentLeaderEpoch: leaderEpoch, timestamp } = asked;
  try {
    const partition = ledPartition(cluster, nodeId, { topic, partition: partitionIndex, leaderEpoch });
    requireSpoken(timestamp, version);
    const found = await find(partition, timestamp, isolation);
    return { partitionIndex, errorCode: errorCodes.NONE, ...found };
  } catch (error) {
    if (error instanceof BrokerError) return refused(asked, error.errorCode);
    throw error;
  }
}

function requireSpoken(timestamp: number, version: number): void {
  const isSpecial = timestamp < 0 && timestamp >= TIMESTAMP.oldestUnspoken;
  const oldestSpoken = version >= MAX_SINCE ? TIMESTAMP.max : TIMESTAMP.earliest;
  if (isSpecial && timestamp < oldestSpoken) throw new BrokerError('UNSUPPORTED_VERSION');
}

async function find(
  { log, leaderEpoch }: Partition,
  timestamp: number,
  isolation: IsolationLevel,
): Promise<FoundRecord> {
  const end = isolation === 'read_committed' ? log.lastStableOffset : log.highWatermark;
  if (timestamp === TIMESTAMP.latest) return { timestamp: -1, offset: end, leaderEpoch };
  if (timestamp === TIMESTAMP.earliest) {
    return { timestamp: -1, offset: log.logStartOffset, leaderEpoch: log.logStartEpoch };
  }
  const found = await (timestamp === TIMESTAMP.max ? log.maxTimestampOffset() : log.offsetForTimestamp(timestamp));
  return found !== undefined && found.offset < end ? found : NOT_FOUND;
}

const refused = ({ partitionIndex }: AskedPartition, errorCode: number): PartitionAnswer => ({
  partitionIndex,
  errorCode,
  ...NOT_FOUND,
});
