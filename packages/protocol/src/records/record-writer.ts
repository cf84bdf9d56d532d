import { sizeOfVarint, sizeOfVarlong, writeVarint, writeVarlong } from './varint.js';

/** A record to be written. Its headers are iterated more than once, so they must not be a one-time iterator. */
export interface BatchRecord {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /** Milliseconds since the epoch, an integer. */
  readonly timestamp: number;
  readonly headers?: Iterable<readonly [name: string, value: Buffer | null]> | undefined;
}

/** Longest length (5), attributes (1), timestamp delta (10) and offset delta (5) of one record; Kafka's own bound. */
const MAX_RECORD_OVERHEAD = 21;

/** The most bytes that this record can add to a batch. */
export function estimateRecordSize({ key, value, headers }: BatchRecord): number {
  return MAX_RECORD_OVERHEAD + sizeOfBytes(key) + sizeOfBytes(value) + sizeOfHeaders(headers);
}

/** Returns the position after it; there must be room for what {@link estimateRecordSize} says. */
export function writeRecord(
  to: Buffer,
  at: number,
  record: BatchRecord,
  offsetDelta: number,
  timestampDelta: number,
): number {
  const { key, value, headers } = record;
  const size =
    1 +
    sizeOfVarlong(timestampDelta) +
    sizeOfVarint(offsetDelta) +
    sizeOfBytes(key) +
    sizeOfBytes(value) +
    sizeOfHeaders(headers);
  at = writeVarint(to, at, size);
  to[at++] = 0; // attributes: none are defined
  at = writeVarlong(to, at, timestampDelta);
  at = writeVarint(to, at, offsetDelta);
  at = writeBytes(to, at, key);
  at = writeBytes(to, at, value);
  return headers === undefined ? writeVarint(to, at, 0) : writeHeaders(to, at, headers);
}

function writeHeaders(to: Buffer, at: number, headers: NonNullable<BatchRecord['headers']>): number {
  const pairs = [...headers];
  at = writeVarint(to, at, pairs.length);
  for (const [name, value] of pairs) {
    at = writeVarint(to, at, Buffer.byteLength(name));
    at += to.write(name, at);
    at = writeBytes(to, at, value);
  }
  return at;
}

function writeBytes(to: Buffer, at: number, bytes: Buffer | null): number {
  if (bytes === null) return writeVarint(to, at, -1);
  at = writeVarint(to, at, bytes.length);
  to.set(bytes, at);
  return at + bytes.length;
}

const sizeOfBytes = (bytes: Buffer | null): number => (bytes === null ? 1 : sizeOfVarint(bytes.length) + bytes.length);

function sizeOfHeaders(headers: BatchRecord['headers']): number {
  if (headers === undefined) return 1;
  let count = 0;
  let size = 0;
  for (const [name, value] of headers) {
    const nameSize = Buffer.byteLength(name);
    size += sizeOfVarint(nameSize) + nameSize + sizeOfBytes(value);
    count++;
  }
  return sizeOfVarint(count) + size;
}
