import type { ProducerRecord } from '@hearken/core';
import { describe } from '@hearken/core/internal';

const isIndex = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

/** What is wrong with a record before anyone looks at its bytes; undefined if nothing is. Never shows key or value. */
export function invalidRecord(record: ProducerRecord<unknown, unknown>): string | undefined {
  if (typeof record !== 'object' || (record as unknown) === null)
    return `a record must be an object, got ${describe(record)}`;
  const { topic, partition, timestamp, value } = record;
  if (typeof topic !== 'string' || topic === '') return `the topic must be a non-empty string, got ${describe(topic)}`;
  if (value === undefined) return 'the value is undefined; null would be a tombstone';
  if (partition !== undefined && !isIndex(partition)) {
    return `the partition must be a whole number >= 0, got ${describe(partition)}`;
  }
  if (timestamp !== undefined && !isIndex(timestamp)) {
    return `the timestamp must be milliseconds since 1970, got ${describe(timestamp)}`;
  }
  return undefined;
}
