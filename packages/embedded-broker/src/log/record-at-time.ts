import { ProtocolError, RecordBatch } from '@hearken/protocol';

/** A record found by its time. */
export interface FoundRecord {
  readonly offset: number;
  readonly timestamp: number;
  readonly leaderEpoch: number;
}

/**
 * The first record of a batch that is of this time or later and not below an offset. A batch that cannot be read here, for
 * want of a codec, is taken as one piece.
 */
export async function recordAtTime(
  bytes: Buffer,
  timestamp: number,
  fromOffset: number,
): Promise<FoundRecord | undefined> {
  const batch = new RecordBatch(bytes);
  const { partitionLeaderEpoch: leaderEpoch, baseOffset, maxTimestamp } = batch;
  try {
    const cursor = await batch.records();
    while (cursor.next()) {
      if (cursor.timestamp < timestamp || cursor.offset < fromOffset) continue;
      return { offset: cursor.offset, timestamp: cursor.timestamp, leaderEpoch };
    }
    return undefined;
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return { offset: Math.max(baseOffset, fromOffset), timestamp: maxTimestamp, leaderEpoch };
  }
}
