import type { Logger, TaskExecutor } from '@hearken/core';
import type { Ownership } from '../offsets/ownership.js';
import type { Delivery, DeliveryLane } from './delivery.js';
import type { Lanes } from './lanes.js';
import { takeFrom, type Turns } from './run.js';
import type { Work } from './work.js';

export interface CommitFirstInit {
  readonly lanes: Lanes<Delivery, Work>;
  readonly executor: TaskExecutor;
  readonly logger: Logger;
  /** Asks for a commit at once. */
  readonly commitNow: () => void;
  /** A lane may start. */
  readonly onReady: () => void;
}

/**
 * At most once: a lane's turn comes when the offset past its record is written. A record is *claimed* first, which is what its
 * partition commits by, and started when the answer is there. A partition commits up to its first record that is not claimed,
 * so a commit never covers one that is not about to start.
 *
 * Not more are claimed than there are free slots: what is claimed and not started when the process dies is lost. No slot is
 * held meanwhile. Where the broker refuses a partition, which lasts as long as its topic is gone or not ours to read, what is
 * claimed of it counts no longer and no more is: it would take the slots from all others.
 *
 * Claims of a partition must come in the order of its offsets, or those that wait could take all slots from the one they wait
 * for; so there is no key order with this, where a record waits for its key while later ones go on.
 */
export class CommitFirst implements Turns {
  readonly #init: CommitFirstInit;
  /** Busy lanes whose record is committed. */
  readonly #cleared: DeliveryLane[] = [];
  /** How many of each partition are claimed and not committed. */
  readonly #waiting = new Map<Ownership, number>();

  constructor(init: CommitFirstInit) {
    this.#init = init;
  }

  get mayBeReady(): boolean {
    return this.#cleared.length > 0 || this.#init.lanes.mayBeReady;
  }

  /** Not while what is claimed waits for its commit: until then nothing starts, and then `onReady` says so. */
  get isReady(): boolean {
    return this.#cleared.length > 0 || (this.#slotsTaken() === 0 && this.#init.lanes.isReady);
  }

  next(): DeliveryLane | undefined {
    if (this.#cleared.length === 0) this.#claimSome();
    return this.#cleared.shift();
  }

  /** It is committed: nobody else would ever process it. */
  mayStart(): boolean {
    return true;
  }

  #claimSome(): void {
    const { executor, lanes, commitNow } = this.#init;
    // One that starts records itself took a slot before it asked, to give it back if nothing starts.
    const free = executor.available + (executor.attach === undefined ? 0 : 1) - this.#slotsTaken();
    let claimed = 0;
    while (claimed < free) {
      const lane = lanes.next();
      if (lane === undefined) break;
      if (this.#claim(lane)) claimed++;
    }
    if (claimed > 0) commitNow();
  }

  /** By what is claimed and will soon start. */
  #slotsTaken(): number {
    let taken = this.#cleared.length;
    for (const [{ isRefused }, count] of this.#waiting) if (!isRefused) taken += count;
    return taken;
  }

  #claim(lane: DeliveryLane): boolean {
    const { lanes } = this.#init;
    const delivery = takeFrom(lanes, lane) as Delivery | undefined; // batches are refused with this
    if (delivery === undefined) return false;
    const { ownership } = delivery;
    if (ownership.isRefused) {
      lanes.setAside(lane);
      return false;
    }
    this.#count(ownership, 1);
    delivery.claim();
    // The lane stays busy: whoever gives the partition up clears what waits in it, and waits for this record to end.
    ownership.onceWritten(delivery.record.offset + 1, () => this.#written(lane, delivery));
    return true;
  }

  #count(ownership: Ownership, change: number): void {
    const count = (this.#waiting.get(ownership) ?? 0) + change;
    if (count > 0) this.#waiting.set(ownership, count);
    else this.#waiting.delete(ownership);
  }

  /** Or never will be: its partition is gone. */
  #written(lane: DeliveryLane, delivery: Delivery): void {
    const { lanes, onReady } = this.#init;
    const { ownership } = delivery;
    this.#count(ownership, -1);
    if (ownership.mayStart) {
      this.#cleared.push(lane);
    } else {
      this.#reportIfLost(delivery);
      delivery.excuse();
      lanes.release(lane);
    }
    onReady();
  }

  /** The commit was on its way when the time to drain was over. */
  #reportIfLost({ ownership, record }: Delivery): void {
    const { topic, partition, offset } = record;
    if ((ownership.committed ?? 0) <= offset) return;
    this.#init.logger.warn({ topic, partition, offset }, 'a record was committed and can no longer start: it is lost');
  }
}
