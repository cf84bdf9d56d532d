import { ProtocolError } from './errors.js';
import { readInt64 } from './integers.js';

/**
 * Reads Kafka's wire types, one method each, and knows no message. Every bounds check of the protocol is in here:
 * whatever the bytes are, a method returns a value or throws {@link ProtocolError} `MALFORMED`. Never allocates more
 * than the bytes that are there justify.
 */
export class Reader {
  /**
   * Whether strings, bytes and arrays are in the compact form and tagged fields follow (KIP-482). Mutable because one
   * request holds both: its header keeps the classic client id.
   */
  flexible = false;
  readonly buffer: Buffer;
  readonly #end: number;
  #at: number;

  constructor(buffer: Buffer, offset = 0, end: number = buffer.length) {
    this.buffer = buffer;
    this.#at = offset;
    this.#end = end;
  }

  /** Position in the buffer of what is read next. */
  get offset(): number {
    return this.#at;
  }

  get remaining(): number {
    return this.#end - this.#at;
  }

  int8(): number {
    return this.buffer.readInt8(this.#take(1));
  }

  int16(): number {
    return this.buffer.readInt16BE(this.#take(2));
  }

  /** The int16 that comes next, without moving on. */
  peekInt16(): number {
    const at = this.#take(2);
    this.#at = at;
    return this.buffer.readInt16BE(at);
  }

  int32(): number {
    return this.buffer.readInt32BE(this.#take(4));
  }

  uint32(): number {
    return this.buffer.readUInt32BE(this.#take(4));
  }

  /** @throws ProtocolError `OUT_OF_RANGE` beyond 2^53 */
  int64(): number {
    return readInt64(this.buffer, this.#take(8));
  }

  float64(): number {
    return this.buffer.readDoubleBE(this.#take(8));
  }

  boolean(): boolean {
    return this.int8() !== 0;
  }

  /** Unsigned, up to 32 bits. */
  uvarint(): number {
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.#byte();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    const last = this.#byte();
    if (last > 0x0f) throw new ProtocolError('MALFORMED', 'a varint is longer than 32 bits');
    return (value | (last << 28)) >>> 0;
  }

  /** Signed (zigzag), up to 32 bits. */
  varint(): number {
    const zigzag = this.uvarint();
    return (zigzag >>> 1) ^ -(zigzag & 1);
  }

  /**
   * Signed (zigzag), up to 64 bits.
   * @throws ProtocolError `OUT_OF_RANGE` beyond 2^53
   */
  varlong(): number {
    let zigzag = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#byte();
      zigzag |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return exactNumber((zigzag >> 1n) ^ -(zigzag & 1n));
    }
    throw new ProtocolError('MALFORMED', 'a varint is longer than 64 bits');
  }

  /** In Kafka's own text form, 22 characters of base64url, as its tools print topic ids. */
  uuid(): string {
    const at = this.#take(16);
    return this.buffer.toString('base64url', at, at + 16);
  }

  string(): string {
    return this.nullableString() ?? missing('string');
  }

  nullableString(): string | null {
    const size = this.flexible ? this.uvarint() - 1 : this.int16();
    if (size === -1) return null;
    const at = this.#take(size);
    return this.buffer.toString('utf8', at, at + size);
  }

  /** A slice, not a copy: it keeps the whole frame in memory. */
  bytes(): Buffer {
    return this.nullableBytes() ?? missing('bytes');
  }

  /** A slice, not a copy: it keeps the whole frame in memory. */
  nullableBytes(): Buffer | null {
    const size = this.#length();
    return size === -1 ? null : this.slice(size);
  }

  slice(size: number): Buffer {
    const at = this.#take(size);
    return this.buffer.subarray(at, at + size);
  }

  array<T>(readOne: () => T): T[] {
    return this.nullableArray(readOne) ?? missing('array');
  }

  nullableArray<T>(readOne: () => T): T[] | null {
    const count = this.#length();
    if (count === -1) return null;
    // Every element takes a byte at least, so a greater count is a lie: refuse it before looping.
    if (count < 0 || count > this.remaining) throw cutOff(count, this.remaining);
    const values: T[] = [];
    for (let i = 0; i < count; i++) values.push(readOne());
    return values;
  }

  /**
   * Tagged fields: those that `known` names go to their reader, with their own bytes and no more; others are skipped, being
   * optional by definition. Nothing to read where the version is not flexible.
   */
  tags(known?: ReadonlyMap<number, (from: Reader) => void>): void {
    if (!this.flexible) return;
    for (let count = this.uvarint(); count > 0; count--) {
      const tag = this.uvarint();
      const size = this.uvarint();
      const at = this.#take(size);
      const read = known?.get(tag);
      if (read === undefined) continue;
      const field = new Reader(this.buffer, at, at + size);
      field.flexible = true;
      read(field);
    }
  }

  #length(): number {
    return this.flexible ? this.uvarint() - 1 : this.int32();
  }

  #byte(): number {
    return this.buffer.readUInt8(this.#take(1));
  }

  #take(size: number): number {
    if (size < 0 || size > this.remaining) throw cutOff(size, this.remaining);
    const at = this.#at;
    this.#at += size;
    return at;
  }
}

const cutOff = (wanted: number, remaining: number): ProtocolError =>
  new ProtocolError('MALFORMED', `the message asks for ${wanted} bytes or elements where ${remaining} bytes are left`);

function missing(type: string): never {
  throw new ProtocolError('MALFORMED', `null where a ${type} must stand`);
}

function exactNumber(value: bigint): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw new ProtocolError('OUT_OF_RANGE', `${value.toString()} is beyond 2^53`);
  return number;
}
