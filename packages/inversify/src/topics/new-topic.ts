import type { NewTopic } from '@hearken/client-kafkajs';

/** A topic as it should be. Made by {@link newTopic}. */
export interface TopicDefinition {
  readonly name: string;
  /** @default 'default' */
  readonly cluster?: string;
  /** @default the broker's `num.partitions`; not compared */
  readonly partitions?: number;
  /** @default the broker's `default.replication.factor`; not compared */
  readonly replicas?: number;
  /** Whether the newest record of each key is kept for ever (`cleanup.policy=compact`). @default the broker's; not compared */
  readonly compact?: boolean;
  /** How long records are kept at least, in milliseconds, -1 for ever (`retention.ms`). @default the broker's */
  readonly retentionMs?: number;
  /** Other settings, by Kafka's names. */
  readonly config?: Readonly<Record<string, string | number | boolean>>;
}

/** What becomes of topics as the application starts. */
export interface TopicSettings {
  /** Whether topics that do not exist are created; else that is a difference. @default true */
  readonly autoCreate?: boolean;
  /**
   * What follows where a topic exists and differs. `'grow'` adds partitions that are missing, as Spring does - keys change
   * partitions by it - and warns of everything else. @default 'warn'
   */
  readonly onDifference?: 'warn' | 'grow' | 'fail';
  /**
   * Whether the start fails at once where no broker answers. Without it the application goes on: its listeners wait as long
   * as their `startTimeoutMs` says. Spring's option of that name. @default false
   */
  readonly fatalIfBrokerNotAvailable?: boolean;
}

/** A topic for `kafkaModule({ topics })`. */
export const newTopic = (name: string, options: Omit<TopicDefinition, 'name'> = {}): TopicDefinition => ({
  name,
  ...options,
});

/** Topic settings by Kafka's names. */
export const configOf = ({ compact, retentionMs, config }: TopicDefinition): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries({
      ...(compact === undefined ? {} : { 'cleanup.policy': compact ? 'compact' : 'delete' }),
      ...(retentionMs === undefined ? {} : { 'retention.ms': retentionMs }),
      ...config,
    }).map(([name, value]) => [name, String(value)]),
  );

/** As the admin client takes it. */
export const toNewTopic = (definition: TopicDefinition): NewTopic => ({
  topic: definition.name,
  partitions: definition.partitions,
  replicationFactor: definition.replicas,
  config: configOf(definition),
});
