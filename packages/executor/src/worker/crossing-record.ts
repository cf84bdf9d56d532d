import { deserialize, serialize } from 'node:v8';
import { Headers, type ConsumerRecord } from '@hearken/core';

/**
 * A record as it goes to a thread. Its bytes are with those of the others of its call in one block of memory, in the order
 * key, value, headers; here is how long each is.
 */
export interface CrossingRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
  readonly timestampType: ConsumerRecord['timestampType'];
  readonly leaderEpoch: number | undefined;
  /** Whether the bytes are what v8 wrote, not a `Bytes`. */
  readonly keyDecoded: boolean;
  readonly valueDecoded: boolean;
  readonly headerNames: readonly string[];
  /** Of the key, the value and each header; {@link NULL} is no bytes at all. */
  readonly lengths: readonly number[];
}

export interface CrossingRecords {
  readonly records: readonly CrossingRecord[];
  /** A whole block of memory, which belongs to nobody else: it can be transferred. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

const NULL = -1;

/**
 * Copies what the records hold, once, into a block of its own. Keys and values from the client are slices of a whole fetch
 * response: posted as they are, all of it would be cloned, and transferred it would be gone for the other records.
 *
 * What a serde made goes as v8 writes it: as structured cloning does, but a Buffer in it is written by itself, without the
 * memory round it, and is a Buffer again.
 * @throws what v8 throws for a value that cannot be cloned, as a function
 */
export function packRecords(records: readonly ConsumerRecord<unknown, unknown>[]): CrossingRecords {
  const chunks: (Uint8Array | null)[] = [];
  const packed = records.map((record) => packRecord(record, chunks));
  const block = Buffer.allocUnsafeSlow(chunks.reduce((sum, chunk) => sum + (chunk?.length ?? 0), 0));
  let at = 0;
  for (const chunk of chunks) {
    if (chunk === null) continue;
    block.set(chunk, at);
    at += chunk.length;
  }
  return { records: packed, bytes: block };
}

/** The records as the listener gets them: the bytes are slices of the block. */
export function unpackRecords({ records, bytes }: CrossingRecords): ConsumerRecord<unknown, unknown>[] {
  const block = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const next = (length: number | undefined): Buffer | null =>
    length === undefined || length === NULL ? null : block.subarray(at, (at += length));
  return records.map((record) => unpackRecord(record, next));
}

function packRecord(record: ConsumerRecord<unknown, unknown>, chunks: (Uint8Array | null)[]): CrossingRecord {
  const { topic, partition, offset, timestamp, timestampType, leaderEpoch, key, value } = record;
  const from = chunks.length;
  chunks.push(isBytes(key) ? key : serialize(key), isBytes(value) ? value : serialize(value));
  const headerNames: string[] = [];
  for (const [name, bytes] of record.headers) {
    headerNames.push(name);
    chunks.push(bytes);
  }
  return {
    ...{ topic, partition, offset, timestamp, timestampType, leaderEpoch, headerNames },
    keyDecoded: !isBytes(key),
    valueDecoded: !isBytes(value),
    lengths: chunks.slice(from).map((chunk) => chunk?.length ?? NULL),
  };
}

function unpackRecord(
  { keyDecoded, valueDecoded, headerNames, lengths, leaderEpoch, ...rest }: CrossingRecord,
  next: (length: number | undefined) => Buffer | null,
): ConsumerRecord<unknown, unknown> {
  const part = (index: number, isDecoded: boolean): unknown => {
    const bytes = next(lengths[index]);
    return isDecoded && bytes !== null ? deserialize(bytes) : bytes;
  };
  const key = part(0, keyDecoded);
  const value = part(1, valueDecoded);
  const headers = new Headers();
  headerNames.forEach((name, index) => headers.add(name, next(lengths[index + 2])));
  return { ...rest, ...(leaderEpoch === undefined ? {} : { leaderEpoch }), key, value, headers };
}

const isBytes = (part: unknown): part is Buffer | null => part === null || Buffer.isBuffer(part);
