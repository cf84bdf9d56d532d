import { FlushTracker } from '../../../dist/producer/flush-tracker.js';
import { PendingRecord } from '../../../dist/producer/pending-record.js';

/** A pending record whose value is the text; nobody waits for it. */
export const aRecord = (text = 'v'): PendingRecord =>
  new PendingRecord(
    { topic: 't', value: Buffer.from(text) },
    { result: (metadata) => metadata, error: (error) => error as Error },
    undefined,
    0,
    new FlushTracker(),
  );
