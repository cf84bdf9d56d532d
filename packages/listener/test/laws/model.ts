import type { ConsumerRecord } from '@hearken/core';
import type { CommittedEpoch } from './commit-laws.js';
import { bySize, type World } from './world.js';

/** Which record of a lane may come next, and no other. */
export interface Again {
  readonly offset: number;
  readonly attempt: number;
  readonly notBefore: number;
}

/** Where reading of a partition begins, and what of it had ended. */
export interface Start {
  readonly start: number;
  readonly told: ReadonlySet<number>;
}

/** What a container may know of one partition, from an assignment or seek until it is revoked, lost or sought again. */
export class Epoch implements CommittedEpoch {
  /** Offsets of records that ended in it. */
  readonly ended = new Set<number>();
  /** Of those that ended while they waited to come again: they do not. */
  readonly spared = new Set<number>();
  /** The newest record of each lane that a listener was called with, or could not be. */
  readonly newest = new Map<string, number>();
  /** Lanes whose newest record comes again. */
  readonly again = new Map<string, Again>();
  /** Lanes whose newest record the recoverer has yet to take. */
  readonly toRecover = new Set<string>();
  committed = -1;
  written = -1;
  frontier: number;

  readonly start: number;
  /** Offsets of records that the group knew to have ended before: none of them comes. */
  readonly told: ReadonlySet<number>;

  constructor({ start, told }: Start) {
    this.frontier = start;
    this.start = start;
    this.told = told;
    for (const offset of told) this.ended.add(offset);
  }
}

type Lanes = Pick<World, 'ordering' | 'nullKey' | 'selects'>;

/** Which records wait for which. */
export class LaneBook {
  readonly #world: Lanes;
  /** By partition and lane: offsets, rising. */
  readonly #lanes = new Map<number, Map<string, number[]>>();

  constructor(world: Lanes) {
    this.#world = world;
  }

  laneOf(record: ConsumerRecord): string {
    const { ordering, nullKey, selects } = this.#world;
    const { partition, offset } = record;
    if (ordering === 'partition') return `${partition}`;
    const key = ordering === 'none' ? null : selects ? bySize(record) : record.key;
    if (key !== null && key !== undefined) return `${partition}/${key.toString()}`;
    return ordering === 'none' || nullKey === 'unordered' ? `${partition}#${offset}` : `${partition}/none`;
  }

  /** Whether a lane outlives epochs: what runs in one keeps it closed for the next epoch too. */
  isLasting(lane: string): boolean {
    return !lane.includes('#');
  }

  /** Whether only one of these lanes may run at a time, over all partitions. */
  isSingle(lane: string): boolean {
    return this.#world.nullKey === 'single' && lane.endsWith('/none');
  }

  add(record: ConsumerRecord): void {
    const lanes = this.#lanes.get(record.partition) ?? new Map<string, number[]>();
    this.#lanes.set(record.partition, lanes);
    const lane = this.laneOf(record);
    const offsets = lanes.get(lane);
    if (offsets === undefined) lanes.set(lane, [record.offset]);
    else offsets.push(record.offset);
  }

  /** The first record of the lane from this offset on that is to come. */
  firstFrom(partition: number, lane: string, offset: number, told: ReadonlySet<number>): number | undefined {
    return this.#lanes
      .get(partition)
      ?.get(lane)
      ?.find((each) => each >= offset && !told.has(each));
  }

  lanesOf(partition: number): Iterable<string> {
    return this.#lanes.get(partition)?.keys() ?? [];
  }
}
