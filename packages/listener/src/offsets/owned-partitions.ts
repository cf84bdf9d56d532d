import type { TopicPartition } from '@hearken/core';
import { deferred, topicPartitionKey, type Deferred } from '@hearken/core/internal';
import type { ContainerCounters } from '../container-metrics.js';
import type { Delivery, DeliveryLane } from '../dispatch/delivery.js';
import type { Lanes } from '../dispatch/lanes.js';
import type { Work } from '../dispatch/work.js';
import type { EndedOffsets } from './ended-offsets.js';
import { Ownership } from './ownership.js';

/** The callbacks must not throw. */
export interface OwnedPartitionsInit {
  readonly lanes: Lanes<Delivery, Work>;
  readonly counters: ContainerCounters;
  /** Records are committed before they start. */
  readonly commitsBefore: boolean;
  /** A new epoch began, perhaps in place of one that was sought or reset. */
  readonly onBegun: (ownership: Ownership, before: Ownership | undefined) => void;
  /** It is found where reading of it begins, which was not known when it was assigned. */
  readonly onFound: (ownership: Ownership) => void;
  /** One of its records ended; a commit would cover so many more. */
  readonly onEnded: (ownership: Ownership, records: number) => void;
  /** It was given up. */
  readonly onOver: (ownership: Ownership) => void;
  /** Whether nothing starts before a listener ends that itself waits for the container. */
  readonly isStuck: () => boolean;
}

/** What this container owns now, one {@link Ownership} per partition. */
export class OwnedPartitions implements Iterable<Ownership> {
  readonly #byPartition = new Map<string, Ownership>();
  /** Epochs that a seek, a reset or a loss ended, and whose listeners still run. */
  readonly #overtaken = new Set<Ownership>();
  /** Epochs that are over, and whose listeners still run; overtaken or not. */
  readonly #strays = new Set<Ownership>();
  readonly #init: OwnedPartitionsInit;
  #epochs = 0;
  /** For who waits until some of them are idle: one more may be. */
  #nextIdle: Deferred<void> | undefined;

  constructor(init: OwnedPartitionsInit) {
    this.#init = init;
  }

  get size(): number {
    return this.#byPartition.size;
  }

  [Symbol.iterator](): IterableIterator<Ownership> {
    return this.#byPartition.values();
  }

  /** Whether listeners still run that were given up. */
  get hasStrays(): boolean {
    return this.#strays.size > 0;
  }

  get(partition: TopicPartition): Ownership | undefined {
    return this.#byPartition.get(topicPartitionKey(partition));
  }

  /**
   * A new epoch of the partition; what was left of the one before is given up.
   * @param position undefined while it is looked for
   */
  begin(
    partition: TopicPartition,
    position: number | undefined,
    committed: number | undefined,
    known?: EndedOffsets,
  ): Ownership {
    const before = this.get(partition);
    this.overtake(before);
    const ownership: Ownership = new Ownership({
      partition,
      epoch: ++this.#epochs,
      position,
      committed,
      lanes: this.#init.lanes.of(partition),
      counters: this.#init.counters,
      commitsBefore: this.#init.commitsBefore,
      known,
      onEnded: (records) => this.#init.onEnded(ownership, records),
      onIdle: () => this.#idle(ownership),
    });
    this.#byPartition.set(topicPartitionKey(partition), ownership);
    this.#init.onBegun(ownership, before);
    return ownership;
  }

  /** The position is known of one that began without. */
  found(ownership: Ownership, position: number): void {
    ownership.beginAt(position);
    this.#init.onFound(ownership);
  }

