import type { TopicPartition } from '@hearken/core';
import { describe, durationMs, OptionsCheck, required } from '@hearken/core/internal';

/** Whether it is a whole number from 0: a partition's, or an offset. */
export const isIndex = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

export function isTopicPartition(value: unknown): value is TopicPartition {
  const { topic, partition } = (value ?? {}) as Partial<TopicPartition>;
  return typeof topic === 'string' && topic !== '' && isIndex(partition);
}

/**
 * What is no partition would match none, and nobody would notice.
 * @param call what the error names: "pause"
 * @throws KafkaConfigError that names every entry that is no partition
 */
export function requirePartitions(call: string, partitions: unknown): void {
  const check = new OptionsCheck(call);
  if (Array.isArray(partitions)) {
    partitions.forEach((one: unknown, i) => {
      if (!isTopicPartition(one)) check.problem(`partitions[${i}]`, `must be { topic, partition }, got ${shown(one)}`);
    });
  } else {
    check.problem('partitions', `must be a list of { topic, partition }, got ${describe(partitions)}`);
  }
  check.throwIfAny();
}

/** @throws KafkaConfigError unless it is a whole number of milliseconds that a timer can hold */
export function requireDuration(call: string, name: string, value: unknown): void {
  const check = new OptionsCheck(call);
  check.resolve({ [name]: value }, { [name]: required(durationMs(undefined)) });
  check.throwIfAny();
}

const shown = (value: unknown): string => {
  if (typeof value !== 'object' || value === null) return describe(value);
  const { topic, partition } = value as Partial<TopicPartition>;
  return `{ topic: ${describe(topic)}, partition: ${describe(partition)} }`;
};
