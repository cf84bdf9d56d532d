import { ProtocolError, RecordCursor, type RecordBatch } from '@hearken/protocol';
import { BrokerError } from '../broker-error.js';
import { InvalidRecordsError, type RecordError } from './invalid-records-error.js';
import type { LogConfig } from './log-config.js';

/**
 * The rules about single records. Batches of topics that have none are not walked: their header tells enough.
 * @throws InvalidRecordsError `INVALID_RECORD`, `INVALID_TIMESTAMP`
 * @throws BrokerError `INVALID_RECORD`: what should be records is none
 */
export function checkRecords(batch: RecordBatch, config: LogConfig, nowMs: number): void {
  const timeIsSuspect = mayBreakTimeBounds(batch, config, nowMs);
  if (!config.compacted && !timeIsSuspect) return;
  const cursor = cursorOf(batch);
  if (cursor === undefined) return;

  const noKey: RecordError[] = [];
  const badTime: RecordError[] = [];
  for (let batchIndex = 0; advance(cursor); batchIndex++) {
    if (config.compacted && cursor.key === null) {
      noKey.push({ batchIndex, message: 'a compacted topic takes no record without a key' });
    } else if (timeIsSuspect && breaksTimeBounds(cursor.timestamp, batch, config, nowMs)) {
      badTime.push({ batchIndex, message: `the timestamp ${cursor.timestamp} is out of the topic's bounds` });
    }
  }
  const errors = [...noKey, ...badTime].sort((a, b) => a.batchIndex - b.batchIndex);
  if (errors.length > 0)
    throw new InvalidRecordsError(badTime.length > 0 ? 'INVALID_TIMESTAMP' : 'INVALID_RECORD', errors);
}

/** By the header, whose maximum is the producer's word; the minimum is not in it. */
function mayBreakTimeBounds(batch: RecordBatch, config: LogConfig, nowMs: number): boolean {
  const { timestampBeforeMaxMs = Infinity } = config;
  return timestampBeforeMaxMs < Infinity || breaksTimeBounds(batch.maxTimestamp, batch, config, nowMs);
}

function breaksTimeBounds(timestamp: number, batch: RecordBatch, config: LogConfig, nowMs: number): boolean {
  const { timestampType, timestampBeforeMaxMs = Infinity, timestampAfterMaxMs = Infinity } = config;
  // The broker's time is not the producer's to claim. Where it does not count anyway, the claim is taken back instead.
  if (timestampType === 'LogAppendTime') return batch.timestampType === 'log-append-time';
  if (timestamp === -1) return false;
  return nowMs - timestamp > timestampBeforeMaxMs || timestamp - nowMs > timestampAfterMaxMs;
}

/** Undefined if the batch cannot be unfolded here and now: then it is taken on trust. */
function cursorOf(batch: RecordBatch): RecordCursor | undefined {
  try {
    const records = batch.records();
    if (records instanceof RecordCursor) return records;
    records.catch(() => 'nobody waits for it');
    return undefined;
  } catch (error) {
    if (error instanceof ProtocolError && error.code === 'UNSUPPORTED_COMPRESSION') return undefined;
    throw refusalOf(error);
  }
}

function advance(cursor: RecordCursor): boolean {
  try {
    return cursor.next();
  } catch (error) {
    throw refusalOf(error);
  }
}

const refusalOf = (error: unknown): unknown =>
  error instanceof ProtocolError ? new BrokerError('INVALID_RECORD', error.message) : error;
