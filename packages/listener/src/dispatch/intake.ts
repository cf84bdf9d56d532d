import type { TaskExecutor } from '@hearken/core';
import type { Ownership } from '../offsets/ownership.js';
import type { OwnedPartitions } from '../offsets/owned-partitions.js';
import type { Delivery } from './delivery.js';
import type { Lanes } from './lanes.js';
import type { TimeSlice, TurnReport } from './time-slice.js';
import type { Work } from './work.js';

export interface IntakeInit {
  readonly bufferRecords: number;
  readonly bufferBytes: number;
  /** How much of both one partition may hold while others have a backlog: above 0, up to 1. */
  readonly partitionShare: number;
  readonly windowRecords: number;
  /** Whether records of another partition wait to be read. Asked about one that holds more than `partitionShare`. */
  readonly hasBacklogElsewhere: (ownership: Ownership) => boolean;
  /** Records that a call takes at most: 1, or those of a batch. */
  readonly recordsPerCall: number;
  /** Starts a lane that waits for more records. False if none does. */
  readonly hurry: () => boolean;
  readonly executor: TaskExecutor;
  readonly slice: Pick<TimeSlice, 'isUsedUp'>;
  readonly lanes: Lanes<Delivery, Work>;
  readonly owned: OwnedPartitions;
  /** Called when `isFull` of a partition changed. */
  readonly onChange: (ownership: Ownership) => void;
  /** Called when a partition is too far ahead of its oldest record. */
  readonly onWindowFilled: (ownership: Ownership) => void;
}

/** It cannot go on, or is too far ahead; it holds more than its share while others have a backlog. */
type Fullness = 'stuck' | 'share';

/** The least calls to hold records for: a poll costs as much as some dozens of quick ones. */
const LEAST_AHEAD = 64;

/** Enough for polls to be large, and for twice as many listeners as may run. */
export const defaultBufferRecords = (concurrency: number, recordsPerCall: number): number =>
  Math.max(1_000, 2 * concurrency * recordsPerCall);

/**
 * How many records to hold beside those that run. Where listeners used up the time that they may hold the event loop, more
 * time is what is short, and a sixth of what they did in it keeps them busy, if that is worth a poll: no more than a
 * {@link TimeSlice} runs at its end. Else slots or lanes that may run are short, and among more records some may be found.
 */
export function lookahead(last: TurnReport, bufferRecords: number, recordsPerCall: number): number {
  if (!last.wasSpent) return bufferRecords;
  return Math.min(bufferRecords, Math.max(LEAST_AHEAD, Math.ceil(last.calls / 6)) * recordsPerCall);
}

const NOT_SPENT: TurnReport = { wasSpent: false, calls: 0 };
/** There is no time left in this turn, so that the least is enough for the rest of it. */
const USED_UP: TurnReport = { wasSpent: true, calls: 0 };

/**
 * How much to poll. Records are asked for while no more than half of the {@link lookahead} is taken, and no more than half of
 * the bytes, so that polls are large. What records take is known when they are there: as many are asked for as there is room
 * for if they are like those before, and one poll may bring too much. A record that is larger than the whole buffer comes
 * when nothing else waits.
 *
 * A partition that cannot go on (its record is tried again for a minute, its listener hangs, it is paused) would fill the
 * buffer with records that cannot run, and stop all others. So when a turn of the event loop ends with slots free, nothing
 * ready and more than half of the buffer taken, the partitions that hold more than half of their share of it count as full:
 * they are not polled until they are down to a quarter, and what they hold no longer keeps others from being polled. About
 * twice the buffer may be held then. And as all that a poll brings may be of one partition, it brings at most a window.
 *
 * A partition that could go on, but is far ahead of what slots get through, keeps others out for as long. So one that holds
 * more than `partitionShare` of the buffer counts as full as well, until it is down to half of that, if others have a backlog.
 */
export class Intake {
  readonly #init: IntakeInit;
  /** Partitions that are not polled, and why. */
  readonly #full = new Map<Ownership, Fullness>();
  #last = NOT_SPENT;
  /** The mean size of the records that waited when the last ones came. */
  #recordBytes = 0;

  constructor(init: IntakeInit) {
    this.#init = init;
  }

