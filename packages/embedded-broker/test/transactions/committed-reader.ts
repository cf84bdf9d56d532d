import { controlRecordType, RecordBatch, type RecordCursor } from '@hearken/protocol';
import type { PartitionLog } from '../../dist/log/partition-log.js';

/** The values that a consumer under `read_committed` gets: fetch by fetch, with the aborted transactions of each. */
export function readCommitted(log: PartitionLog, maxBytes = Infinity): string[] {
  const values: string[] = [];
  const limits = { maxBytes, minOneBatch: true, isolation: 'read_committed' } as const;
  for (let from = log.logStartOffset; from < log.lastStableOffset;) {
    const { batches, abortedTransactions } = log.read(from, limits);
    const upcoming = abortedTransactions!.toSorted((a, b) => a.firstOffset - b.firstOffset);
    const aborted = new Set<number>();
    for (const batch of batches.map((bytes) => new RecordBatch(bytes))) {
      while (upcoming[0] !== undefined && upcoming[0].firstOffset <= batch.lastOffset) {
        aborted.add(upcoming.shift()!.producerId);
      }
      values.push(...visibleIn(batch, aborted));
      from = batch.nextOffset;
    }
  }
  return values;
}

function visibleIn(batch: RecordBatch, aborted: Set<number>): string[] {
  const values: string[] = [];
  const cursor = batch.records() as RecordCursor; // at once, as nothing is compressed
  while (cursor.next()) {
    if (!batch.isControl) values.push(String(cursor.value));
    else if (controlRecordType(cursor) === 'abort') aborted.delete(batch.producerId);
  }
  return batch.isControl || aborted.has(batch.producerId) ? [] : values;
}
