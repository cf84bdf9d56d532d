import type { ConsumerRecord } from '@hearken/core';
import { unawaited } from '@hearken/core/internal';
import { InvalidFilterResultError } from '../errors.js';

/** Says which records a listener is to get: true keeps, as with `Array.filter`. Synchronous; it sees the decoded record. */
export type RecordFilter<K, V> = (record: ConsumerRecord<K, V>) => boolean;

/**
 * Whether the listener is to get the record.
 * @throws whatever the filter throws, and InvalidFilterResultError if it returns no boolean: a promise would keep everything
 */
export function keeps(filter: RecordFilter<unknown, unknown>, record: ConsumerRecord<unknown, unknown>): boolean {
  const result: unknown = filter(record);
  if (typeof result === 'boolean') return result;
  unawaited(result); // what it rejects with comes too late to matter
  throw new InvalidFilterResultError(result);
}
