import type { TaskExecutor } from '@hearken/core';
import type { Ownership } from '../offsets/ownership.js';
import type { OwnedPartitions } from '../offsets/owned-partitions.js';
import type { Delivery } from './delivery.js';
import type { Lanes } from './lanes.js';

export interface IntakeInit {
  readonly bufferRecords: number;
  readonly windowRecords: number;
  readonly executor: TaskExecutor;
  readonly lanes: Lanes<Delivery>;
  readonly owned: OwnedPartitions;
  /** Called when `isFull` of a partition changed. */
  readonly onChange: (ownership: Ownership) => void;
  /** Called when a partition is too far ahead of its oldest record. */
  readonly onWindowFilled: (ownership: Ownership) => void;
}

/**
 * How much to poll. Records are asked for when half of the buffer is free, so that polls are large; while everybody is
 * busy that is all there is to it.
 *
 * A partition that cannot go on (its record is tried again for a minute, its listener hangs, it is paused) would fill the
 * buffer with records that cannot run, and stop all others. So when slots are free, nothing is ready and the buffer is more
 * than half full, partitions with more than their share of it count as full: they are not polled until they are down to
 * half of it, and what they hold no longer keeps others from being polled. At most about twice the buffer is held so.
 */
export class Intake {
  readonly #init: IntakeInit;
  readonly #full = new Set<Ownership>();

  constructor(init: IntakeInit) {
    this.#init = init;
  }

  /** How many records may be polled now; 0 is to wait. */
  room(): number {
    const { bufferRecords, executor, lanes } = this.#init;
    if (!this.hasRoom()) return 0;
    if (this.#queuedElsewhere() > bufferRecords / 2) this.#markHoarders();
    const room = bufferRecords + executor.available - lanes.queued;
    return this.#full.size > 0 ? Math.max(room, this.#share()) : Math.max(room, 0);
  }

  /** Cheap: called whenever a slot came free. */
  hasRoom(): boolean {
    const { bufferRecords, executor, lanes } = this.#init;
    if (lanes.queued <= bufferRecords / 2) return bufferRecords > 0 || executor.available > 0;
    if (executor.available > 0 && !lanes.mayBeReady) return true;
    return this.#full.size > 0 && this.#queuedElsewhere() <= bufferRecords / 2;
  }

  /** Looks at a partition after records were added. */
  added(ownership: Ownership): void {
    if (ownership.isFull || ownership.tracker.span < this.#init.windowRecords) return;
    this.#setFull(ownership, true);
    this.#init.onWindowFilled(ownership);
  }

  /** Looks at a full partition after one of its records ended. */
  ended(ownership: Ownership): void {
    const goesOn = ownership.tracker.span < this.#init.windowRecords && ownership.lanes.queued <= this.#share() / 2;
    if (goesOn) this.#setFull(ownership, false);
  }

  /** The partition is given up. */
  forget(ownership: Ownership): void {
    this.#full.delete(ownership);
  }

  #markHoarders(): void {
    const share = this.#share();
    for (const ownership of this.#init.owned) {
      if (!ownership.isFull && ownership.lanes.queued >= share) this.#setFull(ownership, true);
    }
  }

  #setFull(ownership: Ownership, isFull: boolean): void {
    ownership.isFull = isFull;
    if (isFull) this.#full.add(ownership);
    else this.#full.delete(ownership);
    this.#init.onChange(ownership);
  }

  #queuedElsewhere(): number {
    let queued = this.#init.lanes.queued;
    for (const ownership of this.#full) queued -= ownership.lanes.queued;
    return queued;
  }

  #share(): number {
    return Math.max(1, Math.ceil(this.#init.bufferRecords / Math.max(1, this.#init.owned.size)));
  }
}
