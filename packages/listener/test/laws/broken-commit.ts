import { CommitFailedError, type TopicPartitionOffsets } from '@hearken/core';
import type { FakeLog } from '@hearken/testing';

/** A commit that is refused: for one partition, and written for the others, or altogether. */
export function brokenCommit(log: FakeLog, partition: number | undefined) {
  return (offsets: TopicPartitionOffsets): Error | undefined => {
    if (partition === undefined) return new Error('no broker');
    const refused = offsets.filter((at) => at.partition === partition);
    if (refused.length === 0) return undefined;
    log.commit(
      'g',
      offsets.filter((at) => at.partition !== partition),
    );
    const code = 'TOPIC_AUTHORIZATION_FAILED';
    return new CommitFailedError('some', { code, partitions: refused.map((at) => ({ ...at, code })) });
  };
}
