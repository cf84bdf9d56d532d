import { Buffer } from 'node:buffer';
import { Headers, type HeadersInit, type ProducerRecord } from '@hearken/core';
import type { SendOptions } from '@hearken/template';
import { MAX_LEVELS } from '../levels.js';

/** The header that says a record's level, with the option `priorityHeader`: decimal digits. */
export const PRIORITY_HEADER = 'x-priority';

/** Field by field: a spread would take along what is no field of a record, and cost more. */
export function routedRecord<K, V>(
  topic: string,
  value: V,
  { key, partition, timestamp, headers }: SendOptions<K>,
  priority: number | undefined,
): ProducerRecord<K, V> {
  const record: { -readonly [Field in keyof ProducerRecord]: ProducerRecord<K, V>[Field] } =
    key === undefined ? { topic, value } : { topic, value, key };
  if (partition !== undefined) record.partition = partition;
  if (timestamp !== undefined) record.timestamp = timestamp;
  if (priority !== undefined) record.headers = withPriority(headers, priority);
  else if (headers !== undefined) record.headers = headers;
  return record;
}

/** Made once: most records have no other headers. */
const LEVEL_HEADERS: readonly Readonly<Record<string, Buffer>>[] = Array.from({ length: MAX_LEVELS }, (_, priority) =>
  Object.freeze({ [PRIORITY_HEADER]: Buffer.from(String(priority)) }),
);

/** Headers that are none go on as they are: the template says what is wrong with them. */
function withPriority(headers: HeadersInit | undefined, priority: number): HeadersInit {
  const ofLevel = LEVEL_HEADERS[priority] ?? {};
  if (headers === undefined) return ofLevel;
  try {
    return Headers.from(headers).set(PRIORITY_HEADER, ofLevel[PRIORITY_HEADER] ?? null);
  } catch {
    return headers;
  }
}
