import type { ProducerBatch } from './producer-batch.js';

/** Counts batches as they leave, each once however often it is sent. */
export class BatchCounters {
  batches = 0;
  records = 0;
  mostRecords = 0;
  queueTimeMs = 0;
  longestQueueTimeMs = 0;

  /** @param batch is about to leave */
  leaves({ attempts, records, createdAtMs }: ProducerBatch, nowMs: number): void {
    if (attempts > 1) return;
    const waitedMs = nowMs - createdAtMs;
    this.batches++;
    this.records += records.length;
    this.mostRecords = Math.max(this.mostRecords, records.length);
    this.queueTimeMs += waitedMs;
    this.longestQueueTimeMs = Math.max(this.longestQueueTimeMs, waitedMs);
  }
}
