import type { GracePeriod } from './grace-period.js';
import type { OffsetCommitter } from './offsets/offset-committer.js';
import type { OwnedPartitions } from './offsets/owned-partitions.js';
import type { Ownership } from './offsets/ownership.js';
import type { Parking } from './parking/parking.js';

export interface HandoverInit {
  readonly owned: OwnedPartitions;
  readonly committer: OffsetCommitter;
  /** Where keys are parked: what works them off ends with their partitions. */
  readonly parking: Parking | undefined;
}

export interface HandoverOptions {
  /** How long running listeners may go on. */
  readonly grace: GracePeriod;
  /** Their signals' reason after that. */
  readonly reason: Error;
  /** Whether what keeps records that ended from being committed still starts, in that time. @default nothing starts */
  readonly closesGaps?: boolean;
  /** How long after the grace period the last commit is waited for. @default as long as the consumer tries */
  readonly farewellMs?: number;
}

/** Gives partitions up, in an order in which nothing is committed that did not end and nothing that ended is forgotten. */
export class Handover {
  readonly #init: HandoverInit;
  /** Of what is being given up. */
  readonly #graces = new Set<GracePeriod>();

  constructor(init: HandoverInit) {
    this.#init = init;
  }

  /** The first step of `giveUp`, for who cannot wait for the others. */
  stopStarting(ownerships: readonly Ownership[], closesGaps: boolean): void {
    const { owned } = this.#init;
    for (const ownership of ownerships) {
      if (closesGaps) owned.finish(ownership);
      else owned.close(ownership);
    }
  }

  /**
   * Starts nothing more, or what closes gaps; waits for listeners, aborts those that take too long, commits, lets go.
   * @returns whether all listeners ended in time, and the last commit was written
   */
  async giveUp(ownerships: readonly Ownership[], options: HandoverOptions): Promise<boolean> {
    const { grace } = options;
    const { parking } = this.#init;
    this.#graces.add(grace);
    try {
      const parked = parking?.giveUp(ownerships, grace);
      const isDone = await this.#giveUp(ownerships, options);
      return (await parked) !== false && isDone;
    } finally {
      this.#graces.delete(grace);
      parking?.forget(ownerships);
    }
  }

  /**
   * They are gone already: another member may be reading them. Nothing to wait for, nothing to commit, also for whoever is
   * giving some of them up: a member that is thrown out loses all.
   */
  async lose(ownerships: readonly Ownership[], reason: Error): Promise<void> {
    const { owned, parking } = this.#init;
    for (const ownership of owned.withOvertaken(ownerships)) {
      ownership.abort(reason);
      owned.overtake(ownership);
    }
    for (const grace of this.#graces) grace.shortenTo(0);
    await recordsOnTheirWay();
    await parking?.lose(ownerships);
  }

  async #giveUp(ownerships: readonly Ownership[], options: HandoverOptions): Promise<boolean> {
    const { grace, reason, closesGaps = false, farewellMs } = options;
    const { owned, committer } = this.#init;
    this.stopStarting(ownerships, closesGaps);
    await recordsOnTheirWay();
    const running = owned.withOvertaken(ownerships);
    let drained = await grace.covers(owned.whenIdle(running));
    for (const ownership of ownerships) owned.close(ownership);
    // With a slot that came free in between, what had none may have started.
    if (drained) drained = await grace.covers(owned.whenIdle(running));
    if (!drained) for (const ownership of running) ownership.abort(reason);
    const written = committer.flush(ownerships);
    await (farewellMs === undefined ? written : grace.covers(written, farewellMs));
    const isWritten = committer.hasWritten(ownerships);
    for (const ownership of ownerships) owned.end(ownership);
    return drained && isWritten;
  }
}

/**
 * A poll may have been answered just before partitions went, and its records be on their way to the dispatcher. A turn of the
 * event loop later they have arrived there and were turned away. Without it they could arrive after the partitions were
 * assigned to us again, and be taken for records of the new epoch.
 */
const recordsOnTheirWay = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