  /**
   * How many records may be polled now; 0 is to wait, as for the next turn where this one's budget is used up. But a container
   * that gives way to others with nothing at hand asks for the least still.
   */
  room(): number {
    const { slice, executor } = this.#init;
    if (slice.isUsedUp && executor.givesWay !== true) return 0;
    const ahead = this.#ahead;
    if (this.#isHalfTaken(ahead)) return 0;
    const { lanes, bufferBytes, windowRecords } = this.#init;
    const room = Math.min(ahead - lanes.queued, this.#recordsIn(bufferBytes - lanes.heldBytes));
    const wanted = Math.max(room + executor.available, this.#full.size > 0 ? this.#leastRoom : 0);
    return Math.min(wanted, windowRecords); // all of it may be of one partition that has nearly filled its window
  }

  /** Whether what is held cannot run, and keeps anything else from being polled for as long: calls for `turned`. */
  get isClogged(): boolean {
    const { executor, lanes } = this.#init;
    return !lanes.mayBeReady && executor.available > 0 && this.#isHalfTaken(this.#ahead);
  }

  /** Whether the end of a turn in which nothing happens finds room where there is none now. */
  get mayHaveRoom(): boolean {
    return this.isClogged || this.#last.wasSpent;
  }

  /** A turn of the event loop is over: looks for partitions that fill the buffer while slots are free, and at those that did. */
  turned(last: TurnReport): void {
    const { owned, hurry } = this.#init;
    // Their records may all have run without one of them ending: under `ackMode: 'manual'` that comes later.
    for (const ownership of this.#full.keys()) this.ended(ownership);
    this.#last = last;
    if (this.isClogged) this.#last = NOT_SPENT; // lanes that may run are short then, and not time
    this.#fillGreedy();
    if (!this.isClogged || hurry()) return; // the next turn looks again
    // Not all can be below: together they hold more than half of the buffer. What is left after this is less than half.
    const [records, bytes] = [this.#share / 2, this.#shareOfBytes / 2];
    for (const ownership of owned) {
      const { queued, heldBytes } = ownership.lanes;
      if (!ownership.isFull && (queued >= records || heldBytes >= bytes)) this.#fill(ownership, 'stuck');
    }
  }

  /** Looks at a partition after records were added. */
  added(ownership: Ownership): void {
    const { queued, queuedBytes } = this.#init.lanes;
    if (queued > 0) this.#recordBytes = queuedBytes / queued;
    if (ownership.isFull) return;
    if (ownership.tracker.span >= this.#init.windowRecords) {
      this.#fill(ownership, 'stuck');
      this.#init.onWindowFilled(ownership);
    } else if (this.#isGreedy(ownership)) this.#fill(ownership, 'share');
  }

  /** Looks at a full partition after one of its records ended. */
  ended(ownership: Ownership): void {
    const { tracker, lanes } = ownership;
    const most = this.#full.get(ownership) === 'share' ? half(this.#most) : this.#quarterOfShare;
    const isDown = !isOver(lanes, most);
    if (!isDown || tracker.span >= this.#init.windowRecords || !this.#full.delete(ownership)) return;
    ownership.isFull = false;
    this.#init.onChange(ownership);
  }

  /** The partition is given up. */
  forget(ownership: Ownership): void {
    this.#full.delete(ownership);
  }

  #fill(ownership: Ownership, why: Fullness): void {
    ownership.isFull = true;
    this.#full.set(ownership, why);
    this.#init.onChange(ownership);
  }

  /** Others may have a backlog now. There is one to find only where all together hold more than one may. */
  #fillGreedy(): void {
    const { owned, lanes } = this.#init;
    const most = this.#most;
    if (owned.size < 2 || !isOver(lanes, most)) return;
    for (const ownership of owned) if (this.#isGreedy(ownership, most)) this.#fill(ownership, 'share');
  }

  /** Whether it holds more than one may while others wait to be read. */
  #isGreedy(ownership: Ownership, most = this.#most): boolean {
    const { owned, hasBacklogElsewhere } = this.#init;
    return isOver(ownership.lanes, most) && !ownership.isFull && owned.size > 1 && hasBacklogElsewhere(ownership);
  }

  /** Records and bytes that a partition may hold. */
  get #most(): readonly [number, number] {
    const { partitionShare, bufferRecords, bufferBytes } = this.#init;
    return [partitionShare * bufferRecords, partitionShare * bufferBytes];
  }

  get #quarterOfShare(): readonly [number, number] {
    return [this.#share / 4, this.#shareOfBytes / 4];
  }

  get #ahead(): number {
    const { bufferRecords, recordsPerCall, slice } = this.#init;
    return lookahead(slice.isUsedUp ? USED_UP : this.#last, bufferRecords, recordsPerCall);
  }

  /** Whether more is by what partitions hold that are not full. */
  #isHalfTaken(ahead: number): boolean {
    const { lanes, bufferBytes } = this.#init;
    let { queued, heldBytes } = lanes;
    for (const ownership of this.#full.keys()) {
      queued -= ownership.lanes.queued;
      heldBytes -= ownership.lanes.heldBytes;
    }
    return queued > ahead / 2 || heldBytes > bufferBytes / 2;
  }

  /** How many records that is, if they are like those before. */
  #recordsIn(bytes: number): number {
    return this.#recordBytes === 0 ? Infinity : Math.ceil(bytes / this.#recordBytes);
  }

  /** What is asked for however much is held that cannot run. */
  get #leastRoom(): number {
    return Math.max(1, Math.min(this.#share, this.#recordsIn(this.#shareOfBytes)));
  }

  /** A partition's, in records. */
  get #share(): number {
    return Math.max(1, Math.ceil(this.#init.bufferRecords / Math.max(1, this.#init.owned.size)));
  }

  get #shareOfBytes(): number {
    return this.#init.bufferBytes / Math.max(1, this.#init.owned.size);
  }
}

interface Held {
  readonly queued: number;
  readonly heldBytes: number;
}

const isOver = ({ queued, heldBytes }: Held, [records, bytes]: readonly [number, number]): boolean =>
  queued > records || heldBytes > bytes;

const half = ([records, bytes]: readonly [number, number]): readonly [number, number] => [records / 2, bytes / 2];
