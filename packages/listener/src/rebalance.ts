import type { Clock, Consumer, ConsumerRebalanceListener, TopicPartition, TopicPartitionOffset } from '@hearken/core';
import { describePartitions, topicPartitionKey } from '@hearken/core/internal';
import type { GuardedEvents } from './container-events.js';
import type { ContainerCounters } from './container-metrics.js';
import { ListenerAbortedError } from './errors.js';
import { GracePeriod } from './grace-period.js';
import type { Handover } from './handover.js';
import type { EndedOffsets } from './offsets/ended-offsets.js';
import { endsOf, stillCounts, type Standing } from './offsets/known-ends.js';
import type { OffsetCommitter } from './offsets/offset-committer.js';
import type { OwnedPartitions } from './offsets/owned-partitions.js';
import type { Ownership } from './offsets/ownership.js';
import type { Parking } from './parking/parking.js';
import { positionIn } from './position-in.js';
import type { RebalanceCalls } from './rebalance-listener.js';

export interface RebalanceInit {
  readonly consumer: Pick<Consumer, 'position' | 'groupMetadata'>;
  readonly owned: OwnedPartitions;
  readonly committer: OffsetCommitter;
  readonly handover: Handover;
  readonly calls: RebalanceCalls;
  readonly events: GuardedEvents;
  readonly counters: Pick<ContainerCounters, 'rebalances' | 'losses'>;
  readonly clock: Clock;
  /** Where keys are parked: finds out which, before the first record. */
  readonly parking?: Pick<Parking, 'assigned'> | undefined;
  readonly revokeDrainTimeoutMs: number;
  /** Which records behind this offset, where reading begins, had ended when it was committed. */
  readonly endsToldWith: (committed: TopicPartitionOffset) => EndedOffsets | undefined;
  /** The consumer was closed, in time or not: partitions are its successor's now. */
  readonly isOver: () => boolean;
  /** Called after every assignment. */
  readonly onAssigned: () => void;
}

/** A partition that was given up. */
interface Left extends Standing {
  readonly position: number;
  readonly known: EndedOffsets;
}

/** What partitions coming and going mean for the line. */
export class Rebalance implements ConsumerRebalanceListener {
  readonly #init: RebalanceInit;
  /** How often all was lost. */
  #losses = 0;
  /** What ended in partitions that were given up, for the assignment after it. */
  readonly #left = new Map<string, Left>();

  constructor(init: RebalanceInit) {
    this.#init = init;
  }

  async onPartitionsAssigned(partitions: readonly TopicPartition[]): Promise<void> {
    const { consumer, owned, committer, calls, events, counters, isOver, onAssigned } = this.#init;
    const generationId = this.#generationId;
    const committed = await committer.committed(partitions);
    if (isOver()) return; // nobody would end what works off what is parked of them
    await this.#init.parking?.assigned(partitions, generationId);
    if (isOver()) return;
    const begun = partitions.map((at) => {
      const position = positionIn(consumer, at);
      return owned.begin(at, position, committed(at)?.offset, this.#knownOf(at, position, committed(at)));
    });
    this.#left.clear();
    await committer.assigned(begun);
    if (isOver()) return;
    await calls.assigned(partitions);
    if (isOver()) return;
    counters.rebalances++;
    events.emit('partitions:assigned', { partitions });
    onAssigned();
  }

  async onPartitionsRevoked(partitions: readonly TopicPartition[]): Promise<void> {
    const { handover, clock, isOver, revokeDrainTimeoutMs } = this.#init;
    const ownerships = this.#ownershipsOf(partitions);
    if (ownerships.length === 0) return this.#tellRevoked(partitions); // the container stops: all that was done
    const reason = new ListenerAbortedError(
      'PARTITION_REVOKED',
      `${describePartitions(partitions)} went to another member before the listener ended (revokeDrainTimeoutMs)`,
    );
    const grace = new GracePeriod(clock, revokeDrainTimeoutMs);
    const losses = this.#losses;
    const generationId = this.#generationId;
    await handover.giveUp(ownerships, { grace, reason });
    if (isOver()) return; // told now, it would be taken for what its successor has
    if (losses !== this.#losses) return; // they are told of as lost
    for (const ownership of ownerships) this.#keepEnds(ownership, generationId);
    await this.#tellRevoked(partitions);
  }

  async onPartitionsLost(partitions: readonly TopicPartition[]): Promise<void> {
    const { handover, calls, events, counters } = this.#init;
    const ownerships = this.#ownershipsOf(partitions);
    // The container stopped while its consumer was between two generations, where it can leave but not give up: that has been
    // done by then, commits included.
    if (ownerships.length === 0) return this.#tellRevoked(partitions);
    this.#losses++;
    this.#left.clear();
    const reason = new ListenerAbortedError('PARTITION_LOST', `${describePartitions(partitions)} were lost`);
    await handover.lose(ownerships, reason);
    await calls.lost(partitions);
    counters.losses++;
    events.emit('partitions:lost', { partitions });
  }

  async #tellRevoked(partitions: readonly TopicPartition[]): Promise<void> {
    await this.#init.calls.revoked(partitions);
    this.#init.events.emit('partitions:revoked', { partitions });
  }

  get #generationId(): number {
    return this.#init.consumer.groupMetadata().generationId;
  }

  /** With an eager assignor all is given up, and most of it comes back at once. */
  #keepEnds(ownership: Ownership, generationId: number): void {
    const { committed, tracker, known } = ownership;
    const { nextOffset: position } = tracker;
    if (committed === position && known === undefined) return; // nothing of it comes again
    this.#left.set(topicPartitionKey(ownership), { generationId, committed, position, known: endsOf(ownership) });
  }

  /** By what this member remembers or, if others may have had it since, by what the group was told. */
  #knownOf(
    at: TopicPartition,
    position: number | undefined,
    committed: TopicPartitionOffset | undefined,
  ): EndedOffsets | undefined {
    const left = this.#left.get(topicPartitionKey(at));
    const now = { generationId: this.#generationId, committed: committed?.offset };
    if (left !== undefined && stillCounts(left, now)) return left.known;
    return committed !== undefined && committed.offset === position ? this.#init.endsToldWith(committed) : undefined;
  }

  #ownershipsOf(partitions: readonly TopicPartition[]): Ownership[] {
    return partitions.map((at) => this.#init.owned.get(at)).filter((found) => found !== undefined);
  }
}
