import type { NewPartitions, NewTopic } from '@hearken/client-kafkajs';
import { configOf, toNewTopic, type TopicDefinition, type TopicSettings } from './new-topic.js';

/** A topic as it is. */
export interface ExistingTopic {
  readonly partitions: number;
  readonly replicas: number;
  /** By Kafka's names; what holds. */
  readonly config: Readonly<Record<string, string>>;
}

/** What has to be done so that topics are as they are defined. */
export interface TopicPlan {
  readonly create: readonly NewTopic[];
  readonly grow: readonly NewPartitions[];
  /** What differs and stays so, in words. */
  readonly differences: readonly string[];
}

/** What is defined against what there is. A topic is created or compared; one that is right is in none of the lists. */
export function planTopics(
  definitions: readonly TopicDefinition[],
  existing: ReadonlyMap<string, ExistingTopic>,
  { autoCreate = true, onDifference = 'warn' }: TopicSettings,
): TopicPlan {
  const create: NewTopic[] = [];
  const grow: NewPartitions[] = [];
  const differences: string[] = [];
  for (const definition of definitions) {
    const { name, partitions } = definition;
    const topic = existing.get(name);
    if (topic === undefined) {
      if (autoCreate) create.push(toNewTopic(definition));
      else differences.push(`topic '${name}' does not exist`);
      continue;
    }
    const canGrow = onDifference === 'grow' && partitions !== undefined && partitions > topic.partitions;
    if (canGrow) grow.push({ topic: name, partitions });
    differences.push(...differencesOf(definition, topic, !canGrow));
  }
  return { create, grow, differences };
}

function differencesOf(definition: TopicDefinition, topic: ExistingTopic, withPartitions: boolean): string[] {
  const { name, partitions, replicas } = definition;
  const wanted: [what: string, wanted: unknown, is: unknown][] = [
    ...(withPartitions && partitions !== undefined
      ? [['partitions', partitions, topic.partitions] as [string, unknown, unknown]]
      : []),
    ...(replicas === undefined ? [] : [['replicas', replicas, topic.replicas] as [string, unknown, unknown]]),
    ...Object.entries(configOf(definition)).map(([key, value]): [string, unknown, unknown] => [
      key,
      value,
      topic.config[key],
    ]),
  ];
  return wanted
    .filter(([, value, is]) => value !== is)
    .map(([what, value, is]) => `topic '${name}' should have ${what} ${String(value)} and has ${String(is)}`);
}
