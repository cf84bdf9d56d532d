import { codeOf, type Consumer } from '@hearken/core';
import { MissingTopicsError } from './errors.js';

/**
 * Asks for what every topic has, a partition 0, because a consumer has no other way to look for a topic.
 * @throws MissingTopicsError that names all that do not exist; whatever else prevented to ask
 */
export async function requireTopics(consumer: Pick<Consumer, 'endOffsets'>, topics: readonly string[]): Promise<void> {
  const found = await Promise.all(topics.map((topic) => topicExists(consumer, topic)));
  const missing = topics.filter((_topic, i) => found[i] === false);
  if (missing.length > 0) throw new MissingTopicsError(missing);
}

/** Whether there is such a topic; to ask does not make it. */
export async function topicExists(consumer: Pick<Consumer, 'endOffsets'>, topic: string): Promise<boolean> {
  try {
    await consumer.endOffsets([{ topic, partition: 0 }]);
    return true;
  } catch (error) {
    if (codeOf(error) === 'UNKNOWN_TOPIC_OR_PARTITION') return false;
    throw error;
  }
}
