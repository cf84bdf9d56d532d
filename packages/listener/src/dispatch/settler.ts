import { KafkaError, NOT_CALLED } from '@hearken/core';
import type { ContainerCounters } from '../container-metrics.js';
import type { GuardedEvents } from '../container-events.js';
import { ListenerFailedError } from '../errors.js';
import type { RecordFailure } from '../failure/error-handler.js';
import { inFailureContext } from '../failure/failure-context.js';
import type { Recovery } from '../failure/recovery.js';
import type { AfterFailure, Outcome } from '../invoke/outcome.js';
import { Followers } from '../parking/followers.js';
import type { Ownership, RecordEnd } from '../offsets/ownership.js';
import type { Delivery, DeliveryLane } from './delivery.js';
import { bytesOf } from './lane.js';
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
  /** Takes records to the parked topic as a recoverer takes dead letters; undefined where none are parked. */
  readonly parking?: Recovery | undefined;
  /** A lane became ready. */
  readonly onReady: () => void;
  /** A listener ended whose ownership is over. */
  readonly onLate?: (() => void) | undefined;
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

export interface RecordSettlerInit extends SettlerInit {
  /** What the error handler decides. Asked once for each attempt that failed, and of none that was too late or told to give up. */
  readonly afterFailure: (failure: RecordFailure) => AfterFailure;
}

/** How many records of a key are parked at once… */
const TOGETHER = { records: 500, bytes: 1024 * 1024 };

/** …and of all keys beside the first of each: no buffer counts them while they are on their way. */
const ON_THEIR_WAY = { records: 2_000, bytes: 4 * 1024 * 1024 };

/** What follows an attempt, for the record and for its lane. */
export class Settler implements Settles {
  readonly #init: RecordSettlerInit;
  /** Records that follow parked ones, beside the first of each key. */
  readonly #onTheirWay = { records: 0, bytes: 0 };

  constructor(init: RecordSettlerInit) {
    this.#init = init;
  }

  failureIn(outcome: Outcome): AttemptFailure | typeof NOT_CALLED | undefined {
    if ('error' in outcome) return outcome;
    return outcome.kind === 'done' ? undefined : NOT_CALLED;
  }

  settle(lane: DeliveryLane, delivery: Delivery, outcome: Outcome): void {
    delivery.finish();
    const { ownership } = delivery;
    if (ownership.isOver) this.#late(lane, delivery, outcome);
    else if (outcome.kind === 'done') this.#succeeded(lane, delivery);
    else if (outcome.kind === 'filtered') this.#filtered(lane, delivery);
    else if (outcome.kind === 'follow') this.#follow(lane, delivery);
    else if (ownership.isAborted)
      this.#late(lane, delivery, outcome); // it was told to give up: no failure of its own
    else if (delivery.hasEnded) this.#failedAfterwards(lane, delivery, outcome.error);
    else this.#failed(lane, delivery, outcome.error);
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

  #failed(lane: DeliveryLane, delivery: Delivery, failure: unknown): void {
    const { record, attempt } = delivery;
    const after = inFailureContext(delivery, () => this.#init.afterFailure({ record, error: failure, attempt }));
    const { kind, error } = after;
    if (kind === 'retry') {
      this.#retry(lane, delivery, after);
      return;
    }
    if (kind !== 'pause') this.#init.ends.failed(delivery, error, kind);
    if (kind === 'skip') this.#end(lane, delivery, 'skipped', error);
    else if (kind === 'recover') this.#recover(lane, delivery, error);
    else if (kind === 'park') this.#park(lane, delivery, error);
    else if (kind === 'pause') this.#pause(lane, delivery, error);
    else this.#stop(lane, delivery, error);
  }

  #retry(lane: DeliveryLane, delivery: Delivery, { error, delayMs }: AfterFailure & { readonly kind: 'retry' }): void {
    const { ends, waits } = this.#init;
    const { record, attempt } = delivery;
    if (!waits.postpone(lane, delivery.again(), delayMs)) {
      ends.leftBehind([delivery], error);
      return;
    }
    ends.tellRetry(delivery, { record, error, attempt, delayMs });
    ends.retried(delivery, error, delayMs);
  }

