import { AssertionError } from 'node:assert';
import { isDeepStrictEqual } from 'node:util';
import { Headers, type HeadersInit } from '@hearken/core';

/** What can be matched: a record that was read, or one that was sent. */
export interface MatchableRecord {
  readonly topic: string;
  readonly partition?: number;
  readonly offset?: number;
  readonly timestamp?: number;
  readonly key?: unknown;
  readonly value: unknown;
  readonly headers?: HeadersInit;
}

/**
 * What a test says about a record; what it does not say may be anything. Where the record holds bytes, a string is compared
 * with them as UTF-8 text, and anything but null and a Buffer with them as JSON.
 */
export interface RecordPattern {
  readonly topic?: string;
  readonly partition?: number;
  readonly offset?: number;
  readonly timestamp?: number;
  readonly key?: unknown;
  readonly value?: unknown;
  /** The last value of each name, or all of them as an array; undefined is a name that must be absent. Others may be there. */
  readonly headers?: Readonly<Record<string, HeaderPattern | readonly HeaderPattern[] | undefined>>;
}

type HeaderPattern = string | Buffer | null;

/** For `find`, `some`, `filter` and `assert.ok`: `records.find(matchRecord({ key: 'customer-7', value: { total: 12 } }))`. */
export const matchRecord =
  (pattern: RecordPattern): ((record: MatchableRecord) => boolean) =>
  (record) =>
    isDeepStrictEqual(seenAs(pattern, record), said(pattern));

/** @throws AssertionError with the difference, in what the pattern says only */
export function assertRecord(record: MatchableRecord | undefined, pattern: RecordPattern): void {
  compare(record && seenAs(pattern, record), said(pattern), assertRecord);
}

/** One pattern for each record, in their order. @throws AssertionError with the difference of the whole lists */
export function assertRecords(records: readonly MatchableRecord[], patterns: readonly RecordPattern[]): void {
  const seen = records.map((record, i) => seenAs(patterns[i] ?? { ...record, headers: {} }, record));
  compare(seen, patterns.map(said), assertRecords);
}

function compare(actual: unknown, expected: unknown, stackStartFn: typeof assertRecord | typeof assertRecords): void {
  if (isDeepStrictEqual(actual, expected)) return;
  throw new AssertionError({ actual, expected, operator: 'deepStrictEqual', stackStartFn });
}

/** The pattern without what it leaves open. */
function said({ headers, ...fields }: RecordPattern): Record<string, unknown> {
  const given = Object.fromEntries(Object.entries(fields).filter(([, field]) => field !== undefined));
  return headers === undefined ? given : { ...given, headers: { ...headers } };
}

/** The record as the pattern looks at it: the same fields, and bytes in the form in which it spells them. */
function seenAs(pattern: RecordPattern, record: MatchableRecord): Record<string, unknown> {
  const { headers, ...fields } = said(pattern) as RecordPattern;
  const names = Object.keys(fields) as (keyof typeof fields)[];
  const seen = Object.fromEntries(names.map((name) => [name, inFormOf(fields[name], record[name])]));
  return headers === undefined ? seen : { ...seen, headers: headersSeenAs(headers, Headers.from(record.headers)) };
}

const headersSeenAs = (pattern: NonNullable<RecordPattern['headers']>, headers: Headers): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(pattern).map(([name, wanted]) => [
      name,
      Array.isArray(wanted)
        ? headers.getAll(name).map((value, i) => inFormOf((wanted as readonly HeaderPattern[])[i] ?? '', value))
        : inFormOf(wanted ?? '', headers.get(name)),
    ]),
  );

function inFormOf(wanted: unknown, actual: unknown): unknown {
  if (!Buffer.isBuffer(actual) || wanted === null || Buffer.isBuffer(wanted)) return actual;
  const text = actual.toString('utf8');
  return typeof wanted === 'string' ? text : parsedOrText(text);
}

/** What is no JSON shows as its text in the difference. */
function parsedOrText(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
