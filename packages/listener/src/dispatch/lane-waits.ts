import type { Clock } from '@hearken/core';
import type { Ownership } from '../offsets/ownership.js';
import type { Delivery, DeliveryLane } from './delivery.js';
import type { Lanes } from './lanes.js';
import type { Work } from './work.js';

export interface LaneWaitsInit {
  readonly lanes: Lanes<Delivery, Work>;
  readonly clock: Clock;
  /** Asks for a commit at once; undefined where lanes do not wait for theirs. */
  readonly commitNow: (() => void) | undefined;
  /** A lane became ready. */
  readonly onReady: () => void;
  /** What a record took that was kept is free, and the record may have ended before. */
  readonly onFreed: (ownership: Ownership) => void;
}

/** What lanes wait for between two listeners: a delay, a commit. Only the lane waits, never a slot. */
export class LaneWaits {
  readonly #init: LaneWaitsInit;

  constructor(init: LaneWaitsInit) {
    this.#init = init;
  }

  /** What the lane ran is over: the lane goes on, or waits for the commit. That may need a record which needs the slot. */
  leave(lane: DeliveryLane, { ownership, lastOffset }: Work): void {
    const { lanes, commitNow, onReady } = this.#init;
    if (commitNow === undefined) {
      lanes.release(lane);
      return;
    }
    lanes.hold(lane);
    ownership.onceWritten(lastOffset + 1, () => {
      lanes.wake(lane);
      onReady();
    });
    commitNow();
  }

  /** Somebody else has what the lane ran, until what this returns is called. The lane stays busy. */
  lend(lane: DeliveryLane, work: Work): () => void {
    const { lanes, onFreed } = this.#init;
    const giveBack = lanes.lend(lane, work);
    return () => {
      giveBack();
      onFreed(work.ownership);
    };
  }

  /** The lane waits, and goes on with this. False if its partition is being given up: the records come again elsewhere. */
  postpone(lane: DeliveryLane, again: Work, delayMs: number): boolean {
    const { lanes, clock, onReady, onFreed } = this.#init;
    const { ownership } = again;
    if (!this.#isStillOurs(lane, again)) return false;
    const closed = lanes.postpone(lane, again);
    const timer = clock.setTimer(() => {
      ownership.retries.delete(wait);
      if (again.hasEnded) {
        lanes.hold(closed); // acknowledged meanwhile: the lane goes on without it
        onFreed(ownership);
      }
      lanes.wake(closed);
      onReady();
    }, delayMs);
    const { record, attempt } = again.lead;
    const wait = { record, attempt, dueAt: clock.monotonic() + delayMs, clear: () => timer.clear() };
    ownership.retries.add(wait);
    return true;
  }

  /** The lane goes on with this, in its turn. False as above. */
  goOn(lane: DeliveryLane, next: Work): boolean {
    const { lanes } = this.#init;
    if (!this.#isStillOurs(lane, next)) return false;
    lanes.wake(lanes.postpone(lane, next));
    return true;
  }

  /** The lane waits for this to end, and goes on with the work then. A lane that is cleared meanwhile stays so. */
  goOnAfter(lane: DeliveryLane, next: Work, end: Promise<void>): void {
    const { lanes, onReady } = this.#init;
    if (!this.#isStillOurs(lane, next)) return;
    lanes.postpone(lane, next);
    void end.then(() => {
      lanes.wake(lane);
      onReady();
    });
  }

  /** Until whoever gives the partition up clears it: what comes after these records must not pass them. */
  closeWith(lane: DeliveryLane, unfinished: Work): void {
    if (this.#isStillOurs(lane, unfinished)) this.#init.lanes.postpone(lane, unfinished);
  }

  /** It comes again elsewhere, and so does all behind it, whatever its lane: what has not started is not to. */
  giveUp(lane: DeliveryLane, { ownership, lead }: Work): void {
    const { lanes } = this.#init;
    if (!ownership.isClosed) lanes.trim(ownership.lanes, ({ sequence }) => sequence < lead.sequence);
    lanes.release(lane);
    ownership.lookIfIdle();
  }

  #isStillOurs(lane: DeliveryLane, work: Work): boolean {
    if (!work.ownership.isOpen) this.giveUp(lane, work);
    return work.ownership.isOpen;
  }
}
