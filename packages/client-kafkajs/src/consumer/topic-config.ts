import { describeConfigsApi } from '@hearken/protocol';
import { brokerError } from '../errors.js';
import type { ConsumerContext } from './consumer-context.js';
import { retrying } from './retrying.js';

/** Kafka's number of a topic among what has settings. */
const TOPIC = 2;

/** See `Consumer.topicConfig`. Retriable errors are retried within the request time-out. */
export function topicConfig(context: ConsumerContext, topic: string): Promise<Readonly<Record<string, string>>> {
  const { requestTimeoutMs: timeoutMs } = context.options;
  const request = {
    resources: [{ resourceType: TOPIC, resourceName: topic, configurationKeys: null }],
    includeSynonyms: false,
    includeDocumentation: false,
  };
  return retrying(
    context,
    async () => {
      const { results } = await context.cluster.askAny('control', describeConfigsApi, request, { timeoutMs });
      const refused = results.find(({ errorCode }) => errorCode !== 0);
      if (refused !== undefined) throw brokerError(refused.errorCode, `the configuration of topic ${topic}`);
      const entries = results.flatMap(({ configs }) => configs);
      return Object.fromEntries(entries.map(({ name, value }) => [name, value ?? '']));
    },
    { timeoutMs },
  );
}
