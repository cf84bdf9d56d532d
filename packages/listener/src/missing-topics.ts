import { codeOf, type Consumer } from '@hearken/core';
import { MissingTopicsError } from './errors.js';

/** What can be asked whether there is a topic. */
type TopicSource = Pick<Consumer, 'partitionsFor' | 'endOffsets'>;

/** @throws MissingTopicsError that names all that do not exist; whatever else prevented to ask */
export async function requireTopics(consumer: TopicSource, topics: readonly string[]): Promise<void> {
  const found = await Promise.all(topics.map((topic) => topicExists(consumer, topic)));
  const missing = topics.filter((_topic, i) => found[i] === false);
  if (missing.length > 0) throw new MissingTopicsError(missing);
}

/**
 * Whether there is such a topic; to ask does not make it. A consumer that cannot tell is asked for what every topic has, a
 * partition 0: that has to have a leader.
 */
export async function topicExists(consumer: TopicSource, topic: string): Promise<boolean> {
  try {
    if (consumer.partitionsFor === undefined) await consumer.endOffsets([{ topic, partition: 0 }]);
    else await consumer.partitionsFor(topic);
    return true;
  } catch (error) {
    if (codeOf(error) === 'UNKNOWN_TOPIC_OR_PARTITION') return false;
    throw error;
  }
}
