import type { Clock } from '@hearken/core';
import { Deadlines } from '../deadlines.js';
import type { DeliveryLane, DeliveryLanes } from '../dispatch/delivery.js';

export interface FillingInit {
  /** Records of a full batch. */
  readonly size: number;
  readonly lingerMs: number;
  readonly clock: Clock;
  /** The lane waits no longer. */
  readonly onFilled: (lane: DeliveryLane) => void;
  /** Lanes have waited long enough, and may start. */
  readonly onReady: () => void;
}

/** Has records that could start wait for more while their batch is not full. One timer serves all of them. */
export interface Filling {
  /** Asked of a lane that could start, and after each record that joins it. */
  mayStart(lane: DeliveryLane): boolean;
  /** Ends the longest wait. False if there is none. */
  hurry(): boolean;
  close(): void;
}

/** Where a batch is of one lane. */
export class LaneFilling implements Filling {
  readonly #size: number;
  readonly #waits: Deadlines<DeliveryLane>;

  constructor({ size, lingerMs, clock, onFilled, onReady }: FillingInit) {
    this.#size = size;
    this.#waits = new Deadlines(clock, lingerMs, (lane) => {
      onFilled(lane);
      onReady();
    });
  }

  mayStart(lane: DeliveryLane): boolean {
    const isFull = lane.queued >= this.#size;
    if (isFull) this.#waits.delete(lane);
    else this.#waits.add(lane);
    return isFull;
  }

  hurry(): boolean {
    return this.#waits.hurry();
  }

  close(): void {
    this.#waits.clear();
  }
}

/** Lanes of a partition that could start, with how many records each of them was counted. */
interface Pool {
  readonly lanes: Map<DeliveryLane, number>;
  records: number;
}

/**
 * Where a batch is of what waits in a partition: its lanes wait together, from the first that could start on. Lanes that were
 * given up meanwhile may still be counted, so that a batch starts sooner than it had to, and never later.
 */
export class PartitionFilling implements Filling {
  readonly #init: FillingInit;
  readonly #pools = new Map<DeliveryLanes, Pool>();
  readonly #waits: Deadlines<DeliveryLanes>;

  constructor(init: FillingInit) {
    this.#init = init;
    this.#waits = new Deadlines(init.clock, init.lingerMs, (partition) => {
      this.#empty(partition);
      init.onReady();
    });
  }

  mayStart(lane: DeliveryLane): boolean {
    const { partition, queued } = lane;
    if (!partition.ready.isEmpty) return true; // with those, that only lack a slot
    const pool = this.#poolOf(partition);
    pool.records += queued - (pool.lanes.get(lane) ?? 0);
    pool.lanes.set(lane, queued);
    if (pool.records < this.#init.size) this.#waits.add(partition);
    else this.#empty(partition, lane);
    return pool.records >= this.#init.size;
  }

  hurry(): boolean {
    return this.#waits.hurry();
  }

  close(): void {
    this.#waits.clear();
  }

  #poolOf(partition: DeliveryLanes): Pool {
    const pool = this.#pools.get(partition) ?? { lanes: new Map<DeliveryLane, number>(), records: 0 };
    this.#pools.set(partition, pool);
    return pool;
  }

  /** @param asked hears it from whoever asked */
  #empty(partition: DeliveryLanes, asked?: DeliveryLane): void {
    const lanes = this.#pools.get(partition)?.lanes.keys() ?? [];
    this.#pools.delete(partition);
    this.#waits.delete(partition);
    for (const lane of lanes) if (lane !== asked) this.#init.onFilled(lane);
  }
}
