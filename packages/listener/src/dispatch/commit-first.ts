import type { Logger, TaskExecutor } from '@hearken/core';
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
 * held meanwhile. Claims of a partition must come in the order of its offsets, or those that wait could take all slots from
 * the one they wait for; so there is no key order with this, where a record waits for its key while later ones go on.
 */
export class CommitFirst implements Turns {
  readonly #init: CommitFirstInit;
  /** Busy lanes whose record is committed. */
  readonly #cleared: DeliveryLane[] = [];
  /** Claimed and not started. */
  #claimed = 0;

  constructor(init: CommitFirstInit) {
    this.#init = init;
  }

  get mayBeReady(): boolean {
    return this.#cleared.length > 0 || this.#init.lanes.mayBeReady;
  }

  next(): DeliveryLane | undefined {
    if (this.#cleared.length === 0) this.#claimSome();
    const lane = this.#cleared.shift();
    if (lane !== undefined) this.#claimed--;
    return lane;
  }

  #claimSome(): void {
    const { executor, lanes, commitNow } = this.#init;
    const before = this.#claimed;
    while (executor.available > this.#claimed) {
      const lane = lanes.next();
      if (lane === undefined) break;
      this.#claim(lane);
    }
    if (this.#claimed > before) commitNow();
  }

  #claim(lane: DeliveryLane): void {
    const delivery = takeFrom(this.#init.lanes, lane) as Delivery | undefined; // batches are refused with this
    if (delivery === undefined) return;
    this.#claimed++;
    delivery.claim();
    // The lane stays busy: whoever gives the partition up clears what waits in it, and waits for this record to end.
    delivery.ownership.onceWritten(delivery.record.offset + 1, () => this.#written(lane, delivery));
  }

  /** Or never will be: its partition is gone. */
  #written(lane: DeliveryLane, delivery: Delivery): void {
    const { lanes, onReady } = this.#init;
    if (delivery.ownership.mayStart) {
      this.#cleared.push(lane);
    } else {
      this.#claimed--;
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
