import { isKafkaError, type CommitFailedError, type TopicPartition, type TopicPartitionOffset } from '@hearken/core';
import { topicPartitionKey } from '@hearken/core/internal';

/**
 * What became of an offset whose commit failed:
 * - `written`: the error names others, not this one.
 * - `deleted`: there is nowhere to write it any more.
 * - `metadata-too-large`: it can be written without its metadata.
 * - `refused`: another try may succeed.
 */
export type CommitFate = 'written' | 'deleted' | 'metadata-too-large' | 'refused';

/** What a failed commit says of each of its offsets. */
export function fatesIn(error: unknown): (at: TopicPartitionOffset) => CommitFate {
  const codeOf = codesIn(error);
  return (at) => {
    switch (codeOf(at)) {
      case undefined:
        return 'written';
      case 'UNKNOWN_TOPIC_OR_PARTITION':
        return 'deleted';
      case 'OFFSET_METADATA_TOO_LARGE':
        return at.metadata === undefined ? 'refused' : 'metadata-too-large';
      default:
        return 'refused';
    }
  };
}

/** The code of a partition that the error names, or of any if it names none; undefined is written. */
function codesIn(error: unknown): (partition: TopicPartition) => string | undefined {
  const named = isKafkaError(error) ? ((error as Partial<CommitFailedError>).partitions ?? []) : [];
  if (named.length === 0) return () => 'UNKNOWN';
  const codes = new Map(named.map((at) => [topicPartitionKey(at), at.code]));
  return (partition) => codes.get(topicPartitionKey(partition));
}
