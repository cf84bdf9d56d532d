import { isTopicPartition } from './arguments.js';
import type { ResolvedContainerProperties } from './resolved-properties.js';

/** What can be read in a log, and holds no secret: the rest are objects and functions of the user's. */
export function plainly(properties: ResolvedContainerProperties): Readonly<Record<string, unknown>> {
  const written = Object.entries(properties as Readonly<Record<string, unknown>>).map(
    ([name, value]) => [name, value instanceof RegExp ? String(value) : value] as const,
  );
  return Object.fromEntries(written.filter(([, value]) => PLAIN.includes(typeof value) || isPlainList(value)));
}

const PLAIN: readonly string[] = ['string', 'number', 'boolean'];

const isPlainList = (value: unknown): boolean =>
  Array.isArray(value) && value.every((one) => typeof one === 'string' || isTopicPartition(one));