  #nacked(lane: DeliveryLane, delivery: Delivery, delayMs: number): void {
    const { ends, waits } = this.#init;
    if (waits.postpone(lane, delivery.again(delivery.attempt), delayMs)) ends.nacked(delivery, delayMs);
  }

  #end(
    lane: DeliveryLane,
    delivery: Delivery,
    how: Extract<RecordEnd, 'recovered' | 'parked' | 'skipped'>,
    error: unknown,
  ): void {
    const { ends, waits } = this.#init;
    if (how === 'parked') ends.parked(delivery, { error });
    else ends.gaveUp(delivery, how, error);
    waits.leave(lane, delivery);
  }

  #recover(lane: DeliveryLane, delivery: Delivery, error: unknown): void {
    this.#handOver(lane, delivery, error, 'recovered', this.#init.recovery);
  }

  #park(lane: DeliveryLane, delivery: Delivery, error: unknown): void {
    const { parking } = this.#init;
    if (parking === undefined) this.#stop(lane, delivery, noParking(error));
    else this.#handOver(lane, delivery, error, 'parked', parking);
  }

  /** Its key may be free soon: then it waits, so that a key that never rests is free at all. */
  #follow(lane: DeliveryLane, delivery: Delivery): void {
    const { record, ownership, attempt } = delivery;
    const end = ownership.parked?.whenEnded(record);
    if (end === undefined) this.#parkFollowers(lane, delivery);
    else this.#init.waits.goOnAfter(lane, delivery.again(attempt), end);
  }

  /** With those that wait behind it, which follow too: for a busy key a round trip for each would be too slow. */
  #parkFollowers(lane: DeliveryLane, first: Delivery): void {
    const { lanes, waits, ends, counters, parking, onReady } = this.#init;
    const { ownership } = first;
    if (parking === undefined) {
      this.#stop(lane, first, noParking(undefined));
      return;
    }
    const taken = this.#takeFollowers(lane);
    const followers = new Followers([first, ...taken.deliveries]);
    const back = waits.lend(lane, first);
    parking.recover(first, followers, (end) => {
      back();
      taken.arrived();
      const [left] = followers.left;
      if (ownership.isOver) {
        counters.lateResults += followers.size;
        lanes.release(lane);
      } else {
        for (const delivery of followers.parked) ends.parked(delivery, undefined);
        if (left === undefined) waits.leave(lane, followers.parked.at(-1) ?? first);
        else if (end.kind === 'failed') this.#stop(lane, left, end.error);
        else waits.giveUp(lane, left);
      }
      onReady();
    });
  }

  #takeFollowers(lane: DeliveryLane): { readonly deliveries: readonly Delivery[]; readonly arrived: () => void } {
    const onTheirWay = this.#onTheirWay;
    const deliveries = this.#init.lanes.takeWaiting(lane, {
      records: Math.min(TOGETHER.records, ON_THEIR_WAY.records - onTheirWay.records),
      bytes: Math.min(TOGETHER.bytes, ON_THEIR_WAY.bytes - onTheirWay.bytes),
    });
    const records = deliveries.length;
    const bytes = deliveries.reduce((sum, { record }) => sum + bytesOf(record), 0);
    onTheirWay.records += records;
    onTheirWay.bytes += bytes;
    const arrived = (): void => {
      onTheirWay.records -= records;
      onTheirWay.bytes -= bytes;
    };
    return { deliveries, arrived };
  }

  /** The lane stays busy for as long as that takes: nothing passes the record, here or in a later ownership. */
  #handOver(
    lane: DeliveryLane,
    delivery: Delivery,
    error: unknown,
    how: 'recovered' | 'parked',
    recovery: Recovery,
  ): void {
    const { lanes, waits, counters, onReady } = this.#init;
    const { ownership } = delivery;
    const back = waits.lend(lane, delivery);
    recovery.recover(delivery, error, (end) => {
      back();
      if (ownership.isOver) {
        counters.lateResults++;
        lanes.release(lane);
      } else if (end.kind === 'recovered') this.#end(lane, delivery, how, error);
      else if (end.kind !== 'failed') waits.giveUp(lane, delivery);
      else if (delivery.hasEnded) this.#failedAfterwards(lane, delivery, end.error);
      else this.#stop(lane, delivery, end.error);
      onReady();
    });
  }

  /** Its lane is ready then, as the first of a partition that is paused. Not if the partition goes: nobody here would know to resume it. */
  #pause(lane: DeliveryLane, delivery: Delivery, error: unknown): void {
    const { onPause, waits, ends } = this.#init;
    const { ownership, record } = delivery;
    if (ownership.isOpen) onPause(ownership, { record, error });
    else ends.leftBehind([delivery], error);
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
    const { lanes, counters, events, onLate } = this.#init;
    counters.lateResults++;
    lanes.release(lane);
    onLate?.();
    events.emit('listener:late', 'error' in outcome ? { record, error: outcome.error } : { record });
  }
}

const noParking = (cause: unknown): KafkaError =>
  new KafkaError('a key is to be parked, and the container has no parking', {
    code: 'NO_PARKING',
    cause,
  });
