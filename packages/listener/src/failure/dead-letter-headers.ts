import { DeserializationError, Headers, type ConsumerRecord, type HeaderValue } from '@hearken/core';
import { int32, int64 } from '../header-bytes.js';

/** As Spring Kafka writes them (`KafkaHeaders.DLT_*`), so that its services and tools read our dead letters, and we theirs. */
const PREFIX = 'kafka_dlt-';
const EXCEPTION_PREFIXES = [`${PREFIX}exception-`, `${PREFIX}key-exception-`];

/** Messages that quote what they were given would make a dead letter that no broker takes. */
const MAX_MESSAGE_BYTES = 4_096;

const TIMESTAMP_TYPES = { 'create-time': 'CreateTime', 'log-append-time': 'LogAppendTime' } as const;

export interface DeadLetterReason {
  readonly error: unknown;
  readonly groupId: string | undefined;
  /** Of the stack trace, in UTF-8. */
  readonly maxStackTraceBytes: number;
}

/**
 * The record's own headers, why it could not be processed, and where it came from. Of a record that has been a dead letter
 * before, the places it came from stay and the newest comes last, which is the one that readers take; what failed then goes.
 */
export function deadLetterHeaders(record: ConsumerRecord, reason: DeadLetterReason): Headers {
  const headers = Headers.from();
  for (const [name, value] of record.headers.entries()) if (!tellsException(name)) headers.add(name, value);
  for (const [name, value] of exceptionHeaders(reason)) headers.add(name, value);
  for (const [name, value] of originHeaders(record, reason.groupId)) headers.add(name, value);
  return headers;
}

const tellsException = (name: string): boolean => EXCEPTION_PREFIXES.some((prefix) => name.startsWith(prefix));

/** Of an error, whatever it says that these are. */
type Shown = Partial<Record<'message' | 'stack' | 'cause', unknown>>;
type NamedValue = readonly [name: string, value: HeaderValue];

const named = ([name, value]: NamedValue): NamedValue => [PREFIX + name, value];

/** Where a record came from. */
export const originHeaders = (record: ConsumerRecord, groupId: string | undefined): NamedValue[] =>
  (
    [
      ['original-topic', record.topic],
      ['original-partition', int32(record.partition)],
      ['original-offset', int64(record.offset)],
      ['original-timestamp', int64(record.timestamp)],
      ['original-timestamp-type', TIMESTAMP_TYPES[record.timestampType]],
      ...(groupId === undefined ? [] : [['original-consumer-group', groupId] as const]),
    ] as const
  ).map(named);

/** What it failed with. */
export function exceptionHeaders({ error, maxStackTraceBytes }: DeadLetterReason): NamedValue[] {
  const { message, stack, cause } = (error instanceof Error ? error : new Error(textOf(error))) as Shown;
  const kind = error instanceof DeserializationError && error.part === 'key' ? 'key-exception' : 'exception';
  return (
    [
      [`${kind}-fqcn`, classOf(error)],
      // Spring has one name for both.
      ...(cause === undefined ? [] : [['exception-cause-fqcn', classOf(cause)] as const]),
      [`${kind}-message`, capped(textOf(message), MAX_MESSAGE_BYTES)],
      [`${kind}-stacktrace`, capped(textOf(stack ?? message), maxStackTraceBytes)],
    ] as const
  ).map(named);
}

/** The class, as its name may be the base class's: `class NotFound extends Error {}` has the name 'Error'. */
const classOf = (error: unknown): string =>
  error instanceof Error ? textOf(error.name === 'Error' ? error.constructor.name : error.name) : typeof error;

/** Anything can be thrown, and anything be written into an error: a record must not be kept from its dead letter by that. */
function textOf(value: unknown): string {
  try {
    return String(value);
  } catch {
    return Object.prototype.toString.call(value); // it has no text of its own
  }
}

/** At most so many bytes, without half a character at the end. */
function capped(text: string, maxBytes: number): Buffer {
  const bytes = Buffer.from(text, 'utf8');
  let end = Math.min(bytes.length, maxBytes);
  while (end > 0 && end < bytes.length && isContinuation(bytes[end])) end--;
  return bytes.subarray(0, end);
}

const isContinuation = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80;
