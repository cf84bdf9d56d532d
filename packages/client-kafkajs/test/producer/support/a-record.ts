import { FlushTracker } from '../../../dist/producer/flush-tracker.js';
import { PendingRecord } from '../../../dist/producer/pending-record.js';

/** A pending record whose value is the text; nobody waits for it. */
export const aRecord = (text = 'v'): PendingRecord =>
  new PendingRecord(
    { topic: 't', value: Buffer.from(text) },
    { resolve: () => undefined, reject: () => undefined },
    0,
    new FlushTracker(),
  );
