import type { ConsumerRecord } from '@hearken/core';

type Record = ConsumerRecord<unknown, unknown>;

/** The copy that `{ ...record, value }` makes has no headers: records parse them when asked, and no spread takes a getter along. */
export const withHeaders = (copy: Record, { headers }: Record): Record =>
  'headers' in copy ? copy : { ...(copy as Record), headers };
