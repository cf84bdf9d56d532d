import type { Delivery, DeliveryLanes } from '../dispatch/delivery.js';
import type { Lanes } from '../dispatch/lanes.js';
import type { Work } from '../dispatch/work.js';
import type { Ownership } from '../offsets/ownership.js';
import type { PartitionExplanation } from './container-explanation.js';

/** What lanes are held up by, counted lane by lane, so that nothing has to be counted when one changes its state. */
export interface LaneCensus {
  readonly readyLanes: number;
  /** Records that stand behind one that is to be tried again, or waits for a commit; */
  readonly behindWaiting: number;
  /** and such as stand behind one that runs. */
  readonly behindBusy: number;
}

/** What a look at a partition finds. */
export interface PartitionLook extends LaneCensus {
  readonly told: PartitionExplanation;
}

/** Records of a lane that fills stand behind nothing: they wait for more of their batch. Those of a paused partition wait for `resume`. */
export function censusOf(lanes: Lanes<Delivery, Work>, partition: DeliveryLanes): LaneCensus {
  let [readyLanes, behindWaiting, behindBusy] = [0, 0, 0];
  for (const lane of partition.table) {
    const { state } = lanes.leadOf(lane);
    if (state === 'ready' && lane.state === 'ready') readyLanes++;
    else if (state === 'waiting') behindWaiting += lane.queued;
    else if (state === 'busy' || state === 'barred') behindBusy += lane.queued;
  }
  return partition.paused ? { readyLanes, behindWaiting: 0, behindBusy: 0 } : { readyLanes, behindWaiting, behindBusy };
}

export function lookAt(lanes: Lanes<Delivery, Work>, ownership: Ownership, now: number): PartitionLook {
  const { topic, partition, tracker, oldestAt = now } = ownership;
  const { queued, table } = ownership.lanes;
  const census = censusOf(lanes, ownership.lanes);
  const { oldestOutstanding: offset, span: windowSpan, outstanding: incompletes } = tracker;
  const oldest = offset === undefined ? undefined : { offset, ageMs: now - oldestAt };
  const { readyLanes } = census;
  const told = { topic, partition, queued, liveLanes: table.size, readyLanes, windowSpan, incompletes, oldest };
  return { ...census, told };
}
