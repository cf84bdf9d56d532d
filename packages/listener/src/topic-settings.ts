import { isKafkaError, type Consumer, type Logger } from '@hearken/core';

/** How the topics are set that a container keeps something in: as far as it is told. */
export class TopicSettings {
  readonly #logger: Logger;
  /** Topics that were warned of, once each. */
  readonly #warned = new Set<string>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /**
   * @returns nothing where it is not told: it may not be seen (`DescribeConfigs`), or brokers are too old to be asked. Rejects if
   * they may tell it later
   */
  async of(consumer: Pick<Consumer, 'topicConfig'>, topic: string): Promise<Readonly<Record<string, string>>> {
    try {
      return (await consumer.topicConfig?.(topic)) ?? {};
    } catch (error) {
      if (isKafkaError(error) && error.retriable) throw error;
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
