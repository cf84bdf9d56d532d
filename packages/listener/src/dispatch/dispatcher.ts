import type { ConsumerRecords, PartitionRecords, PositionReset, TaskExecutor, TopicPartition } from '@hearken/core';
import type { ContainerCounters } from '../container-metrics.js';
import { hasEnded } from '../offsets/ended-offsets.js';
import type { OwnedPartitions } from '../offsets/owned-partitions.js';
import type { Ownership } from '../offsets/ownership.js';
import { Delivery, type DeliveryHost, type DeliveryLane } from './delivery.js';
import type { Intake } from './intake.js';
import type { Lanes } from './lanes.js';
import type { PinnedMemory } from './pinned-memory.js';
import { PulledRuns } from './pulled-runs.js';
import { Run, takeFrom, type Invoker, type RunHost, type Settles, type Turns } from './run.js';
import { RunList, type WaitingRun } from './run-list.js';
import { SeenRun } from './seen-run.js';
import type { TimeSlice, TurnReport } from './time-slice.js';
import type { Work } from './work.js';

export interface DispatcherInit {
  readonly executor: TaskExecutor;
  readonly lanes: Lanes<Delivery, Work>;
  readonly turns: Turns;
  readonly owned: OwnedPartitions;
  readonly intake: Intake;
  readonly memory: PinnedMemory;
  readonly invoker: Invoker;
  readonly settler: Settles;
  readonly slice: TimeSlice;
  readonly host: DeliveryHost;
  readonly counters: ContainerCounters;
  /** A new epoch of the partition begins, because its position was reset. */
  readonly onReset: (reset: TopicPartition & PositionReset) => void;
  /** There is room for records again, or may be. */
  readonly onRoom: () => void;
  /** The executor has slots free; must not throw. */
  readonly onAvailable: () => void;
  /** The executor is paused, or is no longer; not every one tells. */
  readonly onPauseChanged: () => void;
  /** Something broke that never should. */
  readonly onFatal: (error: Error) => void;
}

/** Runs that start before it is known whether their listeners end at once. */
const FIRST_RUNS = 32;

/**
 * Puts records into lanes and starts ready lanes, a {@link Run} each, while the executor has slots.
 *
 * Not all of them at once: where listeners end at once, the first runs go on with the other lanes, which costs far less than
 * a task each. Only when none of their listeners has ended since, twice as many start; so a thousand listeners that wait run
 * after five looks, all in the same turn of the event loop.
 */
// Long because taking records in and starting them share one count of slots and turns; neither part has state of its own.
export class Dispatcher {
  readonly #init: DispatcherInit;
  readonly #runs: RunHost;
  /** Whether the executor sees every record by itself. */
  readonly #seesRecords: boolean;
  /** Where the executor starts records itself. */
  readonly #pulled: PulledRuns | undefined;
  readonly #unsubscribe: () => void;
  #onArrived: ((batch: PartitionRecords) => void) | undefined;
  #starting = false;
  #looksAgain = false;
  #limit = FIRST_RUNS;
  #endedBefore = 0;

  constructor(init: DispatcherInit) {
    this.#init = init;
    const { lanes, turns, invoker, settler, slice, executor } = init;
    this.#seesRecords = executor.unit !== 'run';
    this.#runs = { lanes, turns, invoker, settler, slice, waiting: new RunList(), running: 0, ended: 0 };
    this.#pulled = executor.attach === undefined ? undefined : this.#newPulledRuns(executor.attach.bind(executor));
    this.#unsubscribe =
      this.#pulled === undefined ? executor.onAvailable(this.#onAvailable) : () => this.#pulled?.close();
  }

  /** Listeners that run, late ones included. */
  get running(): number {
    return this.#runs.running;
  }

  /** Those of them that have to be waited for, the oldest first. */
  get waiting(): Iterable<WaitingRun> {
    return this.#runs.waiting;
  }

  /** Whether the executor may start anything, sooner or later. */
  get canStart(): boolean {
    const { concurrency, isPaused = false } = this.#init.executor;
    return concurrency > 0 && !isPaused;
  }

  /**
   * Whether nothing starts before a listener ends that itself waits for the container: those that do have every slot. Not where
   * an executor says 0: an open breaker lets calls through again by itself, and counts what ran before no more.
   */
  get isStuck(): boolean {
    const { concurrency, available } = this.#init.executor;
    const stuck = this.#pulled?.isStuck;
    if (stuck !== undefined) return stuck;
    return concurrency > 0 && available === 0 && this.#runs.waiting.held >= concurrency;
  }

  /** @param at when they came, on the monotonic clock */
  dispatch(records: ConsumerRecords, at: number): void {
    const { counters, intake, memory, slice } = this.#init;
    counters.polled += records.count;
    for (const batch of records.partitions) {
      if (batch.memoryBytes !== undefined) memory.came(batch.memoryBytes);
      const ownership = this.#ownerOf(batch);
      if (ownership === undefined) {
        counters.abandoned += batch.records.length;
        continue;
      }
      if (batch.records.length > 0) ownership.arrive(at);
      this.#onArrived?.(batch);
      this.#enqueue(batch, ownership);
      intake.added(ownership);
    }
    slice.enter(); // so that a turn ends after this, also if nothing can start
    this.startReady();
  }

  /** A turn of the event loop is over. */
  nextTurn(last: TurnReport): void {
    this.#init.intake.turned(last);
    this.startReady();
  }

  /** Starts what may start. Called whenever a slot came free, a lane became ready, or a turn ended. */
  startReady(): void {
    if (this.#pulled === undefined) {
      this.#startSome(FIRST_RUNS);
    } else {
      this.#pulled.offer();
      this.#lookForRoom();
    }
  }

