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
