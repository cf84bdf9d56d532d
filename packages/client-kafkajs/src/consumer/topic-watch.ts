import type { TopicPartition } from '@hearken/core';
import type { ConsumerContext } from './consumer-context.js';

/**
 * Which topics are subscribed to, and how many partitions topics have: what the group last joined with, and whether that
 * has changed since.
 */
export class TopicWatch {
  readonly #context: ConsumerContext;
  #subscribed: readonly string[] | RegExp = [];
  #joinedWith: readonly string[] = [];
  #assignedOver: ReadonlyMap<string, number> = new Map();

  constructor(context: ConsumerContext) {
    this.#context = context;
  }

  /** @param topics names, or a pattern that is matched against every topic but Kafka's internal ones */
  subscribe(topics: readonly string[] | RegExp): void {
    this.#subscribed = topics instanceof RegExp ? withoutState(topics) : [...new Set(topics)];
  }

  /**
   * Topics that are named, or match, may come later, but if none of the named ones exists somebody should be told. Asks
   * the brokers in either case.
   * @throws KafkaBrokerError `UNKNOWN_TOPIC_OR_PARTITION`; what prevented to ask
   */
  async requireAny(): Promise<void> {
    if (this.#subscribed instanceof RegExp) {
      await this.#matching();
      return;
    }
    const counts = await this.#countsOf(this.#subscribed);
    const missing = [...counts].filter(([, count]) => count === 0).map(([topic]) => topic);
    if (missing.length < counts.size) {
      if (missing.length > 0) this.#context.logger.warn({ topics: missing }, SOME_MISSING);
      this.#tellMissingPartitions(counts);
      return;
    }
    for (const topic of this.#subscribed) await this.#context.cluster.metadata.ensure(topic);
  }

  /** The topics to join the group with now. */
  async topics(): Promise<readonly string[]> {
    this.#assignedOver = new Map(); // whoever leads the next generation watches the counts
    this.#joinedWith = await this.#matching();
    return this.#joinedWith;
  }

  /** Those of topics that are subscribed to. */
  among(partitions: readonly TopicPartition[]): readonly TopicPartition[] {
    const subscribed = this.#subscribed;
    const isOurs = subscribed instanceof RegExp ? (topic: string) => subscribed.test(topic) : includedIn(subscribed);
    return partitions.filter(({ topic }) => isOurs(topic));
  }

  /** For the leader: the partition counts of those topics that exist, watched from now on. */
  async partitionCounts(topics: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const counts = await this.#countsOf(topics);
    this.#assignedOver = counts;
    return new Map([...counts].filter(([, count]) => count > 0));
  }

  /** Whether the group should join again: the pattern matches other topics, or (for the leader) partitions of the group came or went. */
  async hasChanged(): Promise<boolean> {
    const matching = await this.#matching();
    if (matching.length !== this.#joinedWith.length || matching.some((name, i) => name !== this.#joinedWith[i])) {
      return true;
    }
    const before = this.#assignedOver;
    const counts = await this.#countsOf([...before.keys()]);
    return (
      before === this.#assignedOver &&
      [...counts].some(([topic, count]) => this.#shared(topic, count) !== this.#shared(topic, before.get(topic)))
    );
  }

  /** How many of so many partitions the group shares out. */
  #shared(topic: string, count = 0): number {
    const part = this.#context.options.groupPartitions?.get(topic);
    return part?.filter((partition) => partition < count).length ?? count;
  }

  async #matching(): Promise<readonly string[]> {
    const subscribed = this.#subscribed;
    if (!(subscribed instanceof RegExp)) return subscribed;
    const names = await this.#context.cluster.metadata.allTopics();
    return names.filter((name) => subscribed.test(name)).sort();
  }

  /** Of what the group shares out of existing topics. */
  #tellMissingPartitions(counts: ReadonlyMap<string, number>): void {
    const { logger, options } = this.#context;
    const missing = [...(options.groupPartitions ?? [])].flatMap(([topic, partitions]) => {
      const count = counts.get(topic) ?? 0;
      return count === 0 ? [] : partitions.filter((n) => n >= count).map((partition) => ({ topic, partition }));
    });
    if (missing.length > 0) logger.warn({ partitions: missing }, PARTITIONS_MISSING);
  }

  /** 0 for a topic that does not exist. */
  async #countsOf(topics: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const { metadata } = this.#context.cluster;
    if (topics.length > 0) await metadata.refresh(topics);
    return new Map(topics.map((topic) => [topic, metadata.topic(topic)?.partitions.length ?? 0]));
  }
}

const SOME_MISSING = 'consumer: topics that do not exist, or that this client may not see, are read once they do';
const PARTITIONS_MISSING = 'consumer: partitions that do not exist are read once they do';

const includedIn = (topics: readonly string[]): ((topic: string) => boolean) => {
  const names = new Set(topics);
  return (topic) => names.has(topic);
};

/** Flags g and y make a RegExp remember where it stopped: the same name would match only every other time. */
const withoutState = (pattern: RegExp): RegExp => new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, ''));
