import { writeTimestampType, type RecordBatch } from '@hearken/protocol';
import type { LogConfig } from './log-config.js';

/**
 * Writes the broker's time into a batch if the topic asks for it; one with create time stays as it is.
 * @returns the broker's time, or -1
 */
export function stampTime(bytes: Buffer, header: RecordBatch, { timestampType }: LogConfig, nowMs: number): number {
  if (timestampType === 'LogAppendTime') {
    writeTimestampType(bytes, 'log-append-time', nowMs);
    return nowMs;
  }
  if (header.timestampType === 'log-append-time') writeTimestampType(bytes, 'create-time', header.maxTimestamp);
  return -1;
}
