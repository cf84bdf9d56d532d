import type { Clock, Logger } from '@hearken/core';
import type { GuardedEvents } from '../container-events.js';
import type { ContainerCounters } from '../container-metrics.js';
import { ListenerFailedError } from '../errors.js';
import type { ErrorHandler } from '../failure/error-handler.js';
import type { Recovery } from '../failure/recovery.js';
import type { Outcome } from '../invoke/outcome.js';
import type { Ownership } from '../offsets/ownership.js';
import type { Delivery, DeliveryLane } from './delivery.js';
import type { Lanes } from './lanes.js';

export interface SettlerInit {
  readonly lanes: Lanes<Delivery>;
  readonly counters: ContainerCounters;
  readonly events: GuardedEvents;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly manualAck: boolean;
  readonly errorHandler: ErrorHandler;
  readonly recovery: Recovery;
  /** Asks for a commit at once; undefined where lanes do not wait for theirs. */
  readonly commitNow: (() => void) | undefined;
  /** A lane became ready. */
  readonly onReady: () => void;
  /** The partition is to be paused until the user resumes it. */
  readonly onPause: (ownership: Ownership) => void;
  /** The container has to stop. */
  readonly onFatal: (error: Error) => void;
}

type Failed = Exclude<Outcome, { readonly kind: 'done' | 'filtered' }>;

/** What follows an attempt, for the record and for its lane. */
export class Settler {
  readonly #init: SettlerInit;

  constructor(init: SettlerInit) {
    this.#init = init;
  }

  settle(lane: DeliveryLane, delivery: Delivery, outcome: Outcome): void {
    delivery.finish();
    const { ownership } = delivery;
    if (ownership.isOver) this.#late(lane, delivery, outcome);
    else if (outcome.kind === 'done') this.#succeeded(lane, delivery);
    else if (outcome.kind === 'filtered') this.#filtered(lane, delivery);
    else if (ownership.isAborted)
      this.#late(lane, delivery, outcome); // it was told to give up: no failure of its own
    else if (ownership.tracker.hasEnded(delivery.sequence)) this.#failedAfterwards(lane, delivery, outcome.error);
    else this.#failed(lane, delivery, outcome);
  }

