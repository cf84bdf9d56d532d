import type { Clock } from '@hearken/core';
import type { PartitionQueue } from './partition-queue.js';
import type { PendingRecord } from './pending-record.js';
import { ProducerBatch } from './producer-batch.js';

/**
 * Batches in flight per partition. One keeps the order by itself; the broker takes up to five in order from an idempotent
 * producer, once their retries are put back in sequence.
 */
const MAX_IN_FLIGHT_PER_PARTITION = 1;

/** Gathers records into batches per partition. It decides when a batch is full; when it leaves is the sender's question. */
export class RecordAccumulator {
  readonly #batchSizeBytes: number;
  readonly #clock: Clock;
  readonly #queues = new Set<PartitionQueue>();
  /** Queues with a batch that may leave, the one that had its turn longest ago first. */
  readonly #ready = new Set<PartitionQueue>();
  #batchCount = 0;
  #recordCount = 0;
  #busySinceMs = Infinity;

  constructor(options: { readonly batchSizeBytes: number; readonly clock: Clock }) {
    this.#batchSizeBytes = options.batchSizeBytes;
    this.#clock = options.clock;
  }

  /** No batch is older than this; Infinity while there is none. */
  get busySinceMs(): number {
    return this.#busySinceMs;
  }

  append(queue: PartitionQueue, record: PendingRecord): void {
    let batch = queue.open;
    if (batch !== undefined && batch.sizeBytes + record.sizeBytes > this.#batchSizeBytes) {
      this.#close(batch);
      batch = undefined;
    }
    batch ??= this.#openBatch(queue);
    batch.add(record);
    this.#recordCount++;
    // Full if another like it would not fit: known now, the next record can go to another partition.
    if (batch.sizeBytes + record.sizeBytes > this.#batchSizeBytes) this.#close(batch);
  }

  /** Queues whose first batch may leave as far as their partition is concerned. Batches may be taken meanwhile. */
  ready(): Iterable<PartitionQueue> {
    return this.#ready;
  }

  /** Takes the first batch of a ready queue: it is in flight from here on. */
  take(queue: PartitionQueue): ProducerBatch {
    const batch = queue.waiting.shift();
    if (batch === undefined) throw new RangeError(`nothing waits for ${queue.topic.name}-${queue.partition}`);
    if (batch.state === 'open') this.#close(batch);
    batch.state = 'in-flight';
    batch.attempts++;
    queue.inFlight.push(batch);
    this.#ready.delete(queue); // and to the end, if it has more
    this.#updateReady(queue);
    return batch;
  }

  /** A batch in flight waits again, before everything that was accepted after it. */
  putBack(batch: ProducerBatch): void {
    batch.state = 'closed';
    remove(batch.queue.inFlight, batch);
    this.#insert(batch);
  }

  /** Others stand in for a batch that was in flight. */
  replace(batch: ProducerBatch, parts: readonly ProducerBatch[]): void {
    this.#batchCount += parts.length;
    for (const part of parts) this.#insert(part);
    this.forget(batch);
  }

  /** The batch is settled. */
  forget(batch: ProducerBatch): void {
    const { queue } = batch;
    if (!remove(queue.inFlight, batch)) remove(queue.waiting, batch);
    if (--this.#batchCount === 0) this.#busySinceMs = Infinity;
    this.#updateReady(queue);
  }

  /** Every batch that is not settled. */
  batches(): ProducerBatch[] {
    return [...this.#queues].flatMap(({ inFlight, waiting }) => [...inFlight, ...waiting]);
  }

  #openBatch(queue: PartitionQueue): ProducerBatch {
    const createdAtMs = this.#clock.monotonic();
    const batch = new ProducerBatch(queue, { place: this.#recordCount, createdAtMs });
    if (this.#batchCount++ === 0) this.#busySinceMs = createdAtMs;
    queue.waiting.push(batch);
    this.#queues.add(queue);
    this.#updateReady(queue);
    return batch;
  }

  #close(batch: ProducerBatch): void {
    batch.state = 'closed';
    batch.queue.topic.partitioner.onBatchClosed(batch.queue.partition);
  }

  #insert(batch: ProducerBatch): void {
    const { waiting } = batch.queue;
    const after = waiting.findIndex(({ place }) => place > batch.place);
    waiting.splice(after < 0 ? waiting.length : after, 0, batch);
    this.#updateReady(batch.queue);
  }

  #updateReady(queue: PartitionQueue): void {
    if (queue.waiting.length > 0 && queue.inFlight.length < MAX_IN_FLIGHT_PER_PARTITION) this.#ready.add(queue);
    else this.#ready.delete(queue);
  }
}

function remove(batches: ProducerBatch[], batch: ProducerBatch): boolean {
  const at = batches.indexOf(batch);
  if (at >= 0) batches.splice(at, 1);
  return at >= 0;
}
