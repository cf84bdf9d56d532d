import { ProtocolError } from '../errors.js';
import { Reader } from '../reader.js';

/** Where the records of a batch stand, and what their deltas count from. */
export interface RecordRange {
  readonly buffer: Buffer;
  readonly from: number;
  readonly to: number;
  readonly recordCount: number;
  readonly baseOffset: number;
  readonly baseTimestamp: number;
  /** The broker's time, for all records; null if they have their own. */
  readonly logAppendTime: number | null;
}

/** How many headers there are stands before them. */
const COUNT_BYTES = 1;

type SliceClass = new (memory: ArrayBufferLike, at: number, size: number) => Buffer;

/**
 * The class `subarray` makes its buffers of. Made directly they cost half as much: the bounds were checked when the record
 * was read, and nothing else has to be looked at.
 */
const Slice = (Buffer as unknown as { readonly [Symbol.species]: SliceClass })[Symbol.species];

/**
 * Walks the records of one batch, forwards, once, and holds the record that it stands on: no object per record. Key and
 * value are slices of the batch, made anew whenever asked for; headers are left unread for {@link readHeaders}.
 */
export class RecordCursor {
  /** What `headersAt` counts in: the fetched bytes, or what they decompress to. */
  readonly buffer: Buffer;
  offset = -1;
  /** Milliseconds since the epoch; beyond 2^53, which only a broken producer writes, rounded. */
  timestamp = -1;
  /** Where the current record's headers begin, with their count. */
  headersAt = -1;
  readonly #range: RecordRange;
  /** Of the buffer; reading them there is a call each. */
  readonly #memory: ArrayBufferLike;
  readonly #memoryAt: number;
  #left: number;
  #next: number;
  #at = 0;
  #keyAt = 0;
  #keySize = -1;
  #valueAt = 0;
  #valueSize = -1;

  constructor(range: RecordRange) {
    this.buffer = range.buffer;
    this.#memory = range.buffer.buffer;
    this.#memoryAt = range.buffer.byteOffset;
    this.#range = range;
    this.#left = range.recordCount;
    this.#next = range.from;
  }

  get key(): Buffer | null {
    return this.#keySize < 0 ? null : new Slice(this.#memory, this.#memoryAt + this.#keyAt, this.#keySize);
  }

  get value(): Buffer | null {
    return this.#valueSize < 0 ? null : new Slice(this.#memory, this.#memoryAt + this.#valueAt, this.#valueSize);
  }

  /** What key, value and headers of the current record take. */
  get sizeInBytes(): number {
    return Math.max(0, this.#keySize) + Math.max(0, this.#valueSize) + this.#next - this.headersAt - COUNT_BYTES;
  }

  /**
   * Moves to the next record; false after the last.
   * @throws ProtocolError `MALFORMED` if the bytes are no records, or not as many as the batch says
   */
  next(): boolean {
    const { baseOffset, baseTimestamp, logAppendTime, to } = this.#range;
    if (this.#left === 0) {
      if (this.#next !== to) throw malformed('bytes are left over after the last record');
      return false;
    }
    this.#left--;
    this.#at = this.#next;
    const size = this.#varint();
    const end = this.#at + size;
    if (size < 0 || end > to) throw malformed(`a record of ${size} bytes where ${to - this.#at} are left`);
    this.#next = end;
    this.#at++; // attributes: none are defined
    const timestampDelta = this.#varlong();
    this.timestamp = logAppendTime ?? baseTimestamp + timestampDelta;
    this.offset = baseOffset + this.#varint();
    this.#keySize = this.#varint();
    this.#keyAt = this.#at;
    if (this.#keySize > 0) this.#at += this.#keySize;
    this.#valueSize = this.#varint();
    this.#valueAt = this.#at;
    if (this.#valueSize > 0) this.#at += this.#valueSize;
    this.headersAt = this.#at;
    // Reads beyond the buffer gave zeros on the way: this one check catches them all, as positions only grow.
    if (this.#at >= end || this.#keySize < -1 || this.#valueSize < -1) throw malformed('a record overruns its size');
    return true;
  }

  #varint(): number {
    const byte = this.buffer[this.#at++] ?? 0;
    if (byte < 0x80) return (byte >>> 1) ^ -(byte & 1);
    return this.#longVarint(byte & 0x7f);
  }

  #longVarint(low: number): number {
    let zigzag = low;
    for (let shift = 7; shift < 35; shift += 7) {
      const byte = this.buffer[this.#at++] ?? 0;
      zigzag |= (byte & 0x7f) << shift;
      if (byte < 0x80) return (zigzag >>> 1) ^ -(zigzag & 1);
    }
    throw malformed('a varint is longer than 32 bits');
  }

  /** Up to 31 bits as the others; above, which takes a batch that spans weeks, by BigInt. */
  #varlong(): number {
    const at = this.#at;
    for (let size = 0; size < 4; size++) if ((this.buffer[at + size] ?? 0) < 0x80) return this.#varint();
    let zigzag = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.buffer[this.#at++] ?? 0;
      zigzag |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return Number((zigzag >> 1n) ^ -(zigzag & 1n));
    }
    throw malformed('a varint is longer than 64 bits');
  }
}

/**
 * Reads a record's headers, in order, names repeated as they stand. Values are slices.
 * @param at the `headersAt` of the cursor that stood on the record
 * @throws ProtocolError `MALFORMED`
 */
export function readHeaders(buffer: Buffer, at: number): [name: string, value: Buffer | null][] {
  const from = new Reader(buffer, at);
  const headers: [string, Buffer | null][] = [];
  for (let count = from.varint(); count > 0; count--) {
    const name = from.slice(from.varint()).toString();
    const size = from.varint();
    headers.push([name, size === -1 ? null : from.slice(size)]);
  }
  return headers;
}

/** What the record of a control batch says: how the transaction of the batch's producer ended. */
export function controlRecordType(cursor: RecordCursor): 'abort' | 'commit' | 'other' {
  const { key } = cursor;
  if (key === null) return 'other';
  const from = new Reader(key);
  from.int16(); // version
  const type = from.int16();
  return type === 0 ? 'abort' : type === 1 ? 'commit' : 'other';
}

const malformed = (message: string): ProtocolError => new ProtocolError('MALFORMED', `record batch: ${message}`);
