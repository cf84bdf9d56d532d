import type { Delivery, DeliveryLane } from '../dispatch/delivery.js';
import type { Portions, PortionSource } from '../dispatch/lanes.js';
import { ReadyLanes } from '../dispatch/ready-lanes.js';
import type { Work } from '../dispatch/work.js';
import { Batch } from './batch.js';
import { LaneFilling, PartitionFilling, type Filling, type FillingInit } from './filling.js';

export interface BatchPortionsInit extends Omit<FillingInit, 'size'> {
  readonly maxRecords: number;
  /** Whether a batch is of one lane, or of any of its partition. */
  readonly by: 'key' | 'any';
}

/** Makes batches as `BatchProperties` say. */
export function batchPortions(init: BatchPortionsInit): Portions<Delivery, Work> {
  const { maxRecords, by, lingerMs } = init;
  const FillingOf = by === 'key' ? LaneFilling : PartitionFilling;
  const filling = lingerMs === 0 ? undefined : new FillingOf({ ...init, size: maxRecords });
  return by === 'key' ? new BatchPortions(maxRecords, filling) : new MixedBatchPortions(maxRecords, filling);
}

/** A batch is what waits in a lane when it starts. */
class BatchPortions implements Portions<Delivery, Work> {
  readonly size: number;
  readonly #filling: Filling | undefined;

  constructor(size: number, filling: Filling | undefined) {
    this.size = size;
    this.#filling = filling;
  }

  next(source: PortionSource<Delivery, Work>, lane: DeliveryLane): Batch | undefined {
    const deliveries: Delivery[] = [];
    while (deliveries.length < this.size) {
      const next = source.shift(lane);
      if (next === undefined) break;
      deliveries.push(next);
    }
    return deliveries.length === 0 ? undefined : new Batch(deliveries);
  }

  recordsOf({ deliveries }: Work): Iterable<Delivery> {
    return deliveries;
  }

  mayStart(lane: DeliveryLane): boolean {
    return this.#filling?.mayStart(lane) ?? true;
  }

  hurry(): boolean {
    return this.#filling?.hurry() ?? false;
  }

  close(): void {
    this.#filling?.close();
  }
}

/** A batch is of the lane whose turn it is, and of all others of its partition that are ready: the oldest records of them. */
class MixedBatchPortions extends BatchPortions {
  override next(source: PortionSource<Delivery, Work>, lead: DeliveryLane): Batch | undefined {
    const origins = new Map<number, DeliveryLane>();
    const deliveries: Delivery[] = [];
    for (const [delivery, lane] of oldestFirst(source, lead)) {
      origins.set(delivery.sequence, lane);
      if (deliveries.push(delivery) === this.size) break;
    }
    if (deliveries.length === 0) return undefined;
    for (const [sequence, lane] of [...origins].reverse()) lane.oldest = sequence;
    return new Batch(deliveries.sort(bySequence), 0, origins);
  }

  lanesOf(work: Work): Iterable<DeliveryLane> {
    return work instanceof Batch ? work.lanes : [];
  }
}

/** Takes records out of a lane and of those that it joins to it for that, as long as they are asked for. */
function* oldestFirst(
  source: PortionSource<Delivery, Work>,
  lead: DeliveryLane,
): Generator<readonly [Delivery, DeliveryLane]> {
  const { ready } = lead.partition;
  /** Those of the batch that have more. */
  const open = new ReadyLanes<Delivery, Work>();
  let lane: DeliveryLane | undefined = lead;
  try {
    while (lane !== undefined) {
      const delivery = source.shift(lane);
      if (delivery === undefined) return; // it was cleared
      yield [delivery, lane];
      if (lane.first !== undefined) {
        lane.oldest = lane.first.sequence;
        open.add(lane);
      }
      const joined: DeliveryLane | undefined = ready.oldest < open.oldest ? source.join(lead) : undefined;
      lane = joined ?? open.shift();
    }
  } finally {
    while (open.shift() !== undefined); // lanes are the links: they must not lead from the next list into this one
  }
}

const bySequence = (a: Delivery, b: Delivery): number => a.sequence - b.sequence;
