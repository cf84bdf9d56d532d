import type { Consumer, TaskExecutor } from '@hearken/core';
import type { GuardedEvents } from '../container-events.js';
import type { Delivery } from '../dispatch/delivery.js';
import type { Lanes } from '../dispatch/lanes.js';
import type { PauseReason } from '../dispatch/settler.js';
import type { Work } from '../dispatch/work.js';
import type { Ownership } from '../offsets/ownership.js';
import { PAUSE_OWNERS, type PauseOwner } from './pause-owner.js';
import type { StandingPauses } from './standing-pauses.js';

export interface PausesInit {
  /** The consumer of the moment, if there is one. */
  readonly consumer: () => Pick<Consumer, 'pause' | 'resume'> | undefined;
  readonly owned: Iterable<Ownership>;
  readonly lanes: Lanes<Delivery, Work>;
  readonly executor: Pick<TaskExecutor, 'concurrency' | 'isPaused'>;
  readonly standing: StandingPauses;
  readonly events: GuardedEvents;
  /** Lanes may start that were held. */
  readonly onReady: () => void;
}

/**
 * Who keeps parked records from starting too: they have a buffer of their own, and an executor of their own that opens no
 * circuit. So does whoever holds the executor back, while the partition is read on.
 */
const STOP_PARKED: readonly PauseOwner[] = ['user', 'failure', 'executor'];

/**
 * A partition is polled when nobody holds it. What of it is queued waits for the user alone (the error handler pauses in the
 * user's name): back-pressure wants it to run, and an executor without slots starts nothing anyway.
 */
export class Pauses {
  readonly #init: PausesInit;
  readonly #owners = new WeakMap<Ownership, ReadonlySet<PauseOwner>>();
  #isExecutorShut = false;
  #isExecutorPaused = false;

  constructor(init: PausesInit) {
    this.#init = init;
  }

  ownersOf(ownership: Ownership): readonly PauseOwner[] {
    return [...(this.#owners.get(ownership) ?? [])];
  }

  /** Looks at everything, as the user paused or resumed something. */
  applyAll(): void {
    for (const ownership of this.#init.owned) this.apply(ownership);
    this.#init.onReady();
  }

  /** Looks at a new epoch. Who holds the one before was told: to whoever listens it is the same partition. */
  begin(ownership: Ownership, before: Ownership | undefined): void {
    const told = before === undefined ? undefined : this.#owners.get(before);
    if (told !== undefined) this.#owners.set(ownership, told);
    this.apply(ownership);
  }

  /** Looks at a partition whose `isFull` changed. */
  apply(ownership: Ownership, cause?: PauseReason): void {
    const { lanes } = this.#init;
    const consumer = this.#init.consumer();
    const before = this.#owners.get(ownership);
    const owners = new Set(PAUSE_OWNERS.filter((owner) => this.#holds(owner, ownership)));
    this.#owners.set(ownership, owners);
    if (owners.size > 0) consumer?.pause([ownership]);
    else consumer?.resume([ownership]);
    if (owners.has('user') || owners.has('failure')) lanes.pause(ownership.lanes);
    else lanes.resume(ownership.lanes);
    ownership.parked?.setPaused(this.#isExecutorPaused || STOP_PARKED.some((owner) => owners.has(owner)));
    ownership.lookIfIdle();
    for (const owner of PAUSE_OWNERS)
      if (owners.has(owner) !== (before?.has(owner) ?? false)) this.#tell(owner, ownership, owners.has(owner), cause);
  }

  /** The error handler pauses a partition, for this record's sake. */
  pauseFailed(ownership: Ownership, cause: PauseReason): void {
    this.#init.standing.pauseFailed(ownership);
    this.apply(ownership, cause);
  }

  /** To be called when it has slots again, and now and then: not every executor tells when it has none any more, or is paused. */
  lookAtExecutor(): void {
    const { concurrency, isPaused = false } = this.#init.executor;
    const isShut = concurrency === 0;
    if (isShut === this.#isExecutorShut && isPaused === this.#isExecutorPaused) return;
    this.#isExecutorShut = isShut;
    this.#isExecutorPaused = isPaused;
    this.applyAll();
  }

  #holds(owner: PauseOwner, ownership: Ownership): boolean {
    const { standing } = this.#init;
    switch (owner) {
      case 'user':
        return standing.isByUser(ownership);
      case 'failure':
        return standing.isByFailure(ownership);
      case 'back-pressure':
        return ownership.isFull;
      case 'executor':
        return this.#isExecutorShut;
    }
  }

  #tell(owner: PauseOwner, { topic, partition }: Ownership, isPaused: boolean, cause: PauseReason | undefined): void {
    const { events } = this.#init;
    if (!isPaused) events.emit('partition:resumed', { topic, partition, owner });
    else events.emit('partition:paused', { topic, partition, owner, ...(owner === 'failure' ? cause : undefined) });
  }
}
