import type { Clock } from '@hearken/core';
import { Deadlines } from '../deadlines.js';
import type { Delivery, DeliveryLane } from '../dispatch/delivery.js';
import type { Portions } from '../dispatch/lanes.js';
import type { Work } from '../dispatch/work.js';
import { Batch } from './batch.js';

export interface BatchPortionsInit {
  readonly maxRecords: number;
  readonly lingerMs: number;
  readonly clock: Clock;
  /** A lane waited long enough for more records. */
  readonly onFilled: (lane: DeliveryLane) => void;
}

/** Batches: what waits in a lane when it starts. Lanes that are not full may wait for more; one timer serves all of them. */
export class BatchPortions implements Portions<Delivery, Work> {
  readonly size: number;
  readonly #filling: Deadlines<DeliveryLane> | undefined;

  constructor({ maxRecords, lingerMs, clock, onFilled }: BatchPortionsInit) {
    this.size = maxRecords;
    if (lingerMs > 0) this.#filling = new Deadlines(clock, lingerMs, onFilled);
  }

  next(shift: (lane: DeliveryLane) => Delivery | undefined, lane: DeliveryLane): Batch | undefined {
    const deliveries: Delivery[] = [];
    for (let next = shift(lane); next !== undefined; next = shift(lane)) {
      deliveries.push(next);
      if (deliveries.length === this.size) break;
    }
    return deliveries.length === 0 ? undefined : new Batch(deliveries);
  }

  mayStart(lane: DeliveryLane): boolean {
    if (this.#filling === undefined) return true;
    const isFull = lane.queued >= this.size;
    if (isFull) this.#filling.delete(lane);
    else this.#filling.add(lane);
    return isFull;
  }

  hurry(): boolean {
    return this.#filling?.hurry() ?? false;
  }

  close(): void {
    this.#filling?.clear();
  }
}
