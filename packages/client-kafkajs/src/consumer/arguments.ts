import {
  IllegalStateError,
  KafkaError,
  type ConsumerRebalanceListener,
  type TopicPartition,
  type TopicPartitionOffset,
} from '@hearken/core';
import { describe, describePartition, hasMethods } from '@hearken/core/internal';
import { errorCodes } from '@hearken/protocol';
import { brokerError } from '../errors.js';
import { byTopic } from './by-topic.js';
import type { ConsumerCluster, ConsumerContext } from './consumer-context.js';

/** @throws KafkaError `INVALID_PARTITION` for what is no partition: one that a request cannot hold would fail the others */
export function requirePartitionNames(partitions: readonly TopicPartition[]): void {
  if (!Array.isArray(partitions)) throw notPartitions(partitions);
  for (const one of partitions as unknown[]) {
    const { topic, partition } = (one ?? {}) as Partial<TopicPartition>;
    const isOne =
      typeof topic === 'string' && topic !== '' && Number.isSafeInteger(partition) && (partition ?? -1) >= 0;
    if (!isOne) throw notPartitions(one);
  }
}

/** @throws KafkaError `INVALID_PARTITION` */
export function requirePartitionName(partition: TopicPartition): void {
  requirePartitionNames([partition]);
}

const notPartitions = (got: unknown): KafkaError =>
  new KafkaError(`a list of { topic, partition } is needed, got ${describe(got)}`, { code: 'INVALID_PARTITION' });

/** @throws KafkaError `INVALID_OFFSET` */
export function requireOffset(partition: TopicPartition, offset: number): void {
  if (Number.isSafeInteger(offset) && offset >= 0) return;
  throw new KafkaError(`${describePartition(partition)}: an offset is a whole number from 0, got ${describe(offset)}`, {
    code: 'INVALID_OFFSET',
  });
}

/** @throws KafkaError `INVALID_OFFSET` for what no commit can hold */
export function requireCommit(commit: TopicPartitionOffset): void {
  requireOffset(commit, commit.offset);
  const { metadata } = commit as { readonly metadata?: unknown };
  if (metadata === undefined || typeof metadata === 'string') return;
  throw new KafkaError(`${describePartition(commit)}: the metadata of a commit is text, got ${describe(metadata)}`, {
    code: 'INVALID_OFFSET',
  });
}

/** @throws KafkaError `INVALID_PARTITION`, `INVALID_ARGUMENT` */
export function requireTimes(times: readonly (TopicPartition & { readonly timestamp: number })[]): void {
  requirePartitionNames(times);
  const wrong = times.find(({ timestamp }) => !(Number.isSafeInteger(timestamp) && timestamp >= 0));
  if (wrong === undefined) return;
  const rule = 'a timestamp is a whole number of milliseconds since 1970';
  throw invalid(`${describePartition(wrong)}: ${rule}, got ${describe(wrong.timestamp)}`);
}

/** What is wrong with the arguments of a poll: an `INVALID_ARGUMENT`, as it is not thrown but rejected with. */
export function pollProblem(timeoutMs: number, maxRecords: number): KafkaError | undefined {
  if (isNumber(timeoutMs) && isNumber(maxRecords)) return undefined;
  const got = `got ${describe(timeoutMs)} and ${describe(maxRecords)}`;
  return invalid(`poll takes how many milliseconds to wait, and how many records at most, ${got}`);
}

const isNumber = (value: unknown): boolean => typeof value === 'number' && !Number.isNaN(value);

/** @throws KafkaError `INVALID_ARGUMENT` */
export function requireListener(listener: ConsumerRebalanceListener | undefined): void {
  const methods = ['onPartitionsAssigned', 'onPartitionsRevoked', 'onPartitionsLost'];
  if (listener === undefined || hasMethods(listener, methods)) return;
  throw invalid(`a rebalance listener has the methods ${methods.join(', ')}, got ${describe(listener)}`);
}

const invalid = (message: string): KafkaError => new KafkaError(message, { code: 'INVALID_ARGUMENT' });

/** @throws KafkaError `INVALID_ARGUMENT` */
export function requireTopic(topic: string): void {
  if (typeof topic === 'string' && topic !== '') return;
  throw invalid(`the name of a topic is needed, got ${describe(topic)}`);
}

/** @throws IllegalStateError `NO_TOPICS` */
export function requireTopics(topics: readonly string[] | RegExp): void {
  if (topics instanceof RegExp) return;
  if (Array.isArray(topics) && topics.length > 0 && topics.every((topic) => typeof topic === 'string' && topic !== ''))
    return;
  throw new IllegalStateError('subscribe takes a pattern, or at least one name of a topic', 'NO_TOPICS');
}

/**
 * Resolves if all of these exist, as metadata tells it now.
 * @throws KafkaError `INVALID_PARTITION`; KafkaBrokerError `UNKNOWN_TOPIC_OR_PARTITION`
 */
export async function requirePartitions(
  { cluster }: ConsumerContext,
  partitions: readonly TopicPartition[],
): Promise<void> {
  requirePartitionNames(partitions);
  await Promise.all(
    byTopic(partitions).map(async ([topic, items]) => {
      if (items.every((item) => isKnown(cluster, item))) return;
      await cluster.metadata.ensure(topic);
      // The cache may be from before partitions were added.
      if (!items.every((item) => isKnown(cluster, item))) await cluster.metadata.refresh([topic]);
      const missing = items.find((item) => !isKnown(cluster, item));
      if (missing !== undefined) throw noPartition(cluster, missing);
    }),
  );
}

const isKnown = (cluster: ConsumerCluster, { topic, partition }: TopicPartition): boolean =>
  cluster.metadata.topic(topic)?.partitions[partition] !== undefined;

function noPartition(cluster: ConsumerCluster, partition: TopicPartition): KafkaError {
  const count = cluster.metadata.topic(partition.topic)?.partitions.length ?? 0;
  const hint = `the topic has ${count} partitions, numbered from 0`;
  return brokerError(errorCodes.UNKNOWN_TOPIC_OR_PARTITION, describePartition(partition), hint);
}
