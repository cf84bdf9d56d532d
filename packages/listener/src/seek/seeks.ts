import {
  IllegalStateError,
  type Consumer,
  type TopicPartition,
  type TopicPartitionOffset,
  type TopicPartitionOffsets,
} from '@hearken/core';
import { describePartition } from '@hearken/core/internal';
import { requireOffset } from '../arguments.js';
import type { OwnedPartitions } from '../offsets/owned-partitions.js';
import type { Ownership } from '../offsets/ownership.js';
import type { PartitionTarget } from '../pause/target-set.js';
import { lookUp, type OffsetSource, type SeekPosition } from './seek-position.js';

/** An offset, or what makes one of the position: the offset of the next record to be polled. */
export type SeekTarget = number | ((position: number) => number);

export interface SeeksInit {
  readonly consumer: OffsetSource & Pick<Consumer, 'seek'>;
  readonly owned: OwnedPartitions;
  /** Runs the action when no poll is outstanding, so that none returns records from before it. */
  readonly betweenPolls: (action: () => void) => Promise<void>;
}

/** A partition from its assignment, or a reset, until the next: seeks go on within it. */
interface Tenure {
  /** Number of the newest request that was done. */
  sought: number;
}

/**
 * Moves positions. Each seek begins a new epoch of its partition: what was polled and has not ended is abandoned, and the
 * position is committed as if all below it had ended.
 *
 * Where offsets have to be looked up, the world goes on meanwhile: a partition that was given up, reset, or sought by a later
 * request before the answer came stays where it is.
 */
export class Seeks {
  readonly #init: SeeksInit;
  readonly #tenures = new WeakMap<Ownership, Tenure>();
  #requests = 0;

  constructor(init: SeeksInit) {
    this.#init = init;
  }

  /** @throws IllegalStateError `NOT_ASSIGNED`, `NO_POSITION` where a function needs it; what `to` throws; KafkaConfigError if it returns no offset */
  seek(partition: TopicPartition, to: SeekTarget): Promise<void> {
    const request = ++this.#requests;
    return this.#init.betweenPolls(() => this.#seek(this.#require(partition), to, request));
  }

  /** Seeks the partition of a record, if it is still the ownership that the record came with. @returns whether it is */
  async seekWithin(ownership: Ownership, to: SeekTarget): Promise<boolean> {
    const request = ++this.#requests;
    let isOurs = false;
    await this.#init.betweenPolls(() => {
      isOurs = ownership.isOpen;
      if (isOurs) this.#seek(ownership, to, request);
    });
    return isOurs;
  }

  /**
   * Seeks what is owned of the targets.
   * @returns where each partition went on; those that stayed are left out
   * @throws IllegalStateError `NOT_ASSIGNED` for a partition, named as such, that is not owned; what the look-up failed with
   */
  async seekTo(to: SeekPosition, targets?: readonly PartitionTarget[]): Promise<TopicPartitionOffsets> {
    const request = ++this.#requests;
    const asked = this.ownedOf(targets);
    const tenures = new Set(asked.map((ownership) => this.#tenureOf(ownership)));
    const found = await lookUp(this.#init.consumer, to, asked.map(plain));
    const sought: TopicPartitionOffset[] = [];
    await this.#init.betweenPolls(() => {
      for (const at of found) if (this.#seekIfStill(at, tenures, request)) sought.push(at);
    });
    return sought;
  }

  #seekIfStill(at: TopicPartitionOffset, tenures: ReadonlySet<Tenure>, request: number): boolean {
    const ownership = this.#init.owned.get(at);
    if (ownership?.isOpen !== true) return false;
    const tenure = this.#tenureOf(ownership);
    const isLate = !tenures.has(tenure) || tenure.sought > request;
    if (!isLate) this.#seek(ownership, at.offset, request);
    return !isLate;
  }

  #seek(ownership: Ownership, to: SeekTarget, request: number): void {
    const { consumer, owned } = this.#init;
    const offset = typeof to === 'number' ? to : to(positionOf(ownership));
    requireOffset('seek', offset);
    const tenure = this.#tenureOf(ownership);
    const partition = plain(ownership);
    consumer.seek(partition, offset);
    // What is committed is not known: a commit of the epoch before may be on its way.
    const begun = owned.begin(partition, offset, undefined);
    tenure.sought = request;
    this.#tenures.set(begun, tenure);
    begun.moved();
  }

  #require(partition: TopicPartition): Ownership {
    const ownership = this.#init.owned.get(partition);
    if (ownership?.isOpen === true) return ownership;
    throw new IllegalStateError(`${describePartition(partition)} is not assigned`, 'NOT_ASSIGNED');
  }

  /** @throws IllegalStateError `NOT_ASSIGNED` for a partition, named as such, that is not owned */
  ownedOf(targets: readonly PartitionTarget[] | undefined): readonly Ownership[] {
    const open = [...this.#init.owned].filter(({ isOpen }) => isOpen);
    if (targets === undefined) return open;
    const topics = new Set(targets.filter((target) => typeof target === 'string'));
    const named = targets.filter((target) => typeof target !== 'string').map((at) => this.#require(at));
    return [...new Set([...open.filter(({ topic }) => topics.has(topic)), ...named])];
  }

  #tenureOf(ownership: Ownership): Tenure {
    const tenure = this.#tenures.get(ownership) ?? { sought: 0 };
    this.#tenures.set(ownership, tenure);
    return tenure;
  }
}

function positionOf(ownership: Ownership): number {
  if (ownership.hasPosition) return ownership.tracker.nextOffset;
  throw new IllegalStateError(`${describePartition(ownership)} has no position yet`, 'NO_POSITION');
}

const plain = ({ topic, partition }: TopicPartition): TopicPartition => ({ topic, partition });
