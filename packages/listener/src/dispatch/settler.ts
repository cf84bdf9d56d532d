import type { ContainerCounters } from '../container-metrics.js';
import type { GuardedEvents } from '../container-events.js';
import { ListenerFailedError } from '../errors.js';
import type { Recovery } from '../failure/recovery.js';
import type { Outcome } from '../invoke/outcome.js';
import type { Ownership, RecordEnd } from '../offsets/ownership.js';
import type { Delivery, DeliveryLane } from './delivery.js';
import type { LaneWaits } from './lane-waits.js';
import type { Lanes } from './lanes.js';
import type { RecordEnds } from './record-ends.js';
import type { AttemptFailure, Settles } from './run.js';
import type { Work } from './work.js';

export interface SettlerInit {
  readonly lanes: Lanes<Delivery, Work>;
  readonly waits: LaneWaits;
  readonly ends: RecordEnds;
  readonly counters: ContainerCounters;
  readonly events: GuardedEvents;
  readonly manualAck: boolean;
  readonly recovery: Recovery;
  /** A lane became ready. */
  readonly onReady: () => void;
  /** The partition is to be paused until the user resumes it, as this record failed. */
  readonly onPause: (ownership: Ownership, why: PauseReason) => void;
  /** The container has to stop. */
  readonly onFatal: (error: Error) => void;
}

/** Why the error handler paused a partition. */
export interface PauseReason {
  readonly record: Delivery['record'];
  readonly error: unknown;
}

type Failed = Exclude<Outcome, { readonly kind: 'done' | 'filtered' }>;

/** What follows an attempt, for the record and for its lane. */
export class Settler implements Settles {
  readonly #init: SettlerInit;

  constructor(init: SettlerInit) {
    this.#init = init;
  }

  failureIn(outcome: Outcome): AttemptFailure | undefined {
    return 'error' in outcome ? outcome : undefined;
  }

  settle(lane: DeliveryLane, delivery: Delivery, outcome: Outcome): void {
    delivery.finish();
    const { ownership } = delivery;
    if (ownership.isOver) this.#late(lane, delivery, outcome);
    else if (outcome.kind === 'done') this.#succeeded(lane, delivery);
    else if (outcome.kind === 'filtered') this.#filtered(lane, delivery);
    else if (ownership.isAborted)
      this.#late(lane, delivery, outcome); // it was told to give up: no failure of its own
    else if (delivery.hasEnded) this.#failedAfterwards(lane, delivery, outcome.error);
    else this.#failed(lane, delivery, outcome);
  }

  #succeeded(lane: DeliveryLane, delivery: Delivery): void {
    const { ends, waits, manualAck } = this.#init;
    const delayMs = delivery.nackedForMs;
    if (delayMs !== undefined) this.#nacked(lane, delivery, delayMs);
    else {
      if (!manualAck) delivery.ownership.ended(delivery.sequence);
      waits.leave(lane, delivery);
    }
    ends.returned(delivery);
  }

  #filtered(lane: DeliveryLane, delivery: Delivery): void {
    this.#init.ends.filtered(delivery);
    this.#init.waits.leave(lane, delivery);
  }

  #failed(lane: DeliveryLane, delivery: Delivery, outcome: Failed): void {
    const { error } = outcome;
    if (outcome.kind === 'retry') {
      this.#retry(lane, delivery, outcome);
      return;
    }
    if (outcome.kind !== 'pause') this.#init.ends.failed(delivery, error, outcome.kind);
    if (outcome.kind === 'skip') this.#end(lane, delivery, 'skipped', error);
    else if (outcome.kind === 'recover') this.#recover(lane, delivery, error);
    else if (outcome.kind === 'pause') this.#pause(lane, delivery, error);
    else this.#stop(lane, delivery, error);
  }

  #retry(lane: DeliveryLane, delivery: Delivery, { error, delayMs }: Failed & { readonly kind: 'retry' }): void {
    const { ends, waits } = this.#init;
    const { record, attempt } = delivery;
    if (!waits.postpone(lane, delivery.again(), delayMs)) return;
    ends.tellRetry({ record, error, attempt, delayMs });
    ends.retried(delivery, error, delayMs);
  }

  #nacked(lane: DeliveryLane, delivery: Delivery, delayMs: number): void {
    const { ends, waits } = this.#init;
    if (waits.postpone(lane, delivery.again(delivery.attempt), delayMs)) ends.nacked(delivery, delayMs);
  }

  #end(lane: DeliveryLane, delivery: Delivery, how: Extract<RecordEnd, 'recovered' | 'skipped'>, error: unknown): void {
    this.#init.ends.gaveUp(delivery, how, error);
    this.#init.waits.leave(lane, delivery);
  }

  /** The lane stays busy for as long as that takes: nothing passes the record, here or in a later ownership. */
  #recover(lane: DeliveryLane, delivery: Delivery, error: unknown): void {
    const { recovery, lanes, waits, counters, onReady } = this.#init;
    const { ownership } = delivery;
    recovery.recover(delivery, error, (end) => {
      if (ownership.isOver) {
        counters.lateResults++;
        lanes.release(lane);
      } else if (end.kind === 'recovered') this.#end(lane, delivery, 'recovered', error);
      else if (end.kind !== 'failed') waits.giveUp(lane, delivery);
      else if (delivery.hasEnded) this.#failedAfterwards(lane, delivery, end.error);
      else this.#stop(lane, delivery, end.error);
      onReady();
    });
  }

  /** Its lane is ready then, as the first of a partition that is paused. Not if the partition goes: nobody here would know to resume it. */
  #pause(lane: DeliveryLane, delivery: Delivery, error: unknown): void {
    const { onPause, waits } = this.#init;
    const { ownership, record } = delivery;
    if (ownership.isOpen) onPause(ownership, { record, error });
    waits.goOn(lane, delivery.again());
  }

  #stop(lane: DeliveryLane, delivery: Delivery, error: unknown): void {
    const { waits, onFatal } = this.#init;
    waits.closeWith(lane, delivery);
    onFatal(new ListenerFailedError(delivery.record, delivery.attempt, error));
  }

  #failedAfterwards(lane: DeliveryLane, delivery: Delivery, error: unknown): void {
    this.#init.ends.failedAfterwards(delivery, error);
    this.#init.lanes.release(lane);
  }

  #late(lane: DeliveryLane, { record }: Delivery, outcome: Outcome): void {
    const { lanes, counters, events } = this.#init;
    counters.lateResults++;
    lanes.release(lane);
    events.emit('listener:late', 'error' in outcome ? { record, error: outcome.error } : { record });
  }
}
