import type { TopicPartition } from '@hearken/core';
import { describe, durationMs, integer, OptionsCheck, required } from '@hearken/core/internal';

/** Whether it is a whole number from 0: a partition's, or an offset. */
export const isIndex = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

const isTopicName = (value: unknown): value is string => typeof value === 'string' && value !== '';

export function isTopicPartition(value: unknown): value is TopicPartition {
  const { topic, partition } = (value ?? {}) as Partial<TopicPartition>;
  return typeof topic === 'string' && topic !== '' && isIndex(partition);
}

/**
 * What is neither would match nothing, and nobody would notice.
 * @param call what the error names: "pause"
 * @throws KafkaConfigError that names every entry that is no topic and no partition
 */
export function requireTargets(call: string, targets: unknown): void {
  const check = new OptionsCheck(call);
  const expected = 'topic names and { topic, partition }';
  if (Array.isArray(targets)) {
    targets.forEach((one: unknown, i) => {
      if (!isTopicName(one) && !isTopicPartition(one))
        check.problem(`targets[${i}]`, `must be a topic name or { topic, partition }, got ${shown(one)}`);
    });
  } else check.problem('targets', `must be a list of ${expected}, got ${describe(targets)}`);
  check.throwIfAny();
}

/** @throws KafkaConfigError unless it is a partition */
export function requirePartition(call: string, partition: unknown): void {
  if (isTopicPartition(partition)) return;
  refuse(call, 'partition', `must be { topic, partition }, got ${shown(partition)}`);
}

/** @throws KafkaConfigError unless it is an offset */
export function requireOffset(call: string, offset: unknown): void {
  if (!isIndex(offset)) refuse(call, 'offset', `must be a whole number from 0, got ${describe(offset)}`);
}

/** @throws KafkaConfigError unless it is a whole number of milliseconds that a timer can hold */
export function requireDuration(call: string, name: string, value: unknown): void {
  const check = new OptionsCheck(call);
  check.resolve({ [name]: value }, { [name]: required(durationMs(undefined)) });
  check.throwIfAny();
}

/** @throws KafkaConfigError unless so many listeners may run at once */
export function requireConcurrency(concurrency: unknown): void {
  const check = new OptionsCheck('concurrency');
  check.resolve({ concurrency }, { concurrency: required(integer(undefined, { min: 1 })) });
  check.throwIfAny();
}

/** @throws KafkaConfigError unless it is a function */
export function requireFunction(call: string, name: string, value: unknown): void {
  if (typeof value !== 'function') refuse(call, name, `must be a function, got ${describe(value)}`);
}

/** @throws KafkaConfigError unless it is an offset, or a function that may make one */
export function requireSeekTarget(call: string, to: unknown): void {
  if (typeof to !== 'function') requireOffset(call, to);
}

/** @throws KafkaConfigError unless it is a whole number of milliseconds since 1970 */
export function requireTimestamp(call: string, timestampMs: unknown): void {
  if (!isIndex(timestampMs)) refuse(call, 'timestampMs', `must be a whole number from 0, got ${describe(timestampMs)}`);
}

function refuse(call: string, name: string, problem: string): void {
  const check = new OptionsCheck(call);
  check.problem(name, problem);
  check.throwIfAny();
}

const shown = (value: unknown): string => {
  if (typeof value !== 'object' || value === null) return describe(value);
  const { topic, partition } = value as Partial<TopicPartition>;
  return `{ topic: ${describe(topic)}, partition: ${describe(partition)} }`;
};