  /** These, and what still runs of their partitions from before a seek, reset or loss: whoever gives them up waits for all. */
  withOvertaken(ownerships: readonly Ownership[]): readonly Ownership[] {
    const keys = new Set(ownerships.map(topicPartitionKey));
    return [...ownerships, ...[...this.#overtaken].filter((overtaken) => keys.has(topicPartitionKey(overtaken)))];
  }

  /**
   * The first step of giving up where there is time: what was polled and lies before the last record that started still runs,
   * and what lies behind is dropped. Else what ended already would come again, as nothing is committed past a gap. Also
   * dropped is what lies behind a record that was to be tried again: that gap stays. A partition that is paused would close none.
   */
  finish(ownership: Ownership): void {
    const { lanes, commitsBefore } = this.#init;
    if (commitsBefore || ownership.lanes.paused) this.close(ownership);
    if (!ownership.isOpen) return;
    const end = Math.min(lastStarted(ownership, lanes.waiting(ownership.lanes)), firstToTryAgain(ownership));
    lanes.trim(ownership.lanes, ({ sequence }) => sequence < end);
    ownership.finish();
  }

  /** The first step of giving up at once: none of its records starts any more, and those that wait are dropped. */
  close(ownership: Ownership): void {
    if (ownership.isClosed) return;
    ownership.close();
    this.#init.lanes.clear(ownership.lanes);
  }

  /** The last step: what has not ended is abandoned, and whatever ends from now on is late. */
  end(ownership: Ownership | undefined): void {
    if (ownership === undefined || ownership.isOver) return;
    this.close(ownership);
    ownership.end();
    if (this.get(ownership) === ownership) this.#byPartition.delete(topicPartitionKey(ownership));
    this.#init.onOver(ownership);
    if (ownership.running > 0) this.#strays.add(ownership);
  }

  /** Ends it while its listeners may run: whoever gives the partition up next waits for them. */
  overtake(ownership: Ownership | undefined): void {
    this.end(ownership);
    if (ownership !== undefined && ownership.running > 0) this.#overtaken.add(ownership);
  }

  /**
   * Resolves when, of all of these at once, no listener runs, and nothing is left to start that will find a slot: what one of
   * them left may start as a listener of another ends, and a recovery begins as its own does. Also when all of them are over.
   */
  async whenIdle(ownerships: readonly Ownership[]): Promise<void> {
    while (ownerships.some(({ isOver }) => !isOver) && ownerships.some((each) => this.#isBusy(each)))
      await (this.#nextIdle ??= deferred()).promise;
  }

  /** Resolves when no listener runs any more that was given up. */
  async whenNoStrays(): Promise<void> {
    while (this.hasStrays) await (this.#nextIdle ??= deferred()).promise;
  }

  #isBusy(ownership: Ownership): boolean {
    return ownership.running > 0 || (this.#hasLeft(ownership) && !this.#init.isStuck());
  }

  /** Whether records wait that will start without anybody's doing, if there is a slot. */
  #hasLeft({ isFinishing, lanes, dirty }: Ownership): boolean {
    if (!isFinishing || lanes.paused || lanes.queued === 0) return false;
    for (const lane of lanes.table) if (lane.first !== undefined && this.#goesOn(lane, dirty)) return true;
    return false;
  }

  /** Not behind a listener that itself waits for the stop, and not if it waits for a commit without anything to commit. */
  #goesOn(lane: DeliveryLane, dirty: number | undefined): boolean {
    if (lane.state === 'waiting') return dirty !== undefined;
    return this.#init.lanes.runningBefore(lane)?.isAwaited !== false;
  }

  #idle(ownership: Ownership): void {
    if (ownership.isOver) {
      this.#strays.delete(ownership);
      this.#overtaken.delete(ownership);
    }
    this.#nextIdle?.resolve();
    this.#nextIdle = undefined;
  }
}

/** Sequence of the newest record that does not wait to start; that of the one before the first if all do. */
function lastStarted({ tracker }: Ownership, waiting: Iterable<Delivery>): number {
  const sequences = new Set<number>();
  for (const { sequence } of waiting) sequences.add(sequence);
  let last = tracker.covered + tracker.span - 1;
  while (sequences.has(last)) last--;
  return last;
}

/** Sequence of the oldest record that is to be tried again; Infinity if none is. */
function firstToTryAgain({ lanes }: Ownership): number {
  let first = Infinity;
  for (const { state, current } of lanes.table)
    if (state !== 'busy' && state !== 'joined' && current !== undefined) first = Math.min(first, current.lead.sequence);
  return first;
}
