import type { TopicPartition } from '@hearken/core';
import { describePartition } from '@hearken/core/internal';
import { PartitionError } from '../errors.js';

const SEEK = 'seek to another offset to go on';

/** The group has committed nothing and `autoOffsetReset` is 'none'. */
export const noOffset = (partition: TopicPartition): PartitionError =>
  new PartitionError(
    `${describePartition(partition)} has no committed offset, and autoOffsetReset is 'none': seek, commit one, or set 'earliest' or 'latest'`,
    { code: 'NO_OFFSET_FOR_PARTITION', partition },
  );

/** The log no longer (or does not yet) hold the offset, and `autoOffsetReset` is 'none'. */
export const outOfRange = (partition: TopicPartition, offset: number): PartitionError =>
  new PartitionError(
    `${describePartition(partition)} does not hold offset ${offset}, and autoOffsetReset is 'none': ${SEEK}`,
    { code: 'OFFSET_OUT_OF_RANGE', partition, offset },
  );

/** The topic was deleted and made anew, and `autoOffsetReset` is 'none'. */
export const recreated = (partition: TopicPartition, offset: number): PartitionError =>
  new PartitionError(
    `${partition.topic} was deleted and made anew, so offset ${offset} of ${describePartition(partition)} means nothing any more, and autoOffsetReset is 'none': ${SEEK}`,
    { code: 'TOPIC_RECREATED', partition, offset },
  );

/**
 * An election lost records that were read already, and `autoOffsetReset` is 'none'.
 * @param endOffset the first offset where the log may hold other records now
 */
export const truncated = (partition: TopicPartition, offset: number, endOffset: number): PartitionError =>
  new PartitionError(
    `${describePartition(partition)} lost records: what was read from offset ${endOffset} up to ${offset} is not what its log holds now, and autoOffsetReset is 'none': seek to ${endOffset} to read what stands there, or elsewhere`,
    { code: 'LOG_TRUNCATION', partition, offset },
  );

/** The bytes at this offset are no batch that can be read: damaged, or compressed with a codec that is not there. */
export function unreadable(partition: TopicPartition, offset: number, cause: unknown): PartitionError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new PartitionError(`${describePartition(partition)} cannot be read at offset ${offset} (${reason}): ${SEEK}`, {
    code: codeOfCause(cause) === 'UNSUPPORTED_COMPRESSION' ? 'UNSUPPORTED_COMPRESSION' : 'CORRUPT_BATCH',
    partition,
    offset,
    cause,
  });
}

const codeOfCause = (cause: unknown): unknown =>
  typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : undefined;
