import type { PartitionInfo } from '@hearken/core';
import {
  boolean,
  custom,
  describe,
  integer,
  OptionsCheck,
  required,
  text,
  type OptionRules,
} from '@hearken/core/internal';
import { errorCodes, isRetriableError } from '@hearken/protocol';
import type { PartitionMetadata, TopicMetadata } from '../cluster/metadata.js';
import { brokerError } from '../errors.js';
import { retrying, throwIfAny, type AdminClient } from './admin-client.js';
import { listIn } from './arguments.js';

/** A topic to create. */
export interface NewTopic {
  readonly topic: string;
  /** @default the broker's `num.partitions` */
  readonly partitions?: number | undefined;
  /** @default the broker's `default.replication.factor` */
  readonly replicationFactor?: number | undefined;
  /** Node ids per partition, in place of `partitions` and `replicationFactor`; the first of each is the preferred leader. */
  readonly replicaAssignment?: readonly (readonly number[])[] | undefined;
  /** Topic settings by Kafka's names: `{ 'cleanup.policy': 'compact' }`. */
  readonly config?: Readonly<Record<string, string | number | boolean>> | undefined;
}

/** A topic to make larger. */
export interface NewPartitions {
  readonly topic: string;
  /** How many partitions it is to have in the end. Keys change partitions by it. */
  readonly partitions: number;
}

export interface TopicChangeOptions {
  /** Only check whether it could be done. @default false */
  readonly validateOnly?: boolean | undefined;
}

/** A topic as it is. */
export interface TopicDescription {
  readonly topic: string;
  /** Undefined for brokers before Kafka 2.8. */
  readonly topicId: string | undefined;
  readonly isInternal: boolean;
  readonly partitions: readonly PartitionInfo[];
}

interface TopicErrors {
  readonly topicErrors: readonly { topic: string; errorCode: number; errorMessage?: string | null }[];
}

const NEW_TOPIC: OptionRules<Required<NewTopic>> = {
  topic: required(text<string | undefined>(undefined)),
  partitions: integer<number | undefined>(undefined, { min: 1, max: 2 ** 31 - 1 }),
  replicationFactor: integer<number | undefined>(undefined, { min: 1, max: 2 ** 15 - 1 }),
  replicaAssignment: custom<NewTopic['replicaAssignment']>(undefined, (value) =>
    isListOfLists(value)
      ? undefined
      : `must be an array with an array of node ids per partition, got ${describe(value)}`,
  ),
  config: custom<NewTopic['config']>(undefined, (value) =>
    typeof value === 'object' && value !== null ? undefined : `must be an object, got ${describe(value)}`,
  ),
};

const NEW_PARTITIONS: OptionRules<NewPartitions> = {
  topic: required(text<string | undefined>(undefined)),
  partitions: required(integer<number | undefined>(undefined, { min: 1, max: 2 ** 31 - 1 })),
};

const CHANGE_OPTIONS = { validateOnly: boolean(false) };

const isListOfLists = (value: unknown): boolean =>
  Array.isArray(value) && value.every((nodes) => Array.isArray(nodes) && nodes.every((id) => Number.isInteger(id)));

/** See `KafkaAdmin.createTopics`. */
export async function createTopics(
  admin: AdminClient,
  given: readonly NewTopic[],
  options?: TopicChangeOptions,
): Promise<readonly string[]> {
  const { topics, validateOnly } = checked('createTopics', { given, options }, NEW_TOPIC, (check, topic, at) => {
    if (topic.replicaAssignment !== undefined && (topic.partitions ?? topic.replicationFactor) !== undefined) {
      check.problem(
        `${at}.replicaAssignment`,
        'says how many partitions and replicas there are: leave the numbers out',
      );
    }
  });
  const created = new Set<string>();
  await retrying(admin, async () => {
    const { topicErrors } = await changeTopics(admin, 'CreateTopics', { topics: topics.map(toKafkajs), validateOnly });
    for (const { topic, errorCode } of topicErrors) if (errorCode === 0) created.add(topic);
    throwIfAny(verdicts(topicErrors.filter(({ errorCode }) => errorCode !== errorCodes.TOPIC_ALREADY_EXISTS)));
  });
  if (!validateOnly)
    await untilLed(
      admin,
      topics.map(({ topic }) => ({ topic, partitions: 1 })),
    );
  return topics.map(({ topic }) => topic).filter((topic) => created.has(topic));
}

/** See `KafkaAdmin.createPartitions`. */
export async function createPartitions(
  admin: AdminClient,
  given: readonly NewPartitions[],
  options?: TopicChangeOptions,
): Promise<void> {
  const { topics, validateOnly } = checked('createPartitions', { given, options }, NEW_PARTITIONS);
  await retrying(admin, async (attempt) => {
    const topicPartitions = topics.map(({ topic, partitions }) => ({ topic, count: partitions }));
    const { topicErrors } = await changeTopics(admin, 'CreatePartitions', { topicPartitions, validateOnly });
    // The answer to the first attempt was lost -> it may have been carried out: as many as asked for are there.
    const isDone = (code: number): boolean => attempt > 1 && code === errorCodes.INVALID_PARTITIONS;
    throwIfAny(verdicts(topicErrors.filter(({ errorCode }) => !isDone(errorCode))));
  });
  if (!validateOnly) await untilLed(admin, topics);
}

