import type { ConsumerRecord } from '@hearken/core';

type Record = ConsumerRecord<unknown, unknown>;

/**
 * The copy that `{ ...record, value }` makes has no headers, and where no serde made them neither key nor value: records
 * make them when asked, and no spread takes a getter along.
 */
export const withGetters = (copy: Record, record: Record): Record =>
  isComplete(copy) ? copy : completed(copy, record);

export const isComplete = (copy: Record): boolean => 'headers' in copy && 'key' in copy && 'value' in copy;

const completed = (copy: Partial<Record>, { key, value, headers }: Record): Record =>
  ({ key, value, headers, ...copy }) as Record;
