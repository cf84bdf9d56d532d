import { readHeaders, RecordBatch } from '@hearken/protocol';

export interface ReadRecord {
  readonly offset: number;
  readonly timestamp: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: [string, Buffer | null][];
}

/** All records of all batches. */
export async function readRecords(bytes: Buffer, options: { checkCrcs?: boolean } = {}): Promise<ReadRecord[]> {
  const records: ReadRecord[] = [];
  for (const batch of RecordBatch.readAll(bytes, options)) {
    const cursor = await batch.records();
    while (cursor.next()) {
      const { offset, timestamp, key, value, buffer, headersAt } = cursor;
      records.push({ offset, timestamp, key, value, headers: readHeaders(buffer, headersAt) });
    }
  }
  return records;
}
