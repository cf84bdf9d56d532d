import type { Ownership } from '../offsets/ownership.js';
import type { PartitionExplanation } from './container-explanation.js';

/** What a look at a partition finds. */
export interface PartitionLook {
  readonly told: PartitionExplanation;
  /** Records that stand behind one that is to be tried again, or waits for a commit; */
  readonly behindWaiting: number;
  /** and such as stand behind one that runs. */
  readonly behindBusy: number;
}

/** Looks at each lane, so that none has to be counted when its state changes. */
export function lookAt(ownership: Ownership, now: number): PartitionLook {
  const { topic, partition, tracker, lanes, oldestAt = now } = ownership;
  let [readyLanes, behindWaiting, behindBusy] = [0, 0, 0];
  for (const { state, queued } of lanes.table) {
    if (state === 'ready') readyLanes++;
    else if (state === 'waiting') behindWaiting += queued;
    else if (state === 'busy') behindBusy += queued;
  }
  const { oldestOutstanding: offset, span: windowSpan, outstanding: incompletes } = tracker;
  const oldest = offset === undefined ? undefined : { offset, ageMs: now - oldestAt };
  const { queued, table } = lanes;
  const told = { topic, partition, queued, liveLanes: table.size, readyLanes, windowSpan, incompletes, oldest };
  return { told, behindWaiting, behindBusy };
}
