import { PriorityListenerContainer } from '@hearken/priority';
import type { RegisteredListener } from '../registry/registered-listener.js';
import type { ListenerFacts } from './start-checks.js';

/** What start checks look at. A priority listener is as many as it has levels, each with a group of its own. */
export function factsOf(listener: RegisteredListener): readonly ListenerFacts[] {
  const { container } = listener;
  if (!(container instanceof PriorityListenerContainer)) return [facts(listener, listener.id, container.properties)];
  return container.levels.map(({ name, container: level }) =>
    facts(listener, `${listener.id} ${name}`, level.properties),
  );
}

function facts(listener: RegisteredListener, id: string, properties: Readonly<Record<string, unknown>>): ListenerFacts {
  const { topics, topicPartitions, groupId, handlerTimeoutMs } = properties as {
    readonly topics?: readonly string[];
    readonly topicPartitions?: readonly { readonly topic: string }[];
    readonly groupId?: string;
    readonly handlerTimeoutMs?: number;
  };
  const read = topics ?? topicPartitions?.map(({ topic }) => topic);
  return {
    id,
    cluster: listener.cluster,
    groupId,
    topics: read && [...new Set(read)],
    isMember: topicPartitions === undefined,
    deadLetterTopic: (topic) => deadLetterTopicOf(listener.setting('errorHandler'), topic),
    handlerTimeoutMs,
    maxPollIntervalMs: Number(listener.setting('consumer.maxPollIntervalMs')),
  };
}

/** As `DeadLetterPublishingRecoverer` says, or another recoverer that has the method. */
function deadLetterTopicOf(errorHandler: unknown, topic: string): string | undefined {
  const { recoverer } = (errorHandler ?? {}) as { readonly recoverer?: { deadLetterTopic?(topic: string): unknown } };
  const name = recoverer?.deadLetterTopic?.(topic);
  return typeof name === 'string' ? name : undefined;
}