  #succeeded(lane: DeliveryLane, delivery: Delivery): void {
    const { events, manualAck } = this.#init;
    const delayMs = delivery.nackedForMs;
    if (delayMs !== undefined) this.#nacked(lane, delivery, delayMs);
    else {
      if (!manualAck) delivery.ownership.ended(delivery.sequence);
      this.#leave(lane, delivery);
    }
    if (!events.isHeard('listener:returned')) return;
    events.emit('listener:returned', { record: delivery.handed, attempt: delivery.attempt });
  }

  /** Done in every ack mode: nobody saw it who could acknowledge it. */
  #filtered(lane: DeliveryLane, delivery: Delivery): void {
    const { events } = this.#init;
    delivery.ownership.ended(delivery.sequence, 'filtered');
    this.#leave(lane, delivery);
    if (events.isHeard('record:filtered')) events.emit('record:filtered', { record: delivery.record });
  }

  /** The record is over: its lane goes on, or waits for the commit. */
  #leave(lane: DeliveryLane, delivery: Delivery): void {
    const { lanes, commitNow } = this.#init;
    if (commitNow === undefined) lanes.release(lane);
    else this.#holdUntilWritten(lane, delivery, commitNow);
  }

  /** Only the lane waits, never the slot: the commit may need a record that needs the slot. */
  #holdUntilWritten(lane: DeliveryLane, { ownership, record }: Delivery, commitNow: () => void): void {
    const { lanes, onReady } = this.#init;
    lanes.hold(lane);
    ownership.onceWritten(record.offset + 1, () => {
      lanes.wake(lane);
      onReady();
    });
    commitNow();
  }

  #failed(lane: DeliveryLane, delivery: Delivery, outcome: Failed): void {
    if (outcome.kind === 'retry') {
      this.#retry(lane, delivery, outcome);
      return;
    }
    const { counters, events } = this.#init;
    const { record, attempt } = delivery;
    const { error } = outcome;
    counters.failed++;
    events.emit('record:failed', { record, error, attempt });
    if (outcome.kind === 'skip') this.#end(lane, delivery, 'skipped', error);
    else if (outcome.kind === 'recover') this.#recover(lane, delivery, error);
    else if (outcome.kind === 'pause') this.#pause(lane, delivery, error);
    else this.#stop(lane, delivery, error);
  }

  #retry(lane: DeliveryLane, delivery: Delivery, { error, delayMs }: Failed & { readonly kind: 'retry' }): void {
    const { record, attempt } = delivery;
    if (!this.#postpone(lane, delivery.again(), delayMs)) return;
    this.#init.counters.retried++;
    this.#tellRetry({ record, error, attempt, delayMs });
    this.#init.events.emit('record:retried', { record, error, attempt, delayMs });
  }

  #nacked(lane: DeliveryLane, delivery: Delivery, delayMs: number): void {
    const { record, attempt } = delivery;
    if (!this.#postpone(lane, delivery.again(attempt), delayMs)) return;
    this.#init.counters.nacked++;
    this.#init.events.emit('record:nacked', { record, attempt, delayMs });
  }

  /** The lane waits, and goes on with this. False if its partition is being given up: the record comes again elsewhere. */
  #postpone(lane: DeliveryLane, again: Delivery, delayMs: number): boolean {
    const { lanes, clock, onReady } = this.#init;
    const { ownership } = again;
    if (!ownership.isOpen) {
      lanes.release(lane);
      return false;
    }
    lanes.postpone(lane, again);
    const timer = clock.setTimer(() => {
      ownership.retries.delete(timer);
      if (ownership.tracker.hasEnded(again.sequence)) lanes.hold(lane); // acknowledged meanwhile: the lane goes on without it
      lanes.wake(lane);
      onReady();
    }, delayMs);
    ownership.retries.add(timer);
    return true;
  }

  #tellRetry(failure: Parameters<NonNullable<ErrorHandler['onRetry']>>[0]): void {
    const { errorHandler, logger } = this.#init;
    try {
      errorHandler.onRetry?.(failure);
    } catch (error) {
      logger.error({ error }, 'onRetry of an error handler failed');
    }
  }

  #end(lane: DeliveryLane, delivery: Delivery, how: 'recovered' | 'skipped', error: unknown): void {
    const { ownership, record, attempt, sequence } = delivery;
    ownership.ended(sequence, how);
    this.#leave(lane, delivery);
    this.#init.events.emit(`record:${how}`, { record, error, attempt });
  }

  /** The lane stays busy for as long as that takes: nothing passes the record, here or in a later ownership. */
  #recover(lane: DeliveryLane, delivery: Delivery, error: unknown): void {
    const { recovery, lanes, counters, onReady } = this.#init;
    const { ownership } = delivery;
    recovery.recover(delivery, error, (end) => {
      if (ownership.isOver) {
        counters.lateResults++;
        lanes.release(lane);
      } else if (end.kind === 'recovered') this.#end(lane, delivery, 'recovered', error);
      else if (end.kind !== 'failed')
        lanes.release(lane); // it comes again elsewhere
      else if (ownership.tracker.hasEnded(delivery.sequence)) this.#failedAfterwards(lane, delivery, end.error);
      else this.#stop(lane, delivery, end.error);
      onReady();
    });
  }

  #pause(lane: DeliveryLane, delivery: Delivery, error: unknown): void {
    const { lanes, events, onPause } = this.#init;
    const { ownership, record } = delivery;
    if (!ownership.isOpen) {
      lanes.release(lane); // it comes again elsewhere, and nobody here would know to resume it
      return;
    }
    lanes.postpone(lane, delivery.again());
    onPause(ownership);
    lanes.wake(lane); // ready, as the first of a partition that is paused
    events.emit('partition:paused', { topic: record.topic, partition: record.partition, record, error });
  }

  #stop(lane: DeliveryLane, delivery: Delivery, error: unknown): void {
    const { lanes, onFatal } = this.#init;
    lanes.postpone(lane, delivery); // until the stop clears it: what comes after this record must not pass it
    onFatal(new ListenerFailedError(delivery.record, delivery.attempt, error));
  }

  /** Its record has ended already, so there is nothing to try again; but an error must not vanish. */
  #failedAfterwards(lane: DeliveryLane, delivery: Delivery, error: unknown): void {
    const { topic, partition, offset } = delivery.record;
    this.#init.logger.warn({ topic, partition, offset, error }, 'a record failed after it was acknowledged');
    this.#init.lanes.release(lane);
  }

  #late(lane: DeliveryLane, { record }: Delivery, outcome: Outcome): void {
    const { lanes, counters, events } = this.#init;
    counters.lateResults++;
    lanes.release(lane);
    events.emit('listener:late', 'error' in outcome ? { record, error: outcome.error } : { record });
  }
}
