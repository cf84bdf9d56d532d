import { RecordBatch } from '@hearken/protocol';
import type { PartitionLog } from '../../dist/log/partition-log.js';
import { committedValuesOf } from '../log/read-committed.js';

/** The values that a consumer under `read_committed` gets, fetch by fetch. */
export function readCommitted(log: PartitionLog, maxBytes = Infinity): string[] {
  const values: string[] = [];
  for (let from = log.logStartOffset; from < log.lastStableOffset;) {
    const fetched = log.read(from, { maxBytes, minOneBatch: true, isolation: 'read_committed' });
    values.push(...committedValuesOf(fetched, from));
    from = new RecordBatch(fetched.batches.at(-1)!).nextOffset;
  }
  return values;
}
