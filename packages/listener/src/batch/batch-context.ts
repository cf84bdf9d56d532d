import { IllegalStateError, type ConsumerRecord, type Logger } from '@hearken/core';
import { requireDuration } from '../arguments.js';
import type { BatchAcknowledgment, BatchListenerContext } from '../batch-listener.js';
import type { AckMode } from '../container-properties.js';
import type { Delivery } from '../dispatch/delivery.js';
import { failedHere } from '../failure/failure-context.js';
import type { ListenerContainer } from '../message-listener.js';
import type { SeekTarget } from '../seek/seeks.js';
import type { Batch } from './batch.js';

/**
 * What a listener is told beside its records, and its acknowledgment in one. Of a batch that middleware gives to its listener
 * in parts each part has its own: "all" is what this listener got, and not what it has not seen.
 */
export class BatchContext implements BatchListenerContext, BatchAcknowledgment {
  readonly #batch: Batch;
  /** What indexes are about. */
  readonly #deliveries: readonly Delivery[];
  readonly #isPart: boolean;

  constructor(batch: Batch, deliveries = batch.given) {
    this.#batch = batch;
    this.#deliveries = deliveries;
    this.#isPart = deliveries !== batch.given;
  }

  /** The context of the listener that gets these of its records, in their order; undefined if it is not to be called. */
  of(records: readonly ConsumerRecord<unknown, unknown>[]): BatchContext | undefined {
    const offsets = new Set(records.map(({ offset }) => offset));
    const deliveries = this.#deliveries.filter(({ record }) => offsets.has(record.offset));
    if (!this.#batch.reach(deliveries)) return undefined;
    return deliveries.length === this.#deliveries.length ? this : new BatchContext(this.#batch, deliveries);
  }

  /** Some of these failed, or the call for them, in the async context that is current. @param isListener it was called in it, too */
  failedHere(records: readonly ConsumerRecord<unknown, unknown>[], isListener: boolean): void {
    const offsets = new Set(isListener ? records.map(({ offset }) => offset) : []);
    failedHere(
      this.#deliveries.filter(({ record }) => offsets.has(record.offset)),
      this.#deliveries,
    );
  }

  get batch(): Batch {
    return this.#batch;
  }

  get topic(): string {
    return this.#batch.ownership.topic;
  }

  get partition(): number {
    return this.#batch.ownership.partition;
  }

  get epoch(): number {
    return this.#batch.ownership.epoch;
  }

  get ackMode(): AckMode {
    return this.#batch.lead.ackMode;
  }

  get logger(): Logger {
    return this.#batch.lead.logger;
  }

  get container(): ListenerContainer {
    return this.#batch.lead.container;
  }

  get signal(): AbortSignal {
    return this.#batch.lead.signal;
  }

  get attempt(): number {
    return this.#batch.attempt;
  }

  attemptOf(index: number): number {
    return this.#at(index).attempt;
  }

  seek(to: SeekTarget): Promise<boolean> {
    return this.#batch.lead.seek(to);
  }

  get acknowledgment(): BatchAcknowledgment {
    this.#batch.lead.requireManualAck();
    return this;
  }

  get isAcknowledged(): boolean {
    return this.#isPart ? this.#deliveries.every(({ hasEnded }) => hasEnded) : this.#batch.isAcknowledged;
  }

  acknowledge(index?: number): void {
    const last = index === undefined ? this.#deliveries.at(-1) : this.#at(index);
    const { ownership } = this.#batch;
    if (ownership.isOver) ownership.acknowledgedLate();
    else if (last !== undefined && this.#batch.comesAgain(last))
      throw new IllegalStateError('the records were given back by nack and come again', 'NACKED');
    else ownership.endedTogether(index === undefined ? this.#deliveries : this.#deliveries.slice(0, index + 1));
  }

  nack(indexOrSleepMs: number, sleepMs?: number): void {
    if (sleepMs === undefined) this.#nack(undefined, indexOrSleepMs);
    else this.#nack(indexOrSleepMs, sleepMs);
  }

  #nack(index: number | undefined, sleepMs: number): void {
    requireDuration('nack', 'sleepMs', sleepMs);
    const from = index === undefined ? this.#deliveries.find(({ hasEnded }) => !hasEnded) : this.#at(index);
    const { ownership, lead } = this.#batch;
    if (ownership.isOver) ownership.acknowledgedLate();
    else if (from === undefined || from.hasEnded)
      throw new IllegalStateError('the record was acknowledged and does not come again', 'ACKNOWLEDGED');
    else if (!lead.isRunning)
      throw new IllegalStateError(
        'nack after the listener returned: the records behind may have started',
        'LISTENER_RETURNED',
      );
    else {
      this.#batch.giveBack(from, sleepMs);
      ownership.endedTogether(this.#deliveries.slice(0, this.#deliveries.indexOf(from)));
    }
  }

  #at(index: number): Delivery {
    const delivery = this.#deliveries[index];
    if (delivery !== undefined) return delivery;
    const last = this.#deliveries.length - 1;
    throw new RangeError(`index must be a whole number from 0 to ${last}, got ${String(index)}`);
  }
}
