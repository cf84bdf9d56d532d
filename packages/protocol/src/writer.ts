import { ProtocolError } from './errors.js';
import { asInt16, asInt32, asInt8, asUint32, outOfRange, writeInt64 } from './integers.js';

/** Shorter buffers are copied: a chunk of its own costs the socket more than the bytes do. */
const COPY_BELOW_BYTES = 512;

/**
 * Writes Kafka's wire types, one method each, and knows no message. What is written becomes a list of chunks: a full
 * chunk is put aside and a larger one begun, so nothing is ever moved, and large buffers are chunks of their own.
 */
export class Writer {
  /** As {@link Reader.flexible}: which form strings, bytes and arrays take from here on. */
  flexible = false;
  readonly #chunks: Buffer[] = [];
  #chunk: Buffer;
  #from = 0;
  #at = 0;

  constructor(sizeHintBytes = 512) {
    this.#chunk = Buffer.allocUnsafe(sizeHintBytes);
  }

  int8(value: number): void {
    const at = this.#reserve(1);
    this.#chunk[at] = asInt8(value);
  }

  int16(value: number): void {
    const at = this.#reserve(2);
    this.#chunk.writeInt16BE(asInt16(value), at);
  }

  int32(value: number): void {
    const at = this.#reserve(4);
    this.#chunk.writeInt32BE(asInt32(value), at);
  }

  uint32(value: number): void {
    const at = this.#reserve(4);
    this.#chunk.writeUInt32BE(asUint32(value), at);
  }

  /** @throws ProtocolError `OUT_OF_RANGE` beyond 2^53 */
  int64(value: number): void {
    const at = this.#reserve(8);
    writeInt64(this.#chunk, value, at);
  }

  float64(value: number): void {
    const at = this.#reserve(8);
    this.#chunk.writeDoubleBE(value, at);
  }

  boolean(value: boolean): void {
    this.int8(value ? 1 : 0);
  }

  /** Unsigned, up to 32 bits. */
  uvarint(value: number): void {
    let rest = asUint32(value);
    let at = this.#reserve(5);
    for (; rest > 0x7f; rest >>>= 7) this.#chunk[at++] = (rest & 0x7f) | 0x80;
    this.#chunk[at++] = rest;
    this.#at = at;
  }

  /** Signed (zigzag), up to 32 bits. */
  varint(value: number): void {
    const int32 = asInt32(value);
    this.uvarint(((int32 << 1) ^ (int32 >> 31)) >>> 0);
  }

  /**
   * Signed (zigzag), up to 64 bits.
   * @throws ProtocolError `OUT_OF_RANGE` beyond 2^53
   */
  varlong(value: number): void {
    if (!Number.isSafeInteger(value)) throw outOfRange('varlong', value);
    let rest = BigInt.asUintN(64, (BigInt(value) << 1n) ^ (BigInt(value) >> 63n));
    let at = this.#reserve(10);
    for (; rest > 0x7fn; rest >>= 7n) this.#chunk[at++] = Number(rest & 0x7fn) | 0x80;
    this.#chunk[at++] = Number(rest);
    this.#at = at;
  }

  /** From Kafka's own text form, 22 characters of base64url. */
  uuid(value: string): void {
    const at = this.#reserve(16);
    if (value.length !== 22 || this.#chunk.write(value, at, 16, 'base64url') !== 16) {
      throw new ProtocolError('OUT_OF_RANGE', `'${value}' is not an id of 16 bytes in base64url`);
    }
  }

  string(value: string): void {
    const size = Buffer.byteLength(value);
    if (size > 0x7fff) throw new ProtocolError('OUT_OF_RANGE', `a string of ${size} bytes is beyond Kafka's 32767`);
    if (this.flexible) this.uvarint(size + 1);
    else this.int16(size);
    const at = this.#reserve(size);
    this.#chunk.write(value, at);
  }

  nullableString(value: string | null): void {
    if (value !== null) this.string(value);
    else if (this.flexible) this.uvarint(0);
    else this.int16(-1);
  }

  bytes(value: Buffer): void {
    this.#length(value.length);
    this.splice(value);
  }

  /** Bytes that lie apart, as one field. */
  bytesOf(values: readonly Buffer[]): void {
    let length = 0;
    for (const value of values) length += value.length;
    this.#length(length);
    for (const value of values) this.splice(value);
  }

  nullableBytes(value: Buffer | null): void {
    if (value === null) this.#length(-1);
    else this.bytes(value);
  }

  array<T>(values: readonly T[], writeOne: (value: T) => void): void {
    this.#length(values.length);
    for (const value of values) writeOne(value);
  }

  nullableArray<T>(values: readonly T[] | null, writeOne: (value: T) => void): void {
    if (values === null) this.#length(-1);
    else this.array(values, writeOne);
  }

  /** Tagged fields, in the order of their tags; nothing at all where the version is not flexible. */
  tags(fields: readonly { readonly tag: number; readonly write: (to: Writer) => void }[] = []): void {
    if (!this.flexible) return;
    this.uvarint(fields.length);
    for (const { tag, write } of fields) {
      const field = new Writer();
      field.flexible = true;
      write(field);
      const chunks = field.finish();
      this.uvarint(tag);
      this.uvarint(chunks.reduce((size, chunk) => size + chunk.length, 0));
      for (const chunk of chunks) this.splice(chunk);
    }
  }

  /** Appends raw bytes. A large buffer is not copied: leave it alone until the chunks are on their way. */
  splice(buffer: Buffer): void {
    if (buffer.length < COPY_BELOW_BYTES) {
      const at = this.#reserve(buffer.length);
      this.#chunk.set(buffer, at);
    } else {
      this.#putAside();
      this.#chunks.push(buffer);
    }
  }

  /** All that was written, in order. The writer is used up. */
  finish(): Buffer[] {
    this.#putAside();
    return this.#chunks;
  }

  #length(length: number): void {
    if (this.flexible) this.uvarint(length + 1);
    else this.int32(length);
  }

  #reserve(size: number): number {
    if (this.#at + size > this.#chunk.length) {
      this.#putAside();
      this.#chunk = Buffer.allocUnsafe(Math.max(size, this.#chunk.length * 2));
      this.#from = this.#at = 0;
    }
    const at = this.#at;
    this.#at += size;
    return at;
  }

  #putAside(): void {
    if (this.#at > this.#from) this.#chunks.push(this.#chunk.subarray(this.#from, this.#at));
    this.#from = this.#at;
  }
}
