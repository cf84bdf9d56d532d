import { hasValidCrc, ProtocolError, RecordBatch } from '@hearken/protocol';
import { BrokerError } from '../broker-error.js';

/** The batch that a producer sent for a partition, found sound. */
export interface ProducedBatch {
  readonly bytes: Buffer;
  readonly header: RecordBatch;
}

/**
 * Looks at all of a batch but its records, as Kafka's `ProduceRequest` and `LogValidator` do. What is left over behind the
 * batch and is no batch is dropped, as there.
 * @throws BrokerError `INVALID_RECORD`, `CORRUPT_MESSAGE`, `MESSAGE_TOO_LARGE`
 */
export function producedBatch(records: Buffer | null, maxBytes: number): ProducedBatch {
  if (records === null) throw invalid('no record batch');
  try {
    const header = soleBatch(records);
    const bytes = records.subarray(0, header.sizeInBytes);
    if (header.baseOffset !== 0) throw invalid(`a base offset of ${header.baseOffset}, not 0`);
    requireSize(bytes, maxBytes);
    if (!hasValidCrc(bytes)) throw new BrokerError('CORRUPT_MESSAGE', 'the CRC is not that of the batch');
    checkHeader(header);
    return { bytes, header };
  } catch (error) {
    throw error instanceof ProtocolError ? refusalOf(error, records) : error;
  }
}

function soleBatch(records: Buffer): RecordBatch {
  const [batch, ...others] = RecordBatch.readAll(records, { checkCrcs: false });
  if (batch === undefined || others.length > 0) throw invalid('a partition must be sent exactly one record batch');
  return batch;
}

function requireSize({ length }: Buffer, maxBytes: number): void {
  if (length <= maxBytes) return;
  throw new BrokerError(
    'MESSAGE_TOO_LARGE',
    `a batch of ${length} bytes is larger than max.message.bytes, ${maxBytes}`,
  );
}

function checkHeader({ recordCount, lastOffset, isControl, producerId, baseSequence }: RecordBatch): void {
  if (recordCount === 0) throw invalid('a batch of no records');
  if (lastOffset + 1 !== recordCount) throw invalid(`${recordCount} records with offsets up to ${lastOffset}`);
  if (isControl) throw invalid('control records are written by brokers only');
  if (producerId >= 0 && baseSequence < 0) throw invalid(`sequence ${baseSequence} of producer ${producerId}`);
}

/** Bytes of no sense are a broken transmission, to be tried again, unless their CRC says that they were meant. */
function refusalOf({ code, message }: ProtocolError, records: Buffer): BrokerError {
  const wasMeant = code === 'UNSUPPORTED_BATCH' || hasValidCrc(records);
  return new BrokerError(wasMeant ? 'INVALID_RECORD' : 'CORRUPT_MESSAGE', message);
}

const invalid = (message: string): BrokerError => new BrokerError('INVALID_RECORD', message);
