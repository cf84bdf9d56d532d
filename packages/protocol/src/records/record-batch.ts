import { ProtocolError } from '../errors.js';
import { readInt64, readInt64Rounded } from '../integers.js';
import { COMPRESSION_TYPES, type CompressionType } from '../compression/codec.js';
import { decompress } from '../compression/compression.js';
import { crc32c } from './crc32c.js';
import { AT, ATTRIBUTES, BATCH_OVERHEAD, LENGTH_PREFIX, MAGIC } from './layout.js';
import { RecordCursor } from './record-cursor.js';

export interface ReadBatchesOptions {
  /** Whether to check each batch's checksum. @default true */
  readonly checkCrcs?: boolean;
}

/** Where the whole batches of a fetch answer end. */
export interface BatchesExtent {
  /** Without a last batch that is cut off; 0 if there is no whole one. */
  readonly bytes: number;
  /** Where a consumer goes on after them; -1 without any. */
  readonly nextOffset: number;
  /** Of the last of them; -1 if unknown. */
  readonly leaderEpoch: number;
  /**
   * Why nothing can be read after them, a {@link ProtocolError} `UNSUPPORTED_BATCH`, `MALFORMED` or `OUT_OF_RANGE`; undefined
   * if all is well.
   */
  readonly error: unknown;
}

/** A view on a record batch as fetched. Reads nothing but its header until {@link records} is asked for. */
export class RecordBatch {
  readonly #bytes: Buffer;
  /** Of the first record that was in the batch, which compaction may have removed since. */
  readonly baseOffset: number;
  /** Where a consumer goes on. */
  readonly nextOffset: number;
  /** After compaction fewer than the offsets of the batch; may be 0. */
  readonly recordCount: number;

  /**
   * @param bytes one whole batch
   * @throws ProtocolError `UNSUPPORTED_BATCH`, `MALFORMED`, `OUT_OF_RANGE`
   */
  constructor(bytes: Buffer) {
    this.nextOffset = nextOffsetOf(bytes, 0, bytes.length);
    this.#bytes = bytes;
    this.baseOffset = readInt64(bytes, AT.baseOffset);
    this.recordCount = bytes.readInt32BE(AT.recordCount);
  }

  /**
   * The batches of a fetch answer. A last batch that is cut off, as brokers may do, is left out.
   * @throws ProtocolError `CORRUPT_BATCH` naming the base offset, `UNSUPPORTED_BATCH`, `MALFORMED`, `OUT_OF_RANGE`
   */
  static readAll(records: Buffer, { checkCrcs = true }: ReadBatchesOptions = {}): RecordBatch[] {
    const batches: RecordBatch[] = [];
    let at = 0;
    for (let batch = RecordBatch.at(records, at); batch !== undefined; batch = RecordBatch.at(records, at)) {
      if (checkCrcs) batch.checkCrc();
      batches.push(batch);
      at += batch.sizeInBytes;
    }
    return batches;
  }

  /**
   * The batch that begins here; undefined at the end, or if it is cut off.
   * @throws ProtocolError `UNSUPPORTED_BATCH`, `MALFORMED`, `OUT_OF_RANGE`
   */
  static at(records: Buffer, at: number): RecordBatch | undefined {
    const size = wholeSize(records, at);
    return size === 0 ? undefined : new RecordBatch(records.subarray(at, at + size));
  }

  /** Whether the whole batch that begins here is compressed. */
  static isCompressedAt(records: Buffer, at: number): boolean {
    return (records.readInt16BE(at + AT.attributes) & ATTRIBUTES.compression) !== 0;
  }

  /** How far the batches of a fetch answer reach, by their headers alone: nothing is made or checked for each of them. */
  static extentOf(records: Buffer): BatchesExtent {
    let [bytes, last, nextOffset] = [0, 0, -1];
    let error: unknown;
    try {
      for (let size = wholeSize(records, 0); size > 0; size = wholeSize(records, bytes)) {
        nextOffset = nextOffsetOf(records, bytes, size);
        last = bytes;
        bytes += size;
      }
    } catch (cause) {
      error = cause;
    }
    const leaderEpoch = bytes === 0 ? -1 : records.readInt32BE(last + AT.partitionLeaderEpoch);
    return { bytes, nextOffset, leaderEpoch, error };
  }

