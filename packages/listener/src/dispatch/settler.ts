import type { Clock, Logger } from '@hearken/core';
import type { GuardedEvents } from '../container-events.js';
import type { ContainerCounters } from '../container-metrics.js';
import { ListenerFailedError } from '../errors.js';
import type { Outcome } from '../invoke/outcome.js';
import type { Delivery, DeliveryLane } from './delivery.js';
import type { Lanes } from './lanes.js';

export interface SettlerInit {
  readonly lanes: Lanes<Delivery>;
  readonly counters: ContainerCounters;
  readonly events: GuardedEvents;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly manualAck: boolean;
  /** Asks for a commit at once; undefined where lanes do not wait for theirs. */
  readonly commitNow: (() => void) | undefined;
  /** A lane became ready. */
  readonly onReady: () => void;
  /** The container has to stop. */
  readonly onFatal: (error: Error) => void;
}

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
    else if (ownership.isAborted)
      this.#late(lane, delivery, outcome); // it was told to give up: no failure of its own
    else if (ownership.tracker.hasEnded(delivery.sequence)) this.#failedAfterwards(lane, delivery, outcome.error);
    else if (outcome.kind === 'retry') this.#retry(lane, delivery, outcome.error, outcome.delayMs);
    else this.#failed(lane, delivery, outcome.error);
  }

  #succeeded(lane: DeliveryLane, delivery: Delivery): void {
    const { lanes, events, manualAck, commitNow } = this.#init;
    if (!manualAck) delivery.ownership.ended(delivery.sequence);
    if (commitNow === undefined) lanes.release(lane);
    else this.#holdUntilWritten(lane, delivery, commitNow);
    if (!events.isHeard('listener:returned')) return;
    events.emit('listener:returned', { record: delivery.handed, attempt: delivery.attempt });
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

  #retry(lane: DeliveryLane, delivery: Delivery, error: unknown, delayMs: number): void {
    const { lanes, counters, events, clock, onReady } = this.#init;
    const { ownership, record, attempt } = delivery;
    if (!ownership.isOpen) {
      lanes.release(lane); // it comes again elsewhere
      return;
    }
    counters.retried++;
    lanes.postpone(lane, delivery.again());
    const timer = clock.setTimer(() => {
      ownership.retries.delete(timer);
      lanes.wake(lane);
      onReady();
    }, delayMs);
    ownership.retries.add(timer);
    events.emit('record:retried', { record, error, attempt, delayMs });
  }

  #failed(lane: DeliveryLane, delivery: Delivery, error: unknown): void {
    const { lanes, counters, events, onFatal } = this.#init;
    const { record, attempt } = delivery;
    counters.failed++;
    lanes.postpone(lane, delivery); // until the stop clears it: what comes after this record must not pass it
    events.emit('record:failed', { record, error, attempt });
    onFatal(new ListenerFailedError(record, attempt, error));
  }

  /** Its record has ended already, so there is nothing to try again; but an error must not vanish. */
  #failedAfterwards(lane: DeliveryLane, delivery: Delivery, error: unknown): void {
    const { topic, partition, offset } = delivery.record;
    this.#init.logger.warn({ topic, partition, offset, error }, 'a listener failed after it acknowledged its record');
    this.#init.lanes.release(lane);
  }

  #late(lane: DeliveryLane, { record }: Delivery, outcome: Outcome): void {
    const { lanes, counters, events } = this.#init;
    counters.lateResults++;
    lanes.release(lane);
    events.emit('listener:late', outcome.kind === 'done' ? { record } : { record, error: outcome.error });
  }
}
