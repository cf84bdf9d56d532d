import { IllegalStateError, type ConsumerRecord, type Logger } from '@hearken/core';
import { requireDuration } from '../arguments.js';
import type { BatchAcknowledgment, BatchListenerContext } from '../batch-listener.js';
import type { AckMode } from '../container-properties.js';
import type { Delivery } from '../dispatch/delivery.js';
import type { Work } from '../dispatch/work.js';
import type { ListenerContainer } from '../message-listener.js';
import type { Ownership } from '../offsets/ownership.js';
import type { SeekTarget } from '../seek/seeks.js';

/** What a listener gave back. */
interface GivenBack {
  /** The first of them, in `given`. */
  readonly from: number;
  readonly sleepMs: number;
}

/**
 * Records of one lane that are called together, and those that follow as soon as they are done. It is the context its
 * listener gets and the acknowledgment in one. Its first delivery is the attempt: it has the signal, and is what is waited for.
 */
export class Batch implements BatchListenerContext, BatchAcknowledgment, Work {
  /** In the order of their offsets; at least one. */
  readonly deliveries: readonly Delivery[];
  /** How many of them, from the first, get a call of their own. */
  readonly alone: number;
  /** The list that the listener got: `given`, decoded; middleware may have made it shorter. */
  handed: readonly ConsumerRecord<unknown, unknown>[] = [];
  #given: readonly Delivery[];
  #behind: readonly Delivery[];
  #givenBack: GivenBack | undefined = undefined;

  constructor(deliveries: readonly Delivery[], alone = 0) {
    this.deliveries = deliveries;
    this.alone = alone;
    this.#given = alone > 0 ? deliveries.slice(0, 1) : deliveries;
    this.#behind = alone > 0 ? deliveries.slice(1) : [];
  }

  /** What the call is about: without what the filter dropped. */
  get given(): readonly Delivery[] {
    return this.#given;
  }

  /** The call is about fewer records than it might have been; some come in a later one. */
  cover(given: readonly Delivery[], later: readonly Delivery[]): void {
    this.#given = given;
    this.#behind = [...later, ...this.#behind];
  }

  /** Those that are not acknowledged. */
  get open(): readonly Delivery[] {
    return this.given.filter((delivery) => !delivery.hasEnded);
  }

  get hasEnded(): boolean {
    return this.deliveries.every((delivery) => delivery.hasEnded);
  }

  get lastOffset(): number {
    return this.deliveries[this.deliveries.length - 1]?.lastOffset ?? -1;
  }

  get ownership(): Ownership {
    return this.lead.ownership;
  }

  get topic(): string {
    return this.ownership.topic;
  }

  get partition(): number {
    return this.ownership.partition;
  }

  get epoch(): number {
    return this.ownership.epoch;
  }

  get ackMode(): AckMode {
    return this.lead.ackMode;
  }

  get logger(): Logger {
    return this.lead.logger;
  }

  get container(): ListenerContainer {
    return this.lead.container;
  }

  seek(to: SeekTarget): Promise<boolean> {
    return this.lead.seek(to);
  }

  get signal(): AbortSignal {
    return this.lead.signal;
  }

  get acknowledgment(): BatchAcknowledgment {
    this.lead.requireManualAck();
    return this;
  }

  get attempt(): number {
    return this.given.reduce((highest, { attempt }) => Math.max(highest, attempt), 1);
  }

  attemptOf(index: number): number {
    return this.given[this.indexOf(index)]?.attempt ?? 1;
  }

  get isAcknowledged(): boolean {
    return this.open.length === 0;
  }

  acknowledge(index?: number): void {
    const end = index === undefined ? this.given.length : this.#endAt(index);
    if (this.ownership.isOver) this.ownership.acknowledgedLate();
    else if (end > (this.#givenBack?.from ?? Infinity))
      throw new IllegalStateError('the records were given back by nack and come again', 'NACKED');
    else this.ownership.endedTogether(this.given.slice(0, end));
  }

  nack(indexOrSleepMs: number, sleepMs?: number): void {
    if (sleepMs === undefined) this.#nack(undefined, indexOrSleepMs);
    else this.#nack(indexOrSleepMs, sleepMs);
  }

  /** What its listener gave back, and is not acknowledged. */
  get nacked(): { readonly deliveries: readonly Delivery[]; readonly sleepMs: number } | undefined {
    if (this.#givenBack === undefined) return undefined;
    const { from, sleepMs } = this.#givenBack;
    const deliveries = this.given.slice(from).filter((delivery) => !delivery.hasEnded);
    return deliveries.length === 0 ? undefined : { deliveries, sleepMs };
  }

  begin(taskSignal: AbortSignal): void {
    this.lead.begin(taskSignal);
  }

  finish(): void {
    this.lead.finish();
  }

  excuse(): void {
    this.lead.excuse();
  }

  /** What follows in its lane: these once more, and then what is behind. Undefined if that is nothing. */
  next(again: readonly Delivery[]): Batch | undefined {
    const deliveries = [...again, ...this.#behind];
    const alone = this.alone === 0 ? 0 : this.alone - 1 + again.length;
    return deliveries.length === 0 ? undefined : new Batch(deliveries, alone);
  }

  /** The same with a call of their own for each of `again`. */
  oneByOne(again: readonly Delivery[]): Batch {
    return new Batch([...again, ...this.#behind], again.length);
  }

  /**
   * Where a record that the listener got stands in `given`.
   * @throws RangeError for what is no index of its list
   */
  indexOf(index: number): number {
    const record = this.handed[index];
    if (record === undefined)
      throw new RangeError(`index must be a whole number from 0 to ${this.handed.length - 1}, got ${String(index)}`);
    if (this.given[index]?.record.offset === record.offset) return index;
    return this.given.findIndex((delivery) => delivery.record.offset === record.offset);
  }

  /** The delivery that is the attempt. */
  get lead(): Delivery {
    const [first] = this.deliveries;
    if (first === undefined) throw new RangeError('a batch without records');
    return first;
  }

  /** What stands before the next that the listener got: also what middleware kept from it. */
  #endAt(index: number): number {
    this.indexOf(index);
    return index === this.handed.length - 1 ? this.given.length : this.indexOf(index + 1);
  }

  #nack(index: number | undefined, sleepMs: number): void {
    requireDuration('nack', 'sleepMs', sleepMs);
    const from = index === undefined ? this.given.findIndex((delivery) => !delivery.hasEnded) : this.indexOf(index);
    if (this.ownership.isOver) this.ownership.acknowledgedLate();
    else if (this.given[from]?.hasEnded !== false)
      throw new IllegalStateError('the record was acknowledged and does not come again', 'ACKNOWLEDGED');
    else if (!this.lead.isRunning)
      throw new IllegalStateError(
        'nack after the listener returned: the records behind may have started',
        'LISTENER_RETURNED',
      );
    else {
      this.#givenBack = { from, sleepMs };
      this.ownership.endedTogether(this.given.slice(0, from));
    }
  }
}
