import { isUtf8 } from 'node:buffer';
import { codeOf } from '@hearken/core';
import type { Attributes } from '@opentelemetry/api';

/** What OpenTelemetry's semantic conventions call it (1.30): messaging, and Kafka's part of that. Ours is the attempt, which has no name there. */
export const ATTRIBUTE = {
  system: 'messaging.system',
  operationName: 'messaging.operation.name',
  operationType: 'messaging.operation.type',
  topic: 'messaging.destination.name',
  partition: 'messaging.destination.partition.id',
  group: 'messaging.consumer.group.name',
  batchSize: 'messaging.batch.message_count',
  offset: 'messaging.kafka.offset',
  key: 'messaging.kafka.message.key',
  tombstone: 'messaging.kafka.message.tombstone',
  errorType: 'error.type',
  attempt: 'hearken.attempt',
} as const;

/** What the conventions called otherwise since, by 1.45. */
const RENAMED: Readonly<Record<string, string>> = {
  [ATTRIBUTE.system]: 'messaging.system.name',
  [ATTRIBUTE.offset]: 'kafka.offset',
  [ATTRIBUTE.key]: 'kafka.message.key',
  [ATTRIBUTE.tombstone]: 'kafka.message.tombstone',
};

/**
 * Under which names attributes are written.
 * @param optIn OTEL_SEMCONV_STABILITY_OPT_IN, a list: `messaging` asks for the later names, `messaging/dup` for both
 */
export function naming(optIn = ''): (attributes: Attributes) => Attributes {
  const asked = optIn.split(',').map((one) => one.trim());
  if (asked.includes('messaging/dup')) return (attributes) => ({ ...attributes, ...renamed(attributes) });
  return asked.includes('messaging') ? renamed : (attributes) => attributes;
}

const renamed = (attributes: Attributes): Attributes =>
  Object.fromEntries(Object.entries(attributes).map(([name, value]) => [RENAMED[name] ?? name, value]));

/** A key as text, if there is one way to write it: bytes that are no text, and objects, have none. */
export function stringOf(key: unknown): string | undefined {
  if (typeof key === 'string') return key;
  if (typeof key === 'number' || typeof key === 'bigint' || typeof key === 'boolean') return String(key);
  return Buffer.isBuffer(key) && isUtf8(key) ? key.toString('utf8') : undefined;
}

/** An error's code, else its name. `_OTHER` is the conventions' word for what has neither. */
export const errorTypeOf = (error: unknown): string =>
  codeOf(error) ?? (error instanceof Error ? error.name : '_OTHER');
