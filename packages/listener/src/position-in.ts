import { codeOf, type Consumer, type TopicPartition } from '@hearken/core';

/** Where reading goes on; undefined while it is looked for where to begin, as of a partition that nobody leads. */
export function positionIn(consumer: Pick<Consumer, 'position'>, at: TopicPartition): number | undefined {
  try {
    return consumer.position(at);
  } catch (error) {
    if (codeOf(error) === 'NO_POSITION') return undefined;
    throw error;
  }
}
