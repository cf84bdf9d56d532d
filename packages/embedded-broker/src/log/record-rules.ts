import { ProtocolError, RecordCursor, type RecordBatch } from '@hearken/protocol';
import { BrokerError } from '../broker-error.js';
import { InvalidRecordsError, type RecordError } from './invalid-records-error.js';
import type { LogConfig } from './log-config.js';

/**
 * The rules about single records. A batch is walked only if its topic has such rules and its header does not tell that they
 * are kept.
 * @throws InvalidRecordsError `INVALID_RECORD`, `INVALID_TIMESTAMP`
 * @throws BrokerError `INVALID_RECORD`, `UNKNOWN_SERVER_ERROR`: what should be records is none
 */
export function checkRecords(batch: RecordBatch, config: LogConfig, nowMs: number): void {
  const timeIsBad = timeRule(batch, config, nowMs);
  const { compacted, timestampBeforeMaxMs = Infinity } = config;
  const oldIsBad = timestampBeforeMaxMs < Number.MAX_SAFE_INTEGER; // Kafka's default is 2^63 - 1
  // The header has the first and the highest timestamp only, and on the producer's word.
  const headerIsBad = timeIsBad(batch.firstTimestamp) || timeIsBad(batch.maxTimestamp);
  if (!compacted && !oldIsBad && !headerIsBad) return;

  const cursor = cursorOf(batch);
  if (cursor !== undefined) checkEach(cursor, compacted, timeIsBad);
  else if (headerIsBad) throw new BrokerError('INVALID_TIMESTAMP');
}

function checkEach(cursor: RecordCursor, needsKey: boolean, timeIsBad: (timestamp: number) => boolean): void {
  const errors: RecordError[] = [];
  let errorName: InvalidRecordsError['errorName'] = 'INVALID_RECORD';
  for (let batchIndex = 0; advance(cursor); batchIndex++) {
    if (needsKey && cursor.key === null) {
      errors.push({ batchIndex, message: 'a compacted topic takes no record without a key' });
    } else if (timeIsBad(cursor.timestamp)) {
      errors.push({ batchIndex, message: `the timestamp ${cursor.timestamp} is out of the topic's bounds` });
      errorName = 'INVALID_TIMESTAMP';
    }
  }
  if (errors.length > 0) throw new InvalidRecordsError(errorName, errors);
}

function timeRule(batch: RecordBatch, config: LogConfig, nowMs: number): (timestamp: number) => boolean {
  // The broker's time is not the producer's to claim. Where it does not count anyway, the claim is taken back instead.
  if (config.timestampType === 'LogAppendTime') return () => batch.timestampType === 'log-append-time';
  const { timestampBeforeMaxMs = Infinity, timestampAfterMaxMs = Infinity } = config;
  return (timestamp) =>
    timestamp !== -1 && (nowMs - timestamp > timestampBeforeMaxMs || timestamp - nowMs > timestampAfterMaxMs);
}

/** Undefined if the batch cannot be unfolded here and now. Its records are then taken on trust. */
function cursorOf(batch: RecordBatch): RecordCursor | undefined {
  try {
    const records = batch.records();
    if (records instanceof RecordCursor) return records;
    records.catch(() => 'whoever reads it finds out');
    return undefined;
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    if (error.code === 'UNSUPPORTED_COMPRESSION') return undefined;
    throw new BrokerError('UNKNOWN_SERVER_ERROR', error.message); // Kafka says no more either
  }
}

function advance(cursor: RecordCursor): boolean {
  try {
    return cursor.next();
  } catch (error) {
    throw error instanceof ProtocolError ? new BrokerError('INVALID_RECORD', error.message) : error;
  }
}
