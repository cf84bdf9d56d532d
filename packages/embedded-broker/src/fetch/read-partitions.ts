import { errorCodes, type FetchRequest, type FetchServingResponse } from '@hearken/protocol';
import { BrokerError } from '../broker-error.js';
import type { Cluster } from '../cluster/cluster.js';
import { ledPartition } from '../handlers/led-partition.js';
import type { IsolationLevel } from '../log/partition-log.js';

type AskedTopic = FetchRequest['topics'][number];
type AskedPartition = AskedTopic['partitions'][number];
type TopicAnswer = FetchServingResponse['responses'][number];
type PartitionAnswer = TopicAnswer['partitions'][number];

export interface PartitionsRead {
  readonly topics: readonly TopicAnswer[];
  readonly sizeBytes: number;
  /** Whether there is something to be said at once: a refusal, or a log that went another way. */
  readonly hasNews: boolean;
}

/** What has been read so far, and may be yet. */
interface Budget {
  leftBytes: number;
  hasRead: boolean;
}

/** The first version in which topics go by their id. */
const BY_ID_SINCE = 13;

export const isolationOf = ({ isolationLevel }: { readonly isolationLevel: number }): IsolationLevel =>
  isolationLevel === 1 ? 'read_committed' : 'read_uncommitted';

/** How much an answer holds. A request that wants more than it allows wants all that it allows. */
export function boundsOf(
  cluster: Cluster,
  request: FetchRequest,
): { readonly minBytes: number; readonly maxBytes: number } {
  const maxBytes = Math.min(request.maxBytes, cluster.config.fetchMaxBytes);
  return { minBytes: Math.min(request.minBytes, maxBytes), maxBytes };
}

/**
 * Reads what a request asks for, in its order, up to its bounds. The first batch that there is goes out whatever its size
 * (KIP-74): a consumer whose bounds are too small for it would never get on.
 */
export function readPartitions(
  cluster: Cluster,
  request: FetchRequest,
  { version, nodeId }: { readonly version: number; readonly nodeId: number },
): PartitionsRead {
  const { maxBytes } = boundsOf(cluster, request);
  const budget: Budget = { leftBytes: maxBytes, hasRead: false };
  const isolation = isolationOf(request);
  let hasNews = false;
  const topics = request.topics.map((asked) => {
    const topic = topicName(cluster, asked, version);
    const partitions = asked.partitions.map((partition) => {
      const answer = codeInstead(partition, () => {
        if (topic === undefined) throw new BrokerError('UNKNOWN_TOPIC_ID');
        return readPartition(cluster, nodeId, topic, partition, isolation, budget);
      });
      hasNews ||= isNews(answer);
      return answer;
    });
    return { topic: asked.topic, topicId: asked.topicId, partitions };
  });
  return { topics, sizeBytes: maxBytes - budget.leftBytes, hasNews };
}

/** A partition that there is not is no reason for Kafka to let the others wait less. */
const isNews = ({ errorCode, divergingEpoch }: PartitionAnswer): boolean =>
  divergingEpoch !== undefined || !NO_NEWS.includes(errorCode);

const NO_NEWS: readonly number[] = [
  errorCodes.NONE,
  errorCodes.UNKNOWN_TOPIC_OR_PARTITION,
  errorCodes.UNKNOWN_TOPIC_ID,
];

/** Undefined for an id that no topic has. */
export const topicName = (cluster: Cluster, { topic, topicId }: AskedTopic, version: number): string | undefined =>
  version >= BY_ID_SINCE ? cluster.topicById(topicId)?.name : topic;

function readPartition(
  cluster: Cluster,
  nodeId: number,
  topic: string,
  asked: AskedPartition,
  isolation: IsolationLevel,
  budget: Budget,
): PartitionAnswer {
  const { partition, currentLeaderEpoch: leaderEpoch, lastFetchedEpoch, fetchOffset, partitionMaxBytes } = asked;
  const { log } = ledPartition(cluster, nodeId, { topic, partition, leaderEpoch });
  const divergingEpoch = lastFetchedEpoch < 0 ? undefined : log.divergence(lastFetchedEpoch, fetchOffset);
  const maxBytes = Math.min(partitionMaxBytes, budget.leftBytes);
  const read =
    divergingEpoch === undefined
      ? log.read(fetchOffset, { maxBytes, minOneBatch: !budget.hasRead, isolation })
      : NOTHING_READ;
  budget.leftBytes -= read.sizeBytes;
  budget.hasRead ||= read.sizeBytes > 0;
  const { highWatermark, lastStableOffset, logStartOffset } = log;
  return {
    partitionIndex: partition,
    errorCode: errorCodes.NONE,
    highWatermark,
    lastStableOffset,
    logStartOffset,
    abortedTransactions: read.abortedTransactions,
    preferredReadReplica: -1,
    records: read.batches,
    ...(divergingEpoch !== undefined && { divergingEpoch }),
  };
}

const NOTHING_READ = { batches: [], sizeBytes: 0, abortedTransactions: null };

export const refusedPartition = ({ partition }: AskedPartition, errorCode: number): PartitionAnswer => ({
  partitionIndex: partition,
  errorCode,
  highWatermark: -1,
  lastStableOffset: -1,
  logStartOffset: -1,
  abortedTransactions: null,
  preferredReadReplica: -1,
  records: [],
});

function codeInstead(asked: AskedPartition, read: () => PartitionAnswer): PartitionAnswer {
  try {
    return read();
  } catch (error) {
    if (error instanceof BrokerError) return refusedPartition(asked, error.errorCode);
    throw error;
  }
}
