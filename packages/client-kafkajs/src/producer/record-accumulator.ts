import type { Clock } from '@hearken/core';
import type { PartitionQueue } from './partition-queue.js';
import type { PendingRecord } from './pending-record.js';
import { ProducerBatch } from './producer-batch.js';

/** Gathers records into batches per partition. It decides when a batch is full; when it leaves is the sender's question. */
export class RecordAccumulator {
  readonly #batchSizeBytes: number;
  readonly #maxInFlight: number;
  readonly #clock: Clock;
  readonly #queues = new Set<PartitionQueue>();
  /** Queues with a batch that may leave, the one that had its turn longest ago first. */
  readonly #ready = new Set<PartitionQueue>();
  #batchCount = 0;
  #inFlight = 0;
  #recordCount = 0;
  #busySinceMs = Infinity;

  /** @param options `maxInFlight`: batches in flight per partition; more than one need a broker that keeps their order */
  constructor(options: { readonly batchSizeBytes: number; readonly maxInFlight: number; readonly clock: Clock }) {
    this.#batchSizeBytes = options.batchSizeBytes;
    this.#maxInFlight = options.maxInFlight;
    this.#clock = options.clock;
  }

  /** Batches that are taken and neither put back nor settled. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** No batch is older than this; Infinity while there is none. */
  get busySinceMs(): number {
    return this.#busySinceMs;
  }

  append(queue: PartitionQueue, record: PendingRecord): void {
    const limitBytes = Math.min(this.#batchSizeBytes, queue.topic.batchLimitBytes);
    let batch = queue.open;
    if (batch !== undefined && batch.sizeBytes + record.sizeBytes > limitBytes) {
      this.#close(batch);
      batch = undefined;
    }
    batch ??= this.#openBatch(queue);
    batch.add(record);
    this.#recordCount++;
    // Full if another like it would not fit: known now, the next record can go to another partition.
    if (batch.sizeBytes + record.sizeBytes > limitBytes) this.#close(batch);
  }

  /** Queues whose first batch may leave as far as their partition is concerned. Batches may be taken meanwhile. */
  ready(): Iterable<PartitionQueue> {
    return this.#ready;
  }

  /** Whether its partition lets the queue's first batch leave. */
  mayTake({ waiting, inFlight, pace }: PartitionQueue): boolean {
    return waiting.length > 0 && inFlight.length < (pace === 'pipelined' ? this.#maxInFlight : 1);
  }

  /** Takes the first batch of a ready queue: it is in flight from here on. */
  take(queue: PartitionQueue): ProducerBatch {
    const batch = queue.waiting.shift();
    if (batch === undefined) throw new RangeError(`nothing waits for ${queue.topic.name}-${queue.partition}`);
    if (batch.state === 'open') this.#close(batch);
    batch.state = 'in-flight';
    batch.attempts++;
    queue.inFlight.push(batch);
    this.#inFlight++;
    this.#ready.delete(queue); // and to the end, if it has more
    this.#updateReady(queue);
    return batch;
  }

  /** A batch in flight waits again, before everything that was accepted after it. */
  putBack(batch: ProducerBatch): void {
    const { queue } = batch;
    batch.state = 'closed';
    queue.pace = 'one-by-one';
    this.#land(batch);
    this.#insert(batch);
  }

  /** A batch in flight is not sent again, nor settled before others behind it have told what became of it. */
  setAside(batch: ProducerBatch): void {
    const { queue } = batch;
    batch.state = 'closed';
    this.#land(batch);
    queue.doubted.push(batch);
    queue.spendSequences();
    this.#updateReady(queue);
  }

  /** Others stand in for a batch that was in flight. */
  replace(batch: ProducerBatch, parts: readonly ProducerBatch[]): void {
    this.#batchCount += parts.length;
    for (const part of parts) this.#insert(part);
    this.forget(batch);
  }

  /** The broker has the batch. */
  acknowledge(batch: ProducerBatch): void {
    const { queue } = batch;
    this.#remove(batch);
    const isCalm = queue.inFlight.length === 0 && (queue.waiting[0]?.attempts ?? 0) === 0;
    if (isCalm && this.#maxInFlight > 1) queue.pace = 'pipelined';
    this.#updateReady(queue);
  }

  /** The batch is settled without being acknowledged. */
  forget(batch: ProducerBatch): void {
    batch.queue.pace = 'one-by-one';
    this.#remove(batch);
    this.#updateReady(batch.queue);
  }

  #land(batch: ProducerBatch): boolean {
    const wasInFlight = remove(batch.queue.inFlight, batch);
    if (wasInFlight) this.#inFlight--;
    return wasInFlight;
  }

  #remove(batch: ProducerBatch): void {
    const { queue } = batch;
    if (!this.#land(batch) && !remove(queue.waiting, batch)) remove(queue.doubted, batch);
    if (--this.#batchCount === 0) this.#busySinceMs = Infinity;
  }

  /** Every batch that is not settled. */
  batches(): ProducerBatch[] {
    return [...this.#queues].flatMap(({ doubted, inFlight, waiting }) => [...doubted, ...inFlight, ...waiting]);
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
    if (this.mayTake(queue)) this.#ready.add(queue);
    else this.#ready.delete(queue);
  }
}

function remove(batches: ProducerBatch[], batch: ProducerBatch): boolean {
  const at = batches.indexOf(batch);
  if (at >= 0) batches.splice(at, 1);
  return at >= 0;
}