  /** @throws ProtocolError `CORRUPT_BATCH` */
  checkCrc(): void {
    const stored = this.#bytes.readUInt32BE(AT.crc);
    const computed = crc32c(this.#bytes, AT.attributes);
    if (stored === computed) return;
    const message = `the batch at offset ${this.baseOffset} is corrupt: CRC ${computed} where ${stored} is written`;
    throw new ProtocolError('CORRUPT_BATCH', message);
  }

  /** Of the last record that was in the batch: a consumer goes on after it even if no record is left. */
  get lastOffset(): number {
    return this.nextOffset - 1;
  }

  get sizeInBytes(): number {
    return this.#bytes.length;
  }

  /** The same batch as a view on these bytes, which have room for it. */
  copyTo(bytes: Buffer, at: number): RecordBatch {
    this.#bytes.copy(bytes, at);
    return new RecordBatch(bytes.subarray(at, at + this.sizeInBytes));
  }

  /** -1 if unknown. */
  get partitionLeaderEpoch(): number {
    return this.#bytes.readInt32BE(AT.partitionLeaderEpoch);
  }

  /** @throws ProtocolError `UNSUPPORTED_COMPRESSION` for a number that names none */
  get compression(): CompressionType {
    const type = COMPRESSION_TYPES[this.#attributes & ATTRIBUTES.compression];
    if (type === undefined) throw new ProtocolError('UNSUPPORTED_COMPRESSION', 'a batch of an unknown compression');
    return type;
  }

  get timestampType(): 'create-time' | 'log-append-time' {
    return this.#has(ATTRIBUTES.logAppendTime) ? 'log-append-time' : 'create-time';
  }

  get isTransactional(): boolean {
    return this.#has(ATTRIBUTES.transactional);
  }

  /** Whether it holds a transaction's marker and no records for users. */
  get isControl(): boolean {
    return this.#has(ATTRIBUTES.control);
  }

  /** What the records' timestamps count from. */
  get firstTimestamp(): number {
    return readInt64Rounded(this.#bytes, AT.baseTimestamp);
  }

  get maxTimestamp(): number {
    return readInt64Rounded(this.#bytes, AT.maxTimestamp);
  }

  /** -1 for a producer that is not idempotent. */
  get producerId(): number {
    return readInt64(this.#bytes, AT.producerId);
  }

  get producerEpoch(): number {
    return this.#bytes.readInt16BE(AT.producerEpoch);
  }

  get baseSequence(): number {
    return this.#bytes.readInt32BE(AT.baseSequence);
  }

  /**
   * The records, from the first one. At once, or after decompression as a promise.
   * @throws ProtocolError, or rejects with it: `UNSUPPORTED_COMPRESSION`, `CORRUPT_BATCH`
   */
  records(): RecordCursor | Promise<RecordCursor> {
    const { compression } = this;
    if (compression === 'none') return this.#cursor(this.#bytes, BATCH_OVERHEAD);
    const bytes = decompress(compression, this.#bytes.subarray(BATCH_OVERHEAD));
    return Buffer.isBuffer(bytes) ? this.#cursor(bytes, 0) : bytes.then((buffer) => this.#cursor(buffer, 0));
  }

  #cursor(buffer: Buffer, from: number): RecordCursor {
    return new RecordCursor({
      buffer,
      from,
      to: buffer.length,
      recordCount: this.recordCount,
      baseOffset: this.baseOffset,
      baseTimestamp: this.firstTimestamp,
      logAppendTime: this.#has(ATTRIBUTES.logAppendTime) ? this.maxTimestamp : null,
    });
  }

  get #attributes(): number {
    return this.#bytes.readInt16BE(AT.attributes);
  }

  #has(attribute: number): boolean {
    return (this.#attributes & attribute) !== 0;
  }
}

/** Bytes of the batch that begins here; 0 at the end, or if it is cut off. */
function wholeSize(records: Buffer, at: number): number {
  if (records.length - at <= AT.magic) return 0;
  const size = LENGTH_PREFIX + records.readInt32BE(at + AT.batchLength);
  if (size <= AT.magic) throw malformed(`a batch of ${size} bytes`);
  return size > records.length - at ? 0 : size;
}

/** Where a consumer goes on after this batch. It must grow: else the consumer goes round for ever. */
function nextOffsetOf(bytes: Buffer, at: number, size: number): number {
  if (size <= AT.magic) throw malformed(`a batch of ${size} bytes`);
  const magic = bytes.readInt8(at + AT.magic);
  if (magic !== MAGIC) throw new ProtocolError('UNSUPPORTED_BATCH', `a record batch of format ${magic}, not ${MAGIC}`);
  if (size < BATCH_OVERHEAD) throw malformed(`a batch of ${size} bytes`);
  const baseOffset = readInt64(bytes, at + AT.baseOffset);
  const span = bytes.readInt32BE(at + AT.lastOffsetDelta);
  const recordCount = bytes.readInt32BE(at + AT.recordCount);
  const next = baseOffset + span + 1;
  if (baseOffset >= 0 && span >= 0 && recordCount >= 0 && Number.isSafeInteger(next)) return next;
  throw malformed(`a batch of ${recordCount} records at ${baseOffset} to ${baseOffset + span}`);
}

const malformed = (message: string): ProtocolError => new ProtocolError('MALFORMED', message);
