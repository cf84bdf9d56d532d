import { controlRecordType, RecordBatch } from '@hearken/protocol';
import type { LogRead } from '../../dist/log/partition-log.js';

/** The values in whole, uncompressed batches from an offset on, as a read_uncommitted consumer hands them out. */
export function valuesOf(batches: readonly Buffer[], from: number): string[] {
  return batches.flatMap((bytes) => (new RecordBatch(bytes).isControl ? [] : valuesIn(new RecordBatch(bytes), from)));
}

/** The values of a read_committed fetch, told from aborted ones by the list that came with it, as consumers do it. */
export function committedValuesOf({ batches, abortedTransactions }: LogRead, from: number): string[] {
  const values: string[] = [];
  const waiting = [...(abortedTransactions ?? [])].sort((a, b) => a.firstOffset - b.firstOffset);
  const aborting = new Set<number>();
  for (const bytes of batches) {
    const batch = new RecordBatch(bytes);
    while (waiting[0] !== undefined && waiting[0].firstOffset <= batch.lastOffset) {
      aborting.add(waiting[0].producerId);
      waiting.shift();
    }
    if (batch.isControl) {
      if (markerOf(batch) === 'abort') aborting.delete(batch.producerId);
    } else if (!batch.isTransactional || !aborting.has(batch.producerId)) values.push(...valuesIn(batch, from));
  }
  return values;
}

function markerOf(batch: RecordBatch): string {
  const cursor = batch.records();
  if (cursor instanceof Promise) throw new Error('a marker is never compressed');
  cursor.next();
  return controlRecordType(cursor);
}

function valuesIn(batch: RecordBatch, from: number): string[] {
  const cursor = batch.records();
  if (cursor instanceof Promise) throw new Error('compressed');
  const values: string[] = [];
  while (cursor.next()) if (cursor.offset >= from) values.push(String(cursor.value));
  return values;
}
