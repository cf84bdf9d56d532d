import { Headers, type ConsumerRecord, type HeaderValue } from '@hearken/core';
import { exceptionHeaders, originHeaders } from '../failure/dead-letter-headers.js';
import { int64, readInt32, readInt64 } from '../header-bytes.js';
import type { Flight } from './flights.js';

/** The first of the headers that parking adds: those before it are the record's own. It says what it is: `record`, `end`, `owner`. */
const PARKED = 'hearken_parked';
/** Of an end marker: the original offset up to which its key is worked off. */
const THROUGH = 'hearken_parked-through';
/** Of the group, when an owner began; of what it signs, too. */
const GENERATION = 'hearken_parked-generation';
/** Of an owner marker: whose, as no other is called. */
const OWNER = 'hearken_parked-owner';
/** Of a record that was sent with others: the flight's name, index and size, and what it is behind. */
const FLIGHT = 'hearken_parked-flight';

const ORIGINAL = 'kafka_dlt-original-';
/** Who parked the record, or wrote the marker. */
const GROUP = `${ORIGINAL}consumer-group`;

/** Instead of an error: the record did not fail, it follows one of its key that did. */
export const FOLLOWS = Symbol('hearken: follows a parked record');

const MAX_STACK_TRACE_BYTES = 4_096;

export interface ParkedHeaders {
  /** What it failed with; `FOLLOWS` if it did not. */
  readonly error: unknown;
  readonly groupId: string | undefined;
  /** By which it is signed; undefined if it is not. */
  readonly generation: number | undefined;
  readonly flight?: Flight | undefined;
}

/** The record's own headers, then where it came from and what it failed with: names and encodings as of a dead letter. */
export function parkedHeaders(record: ConsumerRecord, { error, groupId, generation, flight }: ParkedHeaders): Headers {
  const headers = Headers.from(record.headers);
  headers.add(PARKED, 'record');
  for (const [name, value] of originHeaders(record, groupId)) headers.add(name, value);
  if (generation !== undefined) headers.add(GENERATION, int64(generation));
  if (flight !== undefined) headers.add(FLIGHT, [flight.id, flight.index, flight.size, flight.behind].join('/'));
  if (error === FOLLOWS) return headers;
  const why = { error, groupId, maxStackTraceBytes: MAX_STACK_TRACE_BYTES };
  for (const [name, value] of exceptionHeaders(why)) headers.add(name, value);
  return headers;
}

const groupHeader = (groupId: string | undefined): (readonly [string, string])[] =>
  groupId === undefined ? [] : [[GROUP, groupId]];

export const endMarkerHeaders = (through: number, groupId: string | undefined): Headers =>
  Headers.from([[PARKED, 'end'], [THROUGH, int64(through)], ...groupHeader(groupId)]);

/** Says that an owner of the partition begins. */
export interface OwnerMark {
  readonly owner: string;
  readonly generation: number;
}

export const ownerMarkerHeaders = ({ owner, generation }: OwnerMark, groupId: string | undefined): Headers =>
  Headers.from([[PARKED, 'owner'], [OWNER, owner], [GENERATION, int64(generation)], ...groupHeader(groupId)]);

/** Whether it says something of another group's records: a parked topic may have several. What was put there by hand is everybody's. */
export const isForeign = ({ headers }: ConsumerRecord, groupId: string | undefined): boolean =>
  headers.has(PARKED) && headers.string(GROUP) !== groupId;

/** Whether it is for the group's listener: neither foreign nor a marker. */
export const isWork = (record: ConsumerRecord, groupId: string | undefined): boolean =>
  endMarkerOf(record) === undefined && ownerMarkOf(record) === undefined && !isForeign(record, groupId);

/** The original offset up to which an end marker says that its key is worked off; undefined for anything else. */
export const endMarkerOf = ({ headers }: ConsumerRecord): number | undefined =>
  headers.string(PARKED) === 'end' ? (readInt64(headers.get(THROUGH)) ?? -1) : undefined;

/** What an owner marker says; undefined for anything else. */
export const ownerMarkOf = ({ headers }: ConsumerRecord): OwnerMark | undefined =>
  headers.string(PARKED) === 'owner'
    ? { owner: headers.string(OWNER) ?? '', generation: readInt64(headers.get(GENERATION)) ?? -1 }
    : undefined;

/** By which generation a record is signed; undefined if it is not. */
export const generationOf = ({ headers }: ConsumerRecord): number | undefined =>
  headers.has(PARKED) ? readInt64(headers.get(GENERATION)) : undefined;

/** How a record was sent; undefined if that was alone. */
export function flightOf({ headers }: ConsumerRecord): Flight | undefined {
  const said = headers.has(PARKED) ? headers.string(FLIGHT) : undefined;
  const [, id, index, size, behind] = /^(.+)\/(\d+)\/(\d+)\/(\d+)$/.exec(said ?? '') ?? [];
  return id === undefined ? undefined : { id, index: Number(index), size: Number(size), behind: Number(behind) };
}

/** Where a record of a parked topic stood; -1, before all others, if nobody parked it but put it there by hand. */
export const originalOffsetOf = ({ headers }: ConsumerRecord): number =>
  headers.has(PARKED) ? (readInt64(headers.get(`${ORIGINAL}offset`)) ?? -1) : -1;

/** The record as it was in its own topic; unchanged if nobody parked it. */
export function unparked(record: ConsumerRecord): ConsumerRecord {
  const { key, value, headers } = record;
  if (!headers.has(PARKED)) return record;
  const own = [...headers.entries()];
  const at = own.findLastIndex(([name]) => name === PARKED);
  return {
    topic: headers.string(`${ORIGINAL}topic`) ?? record.topic,
    partition: readInt32(headers.get(`${ORIGINAL}partition`)) ?? record.partition,
    offset: readInt64(headers.get(`${ORIGINAL}offset`)) ?? record.offset,
    timestamp: readInt64(headers.get(`${ORIGINAL}timestamp`)) ?? record.timestamp,
    timestampType: headers.string(`${ORIGINAL}timestamp-type`) === 'LogAppendTime' ? 'log-append-time' : 'create-time',
    key,
    value,
    headers: Headers.from(own.slice(0, at) as readonly (readonly [string, HeaderValue])[]),
  };
}
