import { codeOf, type Consumer, type Logger } from '@hearken/core';

/** It may not be seen, or brokers are too old to be asked. */
const NOT_TOLD: ReadonlySet<unknown> = new Set([
  'TOPIC_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
  'UNSUPPORTED_VERSION',
]);

/** How the topics are set that a container keeps something in: as far as it is told. */
export class TopicSettings {
  readonly #logger: Logger;
  /** Topics that were warned of, once each. */
  readonly #warned = new Set<string>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** @returns nothing where it is not told. Rejects with what else prevented to ask. */
  async of(consumer: Pick<Consumer, 'topicConfig'>, topic: string): Promise<Readonly<Record<string, string>>> {
    try {
      return (await consumer.topicConfig?.(topic)) ?? {};
    } catch (error) {
      if (!NOT_TOLD.has(codeOf(error))) throw error;
      this.warnOnce(topic, { error }, 'how a topic is set may not be seen, so its cleanup.policy is not checked');
      return {};
    }
  }

  warnOnce(topic: string, details: object, message: string): void {
    if (this.#warned.has(topic)) return;
    this.#warned.add(topic);
    this.#logger.warn({ topic, ...details }, message);
  }
}

/** The single words of a `cleanup.policy`. */
export const policiesOf = (cleanupPolicy: string): readonly string[] =>
  cleanupPolicy.split(',').map((policy) => policy.trim());
