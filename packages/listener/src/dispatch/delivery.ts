import { IllegalStateError, type ConsumerRecord, type Logger } from '@hearken/core';
import { requireDuration, requireSeekTarget } from '../arguments.js';
import type { AckMode } from '../container-properties.js';
import type { Acknowledgment, ListenerContainer, ListenerContext } from '../message-listener.js';
import { failedHere } from '../failure/failure-context.js';
import type { Ownership } from '../offsets/ownership.js';
import type { SeekTarget } from '../seek/seeks.js';
import { AttemptSignal } from './attempt-signal.js';
import { detached } from './detached-record.js';
import type { Lane, PartitionLanes } from './lane.js';
import type { Work } from './work.js';

export type DeliveryLane = Lane<Delivery, Work>;
export type DeliveryLanes = PartitionLanes<Delivery, Work>;

/** What the deliveries of one container have in common. */
export interface DeliveryHost {
  readonly manualAck: boolean;
  readonly ackMode: AckMode;
  readonly logger: Logger;
  /** The container as the listener of this delivery sees it. */
  containerFor(delivery: Delivery): ListenerContainer;
  seekWithin(ownership: Ownership, to: SeekTarget): Promise<boolean>;
}

/**
 * One record on its way through the line. It is the link of its lane's list, the context its listener gets and the
 * acknowledgment in one, because it is the only object made per record.
 */
export class Delivery implements ListenerContext, Acknowledgment, Work {
  next: Delivery | undefined = undefined;
  /** Another object with the same bytes, once it was copied out of what it was fetched with. */
  record: ConsumerRecord;
  /** What its listener is called with: the record, decoded by then. */
  handed: ConsumerRecord<unknown, unknown>;
  readonly ownership: Ownership;
  readonly sequence: number;
  readonly attempt: number;
  readonly #host: DeliveryHost;
  /** The executor's, while an attempt runs. */
  #taskSignal: AbortSignal | undefined = undefined;
  #signal: AttemptSignal | undefined = undefined;
  #awaited = false;
  #sleepMs: number | undefined = undefined;

  constructor(record: ConsumerRecord, ownership: Ownership, sequence: number, host: DeliveryHost, attempt = 1) {
    this.record = record;
    this.handed = record;
    this.ownership = ownership;
    this.sequence = sequence;
    this.#host = host;
    this.attempt = attempt;
  }

  get ackMode(): AckMode {
    return this.#host.ackMode;
  }

  get isAcknowledged(): boolean {
    return this.hasEnded;
  }

  get epoch(): number {
    return this.ownership.epoch;
  }

  get lastOffset(): number {
    return this.record.offset;
  }

  get hasEnded(): boolean {
    return this.ownership.tracker.hasEnded(this.sequence);
  }

  get logger(): Logger {
    return this.#host.logger;
  }

  get container(): ListenerContainer {
    return this.#host.containerFor(this);
  }

  get acknowledgment(): Acknowledgment {
    this.requireManualAck();
    return this;
  }

  /** @throws IllegalStateError `NO_ACKNOWLEDGMENT` */
  requireManualAck(): void {
    if (this.#host.manualAck) return;
    throw new IllegalStateError(
      `acknowledgments need ackMode: 'manual' or 'manual-immediate'; in the other modes a record ends when its listener returns`,
      'NO_ACKNOWLEDGMENT',
    );
  }

  async seek(to: SeekTarget): Promise<boolean> {
    requireSeekTarget('seek', to);
    return this.#host.seekWithin(this.ownership, to);
  }

  get signal(): AbortSignal {
    return this.#aborting?.signal ?? NEVER;
  }

  get lead(): this {
    return this;
  }

  get deliveries(): readonly [this] {
    return [this];
  }

  /** Its bytes are elsewhere from now on. Only while it waits: nobody has seen the record. */
  moveTo(copy: ConsumerRecord): void {
    this.record = this.handed = copy;
  }

  /** Its listener is to give up, whether it looks now or later. */
  abort(reason: Error): void {
    this.#aborting?.abort(reason);
  }

  acknowledge(): void {
    if (this.#sleepMs !== undefined && !this.ownership.isOver)
      throw new IllegalStateError('the record was given back by nack and comes again', 'NACKED');
    this.ownership.acknowledged(this.sequence);
  }

  nack(sleepMs: number): void {
    requireDuration('nack', 'sleepMs', sleepMs);
    if (this.ownership.isOver) this.ownership.acknowledgedLate();
    else if (this.hasEnded)
      throw new IllegalStateError('the record was acknowledged and does not come again', 'ACKNOWLEDGED');
    else if (this.#taskSignal === undefined)
      throw new IllegalStateError(
        'nack after the listener returned: the records behind may have started',
        'LISTENER_RETURNED',
      );
    else this.#sleepMs = sleepMs;
  }

  /** Whether its listener has not returned. */
  get isRunning(): boolean {
    return this.#taskSignal !== undefined;
  }

  /** After what time the record is to come again although its listener returned; undefined if it is not. */
  get nackedForMs(): number | undefined {
    if (this.#sleepMs === undefined) return undefined;
    return this.hasEnded ? undefined : this.#sleepMs; // acknowledged from an earlier attempt
  }

  begin(taskSignal: AbortSignal): void {
    this.#taskSignal = taskSignal;
    this.#await();
  }

  /** Its offset is committed, and then it starts: whoever gives its partition up waits for it from now on. */
  claim(): void {
    this.#await();
    this.ownership.claimed(this.sequence);
  }

  finish(): void {
    this.#taskSignal = undefined;
    this.#signal?.drop();
    this.#signal = undefined;
    this.excuse();
  }

  /**
   * The same record once more. An object of its own, because the listener of this one may still hold its context, and without
   * what it was fetched with: it may wait for long.
   */
  again(attempt = this.attempt + 1): Delivery {
    return new Delivery(detached(this.record), this.ownership, this.sequence, this.#host, attempt);
  }

  failedHere(isListener: boolean): void {
    if (isListener) failedHere([this]);
    else failedHere([], [this]);
  }

  get isAwaited(): boolean {
    return this.#awaited;
  }

  /** Nobody waits for the attempt from now on: it waits for the container itself. */
  excuse(): void {
    if (!this.#awaited) return;
    this.#awaited = false;
    this.ownership.finished();
  }

  /** Made when somebody looks; undefined once the listener has returned. */
  get #aborting(): AttemptSignal | undefined {
    if (this.#taskSignal === undefined) return undefined;
    return (this.#signal ??= new AttemptSignal(this.#taskSignal, this.ownership));
  }

  #await(): void {
    if (this.#awaited) return;
    this.#awaited = true;
    this.ownership.started();
  }
}

const NEVER = new AbortController().signal;
