import { inspect } from 'node:util';
import type { ConsumerRecord } from '@hearken/core';
import { describePartition } from '@hearken/core/internal';

const LONGEST = 60;

/** "orders-0 offset 4: 'customer-7' => { total: 12 }", on one line, for messages of tests. */
export const describeRecord = (record: ConsumerRecord<unknown, unknown>): string =>
  `${describePartition(record)} offset ${record.offset}: ${brief(record.key)} => ${brief(record.value)}`;

function brief(part: unknown): string {
  const text = inspect(Buffer.isBuffer(part) ? part.toString() : part, { breakLength: Infinity, compact: true });
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}
