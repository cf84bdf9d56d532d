import { Headers, type ProducerRecord } from '@hearken/core';
import { describe } from '@hearken/core/internal';
import { SendError } from './errors.js';

/**
 * The record, if it can be serialised and sent. Looks at everything but key and value, and never shows those.
 * @param lastGood what the error carries if this is no record at all
 * @throws SendError `INVALID_RECORD`
 */
export function checked<K, V>(record: ProducerRecord<K, V>, lastGood = record): ProducerRecord<K, V> {
  const problem = problemOf(record);
  if (problem === undefined) return record;
  throw new SendError(lastGood, problem, { code: 'INVALID_RECORD' });
}

/**
 * A copy: serdes may add to it, and the caller may send the same record again.
 * @throws SendError `INVALID_RECORD`
 */
export function headersOf<K, V>(record: ProducerRecord<K, V>): Headers | undefined {
  if (record.headers === undefined) return undefined;
  try {
    return Headers.from(record.headers);
  } catch (cause) {
    throw new SendError(record, (cause as Error).message, { code: 'INVALID_RECORD', cause });
  }
}

const isIndex = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

function problemOf(record: ProducerRecord<unknown, unknown>): string | undefined {
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
