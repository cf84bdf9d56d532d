import { BATCH_AT, hasValidCrc, ProtocolError, RecordBatch } from '@hearken/protocol';
import { BrokerError } from '../broker-error.js';

/** The batch that a producer sent for a partition, found sound. */
export interface ProducedBatch {
  readonly bytes: Buffer;
  readonly header: RecordBatch;
}

/** Bytes up to and including the batch's own length, which does not count them. */
const LENGTH_PREFIX = BATCH_AT.batchLength + 4;
/** Of any batch or message since Kafka 0.8; Kafka's `LegacyRecord.RECORD_OVERHEAD_V0`. */
const LEAST_LENGTH = 14;
const MAGIC = 2;
/** Bits of the attributes. */
const COMPRESSION = 0x07;
const LAST_COMPRESSION = 4;

/**
 * Looks at all of a batch but its records, in the order of Kafka's `ProduceRequest`, `UnifiedLog` and `LogValidator`. A cut
 * off batch behind it is dropped, as there.
 * @throws BrokerError `INVALID_RECORD`, `CORRUPT_MESSAGE`, `MESSAGE_TOO_LARGE`, `UNKNOWN_SERVER_ERROR`
 */
export function producedBatch(records: Buffer | null, maxBytes: number): ProducedBatch {
  const bytes = soleBatch(records ?? Buffer.alloc(0));
  if (bytes.readBigInt64BE(BATCH_AT.baseOffset) !== 0n) throw invalid('the base offset is not 0');
  requireSize(bytes, maxBytes);
  if (!hasValidCrc(bytes)) throw corrupt('the CRC is not that of the batch');
  requireKnownCompression(bytes);
  return { bytes, header: checkedHeader(bytes) };
}

function soleBatch(records: Buffer): Buffer {
  const size = batchSizeAt(records, 0);
  if (size === 0 || batchSizeAt(records, size) !== 0)
    throw invalid('a partition must be sent exactly one record batch');
  if (records[BATCH_AT.magic] !== MAGIC) throw invalid(`a batch of format ${records[BATCH_AT.magic]}, not ${MAGIC}`);
  return records.subarray(0, size);
}

/** 0 if no whole batch is there. */
function batchSizeAt(records: Buffer, at: number): number {
  const left = records.length - at;
  if (left < LENGTH_PREFIX) return 0;
  const length = records.readInt32BE(at + BATCH_AT.batchLength);
  if (length < LEAST_LENGTH) throw corrupt(`a batch of ${length} bytes`);
  if (left <= BATCH_AT.magic) return 0;
  const magic = records.readInt8(at + BATCH_AT.magic);
  if (magic < 0 || magic > MAGIC) throw corrupt(`a batch of format ${magic}`);
  return left < LENGTH_PREFIX + length ? 0 : LENGTH_PREFIX + length;
}

function requireSize({ length }: Buffer, maxBytes: number): void {
  if (length <= maxBytes) return;
  throw new BrokerError(
    'MESSAGE_TOO_LARGE',
    `a batch of ${length} bytes is larger than max.message.bytes, ${maxBytes}`,
  );
}

function checkedHeader(bytes: Buffer): RecordBatch {
  try {
    const header = new RecordBatch(bytes);
    checkHeader(header);
    return header;
  } catch (error) {
    throw error instanceof ProtocolError ? invalid(error.message) : error;
  }
}

function checkHeader(header: RecordBatch): void {
  const { recordCount, lastOffset, isControl, producerId, baseSequence } = header;
  if (lastOffset + 1 !== recordCount) throw invalid(`${recordCount} records with offsets up to ${lastOffset}`);
  if (isControl) throw invalid('control records are written by brokers only');
  if (producerId >= 0 && baseSequence < 0) throw invalid(`sequence ${baseSequence} of producer ${producerId}`);
}

/** What Kafka fails at without knowing why. */
function requireKnownCompression(bytes: Buffer): void {
  const compression = bytes.readInt16BE(BATCH_AT.attributes) & COMPRESSION;
  if (compression > LAST_COMPRESSION) throw new BrokerError('UNKNOWN_SERVER_ERROR', `compression ${compression}`);
}

const invalid = (message: string): BrokerError => new BrokerError('INVALID_RECORD', message);
const corrupt = (message: string): BrokerError => new BrokerError('CORRUPT_MESSAGE', message);