/** See `KafkaAdmin.deleteTopics`. */
export async function deleteTopics(admin: AdminClient, topics: readonly string[]): Promise<void> {
  const before = new Map((await fetchTopics(admin, topics)).map(({ name, topicId }) => [name, topicId]));
  await retrying(admin, async (attempt) => {
    const { topicErrors } = await changeTopics(admin, 'DeleteTopics', { topics });
    // The answer to the first attempt was lost -> it may have been carried out.
    const isGone = (code: number): boolean => attempt > 1 && code === errorCodes.UNKNOWN_TOPIC_OR_PARTITION;
    throwIfAny(verdicts(topicErrors.filter(({ errorCode }) => !isGone(errorCode))));
  });
  await retrying(admin, async () => {
    for (const { name, topicId, errorCode } of await fetchTopics(admin, topics)) {
      const isThere = errorCode === 0 && topicId === before.get(name);
      if (isThere) throw brokerError(errorCodes.REQUEST_TIMED_OUT, `topic ${name}`, 'it is not deleted yet');
    }
  });
}

/** See `KafkaAdmin.describeTopics`. */
export async function describeTopics(
  admin: AdminClient,
  names: readonly string[],
): Promise<readonly TopicDescription[]> {
  return retrying(admin, async () => {
    const topics = await fetchTopics(admin, names);
    throwIfAny(topics.map(({ name, errorCode }) => ({ about: `topic ${name}`, errorCode })));
    return topics.map(toDescription);
  });
}

/** The topics as they are now, in the order of the names; errors are left in them. */
export async function fetchTopics(
  { cluster }: AdminClient,
  names: readonly string[],
): Promise<readonly TopicMetadata[]> {
  await cluster.metadata.refresh(names);
  return names.flatMap((name) => cluster.metadata.topic(name) ?? []);
}

/** Kafka answers when a change is written down; brokers hear of it, and choose leaders, a moment later. */
async function untilLed(admin: AdminClient, expected: readonly NewPartitions[]): Promise<void> {
  const counts = new Map(expected.map(({ topic, partitions }) => [topic, partitions]));
  await retrying(admin, async () => {
    for (const { name, errorCode, partitions } of await fetchTopics(admin, [...counts.keys()])) {
      if (errorCode !== 0 && !isRetriableError(errorCode)) throw brokerError(errorCode, `topic ${name}`);
      const isLed = partitions.length >= (counts.get(name) ?? 1) && partitions.every(({ leader }) => leader >= 0);
      if (!isLed)
        throw brokerError(errorCodes.LEADER_NOT_AVAILABLE, `topic ${name}`, 'not all partitions have a leader yet');
    }
  });
}

/** Topics are changed by the controller; which node that is may have changed since it was told last. */
async function changeTopics({ cluster, kafka }: AdminClient, name: string, args: object): Promise<TopicErrors> {
  await cluster.refreshNodes();
  const withTimeout = { ...args, timeout: kafka.requestTimeoutMs };
  return (await cluster.sendKafkajs(cluster.controllerId, name, withTimeout)) as TopicErrors;
}

const verdicts = (topics: TopicErrors['topicErrors']): Parameters<typeof throwIfAny>[0] =>
  topics.map(({ topic, errorCode, errorMessage }) => ({ about: `topic ${topic}`, errorCode, message: errorMessage }));

function checked<T extends object>(
  call: string,
  { given, options }: { readonly given: unknown; readonly options: TopicChangeOptions | undefined },
  rules: OptionRules<T>,
  checkPairs: (check: OptionsCheck, topic: T, at: string) => void = () => undefined,
): { readonly topics: T[]; readonly validateOnly: boolean } {
  const check = new OptionsCheck(call);
  const { validateOnly } = check.resolve(options, CHANGE_OPTIONS, 'options');
  const topics = listIn(check, 'topics', given).map((one, i) => {
    const topic = check.resolve(one, rules, `[${i}]`);
    checkPairs(check, topic, `[${i}]`);
    return topic;
  });
  check.throwIfAny();
  return { topics, validateOnly };
}

const toKafkajs = ({ topic, partitions, replicationFactor, replicaAssignment, config }: NewTopic): object => ({
  topic,
  numPartitions: partitions ?? -1,
  replicationFactor: replicationFactor ?? -1,
  replicaAssignment: replicaAssignment?.map((replicas, partition) => ({ partition, replicas })) ?? [],
  configEntries: Object.entries(config ?? {}).map(([name, value]) => ({ name, value: String(value) })),
});

const toDescription = ({ name, topicId, isInternal, partitions }: TopicMetadata): TopicDescription => ({
  topic: name,
  topicId,
  isInternal,
  partitions: partitions.map((partition) => toPartitionInfo(name, partition)),
});

const toPartitionInfo = (topic: string, from: PartitionMetadata): PartitionInfo => ({
  topic,
  partition: from.partition,
  leader: from.leader < 0 ? undefined : from.leader,
  replicas: from.replicas,
  inSyncReplicas: from.isr,
});
