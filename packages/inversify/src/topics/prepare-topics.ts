import type { KafkaAdmin } from '@hearken/client-kafkajs';
import { KafkaError, type Logger } from '@hearken/core';
import type { TopicDefinition, TopicSettings } from './new-topic.js';
import { planTopics, type ExistingTopic } from './topic-plan.js';

/** What is needed of an admin client. */
export type TopicAdmin = Pick<
  KafkaAdmin,
  'listTopics' | 'describeTopics' | 'topicConfigs' | 'createTopics' | 'createPartitions'
>;

/**
 * Makes topics of one cluster as they are defined, as far as the settings allow.
 * @throws KafkaError `TOPIC_DIFFERS` with all differences if they are to fail; whatever the admin client rejects with
 */
export async function prepareTopics(
  admin: TopicAdmin,
  definitions: readonly TopicDefinition[],
  settings: TopicSettings,
  logger: Logger,
): Promise<void> {
  const { create, grow, differences } = planTopics(definitions, await existingTopics(admin, definitions), settings);
  if (settings.onDifference === 'fail' && differences.length > 0) {
    throw new KafkaError(differences.join('; '), { code: 'TOPIC_DIFFERS' });
  }
  for (const difference of differences) logger.warn({}, difference);
  if (create.length > 0) {
    const created = await admin.createTopics(create);
    logger.info({ topics: created }, 'topics were created');
  }
  if (grow.length > 0) {
    await admin.createPartitions(grow);
    logger.info({ topics: grow }, 'topics got more partitions');
  }
}

async function existingTopics(
  admin: TopicAdmin,
  definitions: readonly TopicDefinition[],
): Promise<ReadonlyMap<string, ExistingTopic>> {
  const all = new Set(await admin.listTopics());
  const names = definitions.map(({ name }) => name).filter((name) => all.has(name));
  if (names.length === 0) return new Map();
  const [topics, configs] = await Promise.all([admin.describeTopics(names), admin.topicConfigs(names)]);
  return new Map(
    topics.map(({ topic, partitions }) => [
      topic,
      {
        partitions: partitions.length,
        replicas: partitions[0]?.replicas.length ?? 0,
        config: configs.get(topic) ?? {},
      },
    ]),
  );
}
