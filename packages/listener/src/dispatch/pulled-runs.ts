import type { RecordSlots, RecordSource, RecordStart, TaskExecutor } from '@hearken/core';
import type { Delivery, DeliveryLane } from './delivery.js';
import type { Lanes } from './lanes.js';
import { Run, type RunHost, type RunOwner } from './run.js';
import type { Work } from './work.js';

export interface PulledRunsInit {
  readonly attach: NonNullable<TaskExecutor['attach']>;
  readonly runs: RunHost;
  readonly lanes: Lanes<Delivery, Work>;
  /** There may be room for records again. */
  readonly onRoom: () => void;
  /** The executor is paused, or is no longer. */
  readonly onPauseChanged: () => void;
  readonly onFatal: (error: Error) => void;
}

/**
 * Starts records one at a time, when an executor says that it is this container's turn: the other way round than the
 * dispatcher, which starts what it can while there are slots. Runs are used again, so a record costs no task and no promise;
 * and where the turn is this container's again when a record ends, its run goes on with the next one.
 */
export class PulledRuns implements RecordSource, RunOwner {
  readonly #init: PulledRunsInit;
  readonly #slots: RecordSlots;
  readonly #resting: Run[] = [];

  constructor(init: PulledRunsInit) {
    this.#init = init;
    this.#slots = init.attach(this);
  }

  get isReady(): boolean {
    return this.#init.runs.turns.isReady;
  }

  get held(): number {
    return this.#init.runs.waiting.held;
  }

  /** Whether what waits finds no slot; undefined where the executor does not know. */
  get isStuck(): boolean | undefined {
    return this.#slots.isStuck;
  }

  pauseChanged(): void {
    this.#init.onPauseChanged();
  }

  /** Tells the executor if records may start; also in a turn that is spent, as the less urgent must not use up what is left of it. */
  offer(): void {
    if (this.#init.runs.turns.mayBeReady) this.#slots.ready();
  }

  startNext(signal: AbortSignal): RecordStart {
    const { lanes } = this.#init;
    const { turns, slice } = this.#init.runs;
    // Not without a lane: the next turn would have nothing to say, and the others, who wait for that, would stand still.
    if (slice.isSpent && turns.mayBeReady) return 'later';
    const lane = turns.next();
    if (lane === undefined) return lanes.queued === 0 ? this.#ranDry() : 'blocked';
    const run = this.#resting.pop() ?? new Run(this.#init.runs, undefined, this);
    run.serve(lane, signal);
    return turns.mayBeReady || lanes.queued === 0 ? 'started' : 'last'; // asked again an empty one says so
  }

  /** What runs of it still ends, and tells so. */
  close(): void {
    this.#slots.detach();
  }

  #ranDry(): RecordStart {
    this.#init.onRoom();
    return 'empty';
  }

  another(): DeliveryLane | undefined {
    const { turns, slice } = this.#init.runs;
    if (!turns.mayBeReady || slice.isSpent || !this.#slots.mayGoOn()) return undefined;
    const lane = turns.next();
    if (lane !== undefined) this.#slots.wentOn();
    return lane;
  }

  over(run: Run, failure?: unknown): void {
    if (failure === undefined) this.#resting.push(run);
    else this.#init.onFatal(failure as Error);
    this.#slots.ended(this.#init.runs.turns.mayBeReady);
    this.#init.runs.slice.enter(); // so that room is looked for when the turn ends, also if nothing more starts
  }
}