  /**
   * Has all calls go through this from now on: it hands them on to what they went to before.
   * @param onArrived told of what was polled of a partition, before any of it starts; must not throw
   */
  watch<Watch extends Invoker & Settles>(
    around: (calls: Pick<RunHost, 'invoker' | 'settler'>) => Watch,
    onArrived: (batch: PartitionRecords) => void,
  ): Watch {
    this.#onArrived = onArrived;
    const { invoker, settler } = this.#runs;
    const watch = around({ invoker, settler });
    this.#runs.invoker = this.#runs.settler = watch;
    return watch;
  }

  /** Listens to the executor no more. */
  close(): void {
    this.#unsubscribe();
  }

  /**
   * Who takes these records. Nobody if the partition was given up after `poll` had returned them. A reset begins a new epoch,
   * and so does a position that went back without a seek of ours, as a consumer may not tell of resets. What is committed is
   * not known then: a commit of the epoch before may be on its way.
   */
  #ownerOf(batch: PartitionRecords): Ownership | undefined {
    const { owned } = this.#init;
    const ownership = owned.get(batch);
    if (ownership?.isOpen !== true) return undefined;
    if (batch.reset !== undefined) return this.#reset(batch, batch.reset);
    const from = batch.records[0]?.offset ?? batch.nextOffset;
    if (!ownership.hasPosition) owned.found(ownership, from);
    return from < ownership.tracker.nextOffset ? owned.begin(batch, from, undefined) : ownership;
  }

  #reset({ topic, partition }: PartitionRecords, reset: PositionReset): Ownership {
    const begun = this.#init.owned.begin({ topic, partition }, reset.to, undefined);
    this.#init.onReset({ topic, partition, ...reset });
    return begun;
  }

  #enqueue(batch: PartitionRecords, ownership: Ownership): void {
    const { lanes, host } = this.#init;
    const { known } = ownership;
    for (const record of batch.records) {
      const sequence = ownership.received(record.offset);
      if (known !== undefined && hasEnded(known, record)) ownership.ended(sequence, 'alreadyProcessed');
      else lanes.add(ownership.lanes, new Delivery(record, ownership, sequence, host));
    }
    if (known !== undefined && batch.nextOffset >= known.to) ownership.known = undefined;
    ownership.advance(batch.nextOffset);
    if (batch.leaderEpoch !== undefined) ownership.leaderEpoch = batch.leaderEpoch;
    if (batch.records.length === 0) ownership.moved();
  }

  #startSome(limit: number): void {
    if (this.#starting) return; // a listener that runs inside `execute` got here: the loop below goes on anyway
    const { turns } = this.#init;
    this.#starting = true;
    for (let left = this.#seesRecords ? Infinity : limit; this.#mayStart; left--) {
      if (left === 0) {
        this.#lookAgain(limit);
        break;
      }
      const lane = turns.next();
      if (lane === undefined) break;
      if (this.#seesRecords) this.#startSeen(lane);
      else this.#start(lane);
    }
    this.#starting = false;
    this.#lookForRoom();
  }

  #lookForRoom(): void {
    const { slice, intake, onRoom } = this.#init;
    if (intake.room() > 0) onRoom();
    else if (intake.mayHaveRoom) slice.enter(); // where all slots are taken, say, no turn is under way
  }

  #newPulledRuns(attach: NonNullable<TaskExecutor['attach']>): PulledRuns {
    return new PulledRuns({ ...this.#init, attach, runs: this.#runs, onRoom: () => this.#lookForRoom() });
  }

  get #mayStart(): boolean {
    const { executor, turns, slice } = this.#init;
    return turns.mayBeReady && !slice.isSpent && executor.available > 0;
  }

  /** Comes back when the listeners that run had a chance to end. */
  #lookAgain(limit: number): void {
    this.#limit = limit;
    this.#endedBefore = this.#runs.ended;
    if (!this.#looksAgain) queueMicrotask(this.#look);
    this.#looksAgain = true;
  }

  readonly #onAvailable = (): void => {
    this.#init.onAvailable();
    this.startReady();
  };

  readonly #look = (): void => {
    this.#looksAgain = false;
    if (this.#runs.ended === this.#endedBefore) this.#startSome(this.#limit * 2);
    else if (this.#mayStart) this.#lookAgain(this.#limit);
  };

  #start(lane: DeliveryLane): void {
    const run = new Run(this.#runs, lane);
    this.#execute((signal) => run.start(signal)).catch((error: unknown) => {
      if (run.hasStarted) this.#init.onFatal(error as Error);
      else this.#refused(lane, error);
    });
  }

  /** What the executor says of it counts, so it is settled after that; and only then is its lane free for the slot. */
  #startSeen(lane: DeliveryLane): void {
    const run = new SeenRun(this.#runs, lane);
    this.#execute((signal) => run.start(signal))
      .then(
        () => run.executed(),
        (error: unknown) => (run.hasStarted ? run.executed({ error }) : this.#refused(lane, error)),
      )
      .then(() => this.startReady())
      .catch((error: unknown) => this.#init.onFatal(error as Error));
  }

  /** One that throws where it should reject would end the loop that asked it, and with it the process. */
  #execute(task: (signal: AbortSignal) => unknown): Promise<unknown> {
    try {
      return Promise.resolve(this.#init.executor.execute(task));
    } catch (error) {
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- whatever it threw
      return Promise.reject(error);
    }
  }

  /** The executor did not want the task: a failed attempt of what it was given for. */
  #refused(lane: DeliveryLane, error: unknown): void {
    const { lanes, invoker, settler } = this.#init;
    const work = takeFrom(lanes, lane);
    if (work !== undefined) settler.settle(lane, work, invoker.failed(work, error));
  }
}
