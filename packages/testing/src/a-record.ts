import { Headers, type Bytes, type ConsumerRecord, type HeadersInit } from '@hearken/core';

/** What a test says about a record; strings become UTF-8, the rest is filled in. */
export interface RecordInit {
  /** @default 'topic' */
  readonly topic?: string;
  /** @default 0 */
  readonly partition?: number;
  /** @default 0, or the next of the partition where a log gives it */
  readonly offset?: number;
  /** @default 0 */
  readonly timestamp?: number;
  readonly timestampType?: ConsumerRecord['timestampType'];
  /** @default null */
  readonly key?: Buffer | string | null;
  /** @default null */
  readonly value?: Buffer | string | null;
  readonly headers?: HeadersInit;
  readonly leaderEpoch?: number;
}

const toBytes = (part: Buffer | string | null): Bytes => (typeof part === 'string' ? Buffer.from(part, 'utf8') : part);

/** A record as a consumer returns it: `aRecord({ topic: 'orders', offset: 3, key: 'a', value: '{}' })`. */
export const aRecord = (init: RecordInit = {}): ConsumerRecord => ({
  topic: init.topic ?? 'topic',
  partition: init.partition ?? 0,
  offset: init.offset ?? 0,
  timestamp: init.timestamp ?? 0,
  timestampType: init.timestampType ?? 'create-time',
  key: toBytes(init.key ?? null),
  value: toBytes(init.value ?? null),
  headers: Headers.from(init.headers),
  ...(init.leaderEpoch === undefined ? {} : { leaderEpoch: init.leaderEpoch }),
});

/** So many records of one partition with consecutive offsets, from `init.offset` on; their values are '0', '1', … */
export const someRecords = (count: number, init: RecordInit = {}): ConsumerRecord[] =>
  Array.from({ length: count }, (_, i) => aRecord({ value: String(i), ...init, offset: (init.offset ?? 0) + i }));
