import {
  errorCodes,
  type OffsetCommitRequest,
  type OffsetCommitResponse,
  type OffsetFetchRequest,
  type OffsetFetchResponse,
} from '@hearken/protocol';
import type { CommittedOffset, CommittedOffsets } from './committed-offsets.js';
import { errorCodeOf } from './error-code-of.js';
import type { Group } from './group.js';

type CommitTopics = OffsetCommitRequest['topics'];
type CommitPartition = CommitTopics[number]['partitions'][number];

interface CommitRules {
  /** The group, if it lets who asks commit; throws `BrokerError` if not. */
  readonly admit: () => Group;
  readonly set: (group: Group, committed: CommittedOffset) => void;
  readonly partitionExists: (topic: string, partition: number) => boolean;
  readonly maxMetadataLength: number;
}

/** Unknown partitions are refused before the group is asked; with none left, it never is. */
export function setOffsets(topics: CommitTopics, rules: CommitRules): OffsetCommitResponse['topics'] {
  const { partitionExists, maxMetadataLength } = rules;
  const isAnyKnown = topics.some(({ name, partitions }) =>
    partitions.some(({ partitionIndex }) => partitionExists(name, partitionIndex)),
  );
  let group: Group | undefined;
  const refusal = isAnyKnown ? errorCodeOf(() => void (group = rules.admit())) : 0;
  const set = (topic: string, partition: CommitPartition): number => {
    if (!partitionExists(topic, partition.partitionIndex)) return errorCodes.UNKNOWN_TOPIC_OR_PARTITION;
    if (group === undefined) return refusal;
    const committed = committedOffset(topic, partition);
    if (committed.metadata.length > maxMetadataLength) return errorCodes.OFFSET_METADATA_TOO_LARGE;
    rules.set(group, committed);
    return 0;
  };
  return topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map((partition) => ({
      partitionIndex: partition.partitionIndex,
      errorCode: set(name, partition),
    })),
  }));
}

const committedOffset = (topic: string, partition: CommitPartition): CommittedOffset => ({
  topic,
  partition: partition.partitionIndex,
  offset: partition.committedOffset,
  leaderEpoch: partition.committedLeaderEpoch,
  metadata: partition.committedMetadata ?? '',
});

type FetchedPartition = OffsetFetchResponse['topics'][number]['partitions'][number];

/** A partition without an offset, or a group that nobody knows, is no error. No topics ask for all that there are. */
export function readOffsets(offsets: CommittedOffsets | undefined, request: OffsetFetchRequest): OffsetFetchResponse {
  const topics = request.topics ?? partitionsOf(offsets?.all() ?? []);
  const read = (topic: string, partitionIndex: number): FetchedPartition => {
    if (request.requireStable && offsets?.isUnstable(topic, partitionIndex) === true) {
      return nothingCommitted(partitionIndex, errorCodes.UNSTABLE_OFFSET_COMMIT);
    }
    const found = offsets?.get(topic, partitionIndex);
    if (found === undefined) return nothingCommitted(partitionIndex, 0);
    const { offset: committedOffset, leaderEpoch: committedLeaderEpoch, metadata } = found;
    return { partitionIndex, committedOffset, committedLeaderEpoch, metadata, errorCode: 0 };
  };
  return {
    throttleTimeMs: 0,
    topics: topics.map(({ name, partitionIndexes }) => ({
      name,
      partitions: partitionIndexes.map((partitionIndex) => read(name, partitionIndex)),
    })),
    errorCode: 0,
  };
}

export const nothingCommitted = (partitionIndex: number, errorCode: number): FetchedPartition => ({
  partitionIndex,
  committedOffset: -1,
  committedLeaderEpoch: -1,
  metadata: '',
  errorCode,
});

function partitionsOf(all: readonly CommittedOffset[]): { name: string; partitionIndexes: number[] }[] {
  const byTopic = new Map<string, number[]>();
  for (const { topic, partition } of all) byTopic.set(topic, [...(byTopic.get(topic) ?? []), partition]);
  return Array.from(byTopic, ([name, partitionIndexes]) => ({ name, partitionIndexes }));
}
