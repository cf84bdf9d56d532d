import { Buffer } from 'node:buffer'; // the global is an accessor: a call per use
import { ProtocolError } from '../errors.js';
import { asInt16, asInt32, writeInt64 } from '../integers.js';
import { COMPRESSION_TYPES, type CompressionType } from '../compression/codec.js';
import { compress } from '../compression/compression.js';
import { crc32c } from './crc32c.js';
import { AT, ATTRIBUTES, BATCH_OVERHEAD, LENGTH_PREFIX, MAGIC } from './layout.js';
import { estimateRecordSize, writeRecord, type BatchRecord } from './record-writer.js';

export interface RecordBatchOptions {
  /** @default 0; brokers set it themselves */
  readonly baseOffset?: number;
  /** @default -1, not idempotent */
  readonly producerId?: number;
  /** @default -1 */
  readonly producerEpoch?: number;
  /** Of the first record. @default -1 */
  readonly baseSequence?: number;
  /** @default false */
  readonly transactional?: boolean;
  /** Holds transaction markers instead of records. @default false */
  readonly control?: boolean;
  /** @default 'none' */
  readonly compression?: CompressionType;
}

/**
 * Writes records as one batch: one pass, into one buffer. Offsets count up from `baseOffset`.
 * @returns a promise if compressed, unless the codec answers at once
 * @throws ProtocolError `OUT_OF_RANGE` for no records or a number that does not fit; `UNSUPPORTED_COMPRESSION`
 */
export function encodeRecordBatch(
  records: readonly BatchRecord[],
  options: RecordBatchOptions & { readonly compression?: 'none' },
): Buffer;
export function encodeRecordBatch(
  records: readonly BatchRecord[],
  options: RecordBatchOptions,
): Buffer | Promise<Buffer>;
export function encodeRecordBatch(
  records: readonly BatchRecord[],
  options: RecordBatchOptions,
): Buffer | Promise<Buffer> {
  const { compression = 'none' } = options;
  const batch = writeRecords(records);
  writeHeader(batch, records, options);
  if (compression === 'none') return sealed(batch);

  const compressed = compress(compression, batch.subarray(BATCH_OVERHEAD));
  const seal = (bytes: Buffer): Buffer => sealed(Buffer.concat([batch.subarray(0, BATCH_OVERHEAD), bytes]));
  return Buffer.isBuffer(compressed) ? seal(compressed) : compressed.then(seal);
}

/**
 * Sets who produced a batch, in place. For batches that were encoded before their place in the sequence was known.
 * @throws ProtocolError `OUT_OF_RANGE`
 */
export function writeProducerState(
  batch: Buffer,
  state: { readonly producerId: number; readonly producerEpoch: number; readonly baseSequence: number },
): void {
  writeInt64(batch, state.producerId, AT.producerId);
  batch.writeInt16BE(asInt16(state.producerEpoch), AT.producerEpoch);
  batch.writeInt32BE(asInt32(state.baseSequence), AT.baseSequence);
  batch.writeUInt32BE(crc32c(batch, AT.attributes), AT.crc);
}

function writeRecords(records: readonly BatchRecord[]): Buffer {
  const [first] = records;
  if (first === undefined) throw new ProtocolError('OUT_OF_RANGE', 'a batch must have a record');
  let bound = BATCH_OVERHEAD;
  for (const record of records) bound += estimateRecordSize(record);

  const batch = Buffer.allocUnsafe(bound);
  let at = BATCH_OVERHEAD;
  let offsetDelta = 0;
  for (const record of records) {
    at = writeRecord(batch, at, record, offsetDelta++, record.timestamp - first.timestamp);
  }
  return batch.subarray(0, at);
}

function writeHeader(batch: Buffer, records: readonly BatchRecord[], options: RecordBatchOptions): void {
  const { baseOffset = 0, producerId = -1, producerEpoch = -1, baseSequence = -1 } = options;
  writeInt64(batch, baseOffset, AT.baseOffset);
  batch.writeInt32BE(-1, AT.partitionLeaderEpoch);
  batch.writeInt8(MAGIC, AT.magic);
  batch.writeInt16BE(attributesOf(options), AT.attributes);
  batch.writeInt32BE(records.length - 1, AT.lastOffsetDelta);
  writeInt64(batch, records[0]?.timestamp ?? -1, AT.baseTimestamp);
  writeInt64(batch, maxTimestamp(records), AT.maxTimestamp);
  writeInt64(batch, producerId, AT.producerId);
  batch.writeInt16BE(asInt16(producerEpoch), AT.producerEpoch);
  batch.writeInt32BE(asInt32(baseSequence), AT.baseSequence);
  batch.writeInt32BE(records.length, AT.recordCount);
}

const attributesOf = ({ compression = 'none', transactional, control }: RecordBatchOptions): number =>
  COMPRESSION_TYPES.indexOf(compression) |
  (transactional === true ? ATTRIBUTES.transactional : 0) |
  (control === true ? ATTRIBUTES.control : 0);

function maxTimestamp(records: readonly BatchRecord[]): number {
  let max = -Infinity;
  for (const { timestamp } of records) if (timestamp > max) max = timestamp;
  return max;
}

/** Writes what depends on all other bytes. */
function sealed(batch: Buffer): Buffer {
  batch.writeInt32BE(batch.length - LENGTH_PREFIX, AT.batchLength);
  batch.writeUInt32BE(crc32c(batch, AT.attributes), AT.crc);
  return batch;
}
