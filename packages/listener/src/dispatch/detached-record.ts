import { Headers, type Bytes, type ConsumerRecord } from '@hearken/core';
import { bytesOf } from './lane.js';

/** A record with bytes of its own. */
class DetachedRecord implements ConsumerRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
  readonly timestampType: ConsumerRecord['timestampType'];
  readonly key: Bytes;
  readonly value: Bytes;
  readonly headers: Headers;
  declare readonly leaderEpoch?: number;

  constructor(record: ConsumerRecord) {
    this.topic = record.topic;
    this.partition = record.partition;
    this.offset = record.offset;
    this.timestamp = record.timestamp;
    this.timestampType = record.timestampType;
    this.key = copied(record.key);
    this.value = copied(record.value);
    this.headers = Headers.from(Array.from(record.headers, ([name, value]) => [name, copied(value)] as const));
    if (record.leaderEpoch !== undefined) this.leaderEpoch = record.leaderEpoch;
  }
}

/**
 * The same record, out of what it was fetched with. Key, value and headers are slices of an answer of up to 50 MiB, all of
 * which is kept as long as one of them is: a record that stays for longer than its neighbours must not keep those. One that
 * is most of its answer is left as it is.
 */
export function detached(record: ConsumerRecord): ConsumerRecord {
  if (record instanceof DetachedRecord) return record;
  const bytes = record.value ?? record.key;
  return bytes !== null && bytes.buffer.byteLength <= 2 * bytesOf(record) ? record : new DetachedRecord(record);
}

const copied = (bytes: Bytes): Bytes => (bytes === null ? null : Buffer.from(bytes));
