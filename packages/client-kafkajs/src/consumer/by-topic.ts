import type { TopicPartition } from '@hearken/core';

/** The shape of Kafka's requests: topics, each with its partitions, in the order given. */
export function byTopic<T extends TopicPartition>(items: Iterable<T>): [topic: string, items: T[]][] {
  const topics = new Map<string, T[]>();
  for (const item of items) {
    const known = topics.get(item.topic);
    if (known === undefined) topics.set(item.topic, [item]);
    else known.push(item);
  }
  return [...topics];
}
