import type { ConsumerRecords, PartitionRecords, TaskExecutor } from '@hearken/core';
import type { ContainerCounters } from '../container-metrics.js';
import type { ListenerInvoker } from '../invoke/listener-invoker.js';
import { DONE } from '../invoke/outcome.js';
import type { OwnedPartitions } from '../offsets/owned-partitions.js';
import type { Ownership } from '../offsets/ownership.js';
import { Delivery, type DeliveryHost, type DeliveryLane } from './delivery.js';
import type { Intake } from './intake.js';
import type { Lanes } from './lanes.js';
import type { Settler } from './settler.js';
import type { TimeSlice } from './time-slice.js';

export interface DispatcherInit {
  readonly executor: TaskExecutor;
  readonly lanes: Lanes<Delivery>;
  readonly owned: OwnedPartitions;
  readonly intake: Intake;
  readonly invoker: ListenerInvoker;
  readonly settler: Settler;
  readonly slice: TimeSlice;
  readonly host: DeliveryHost;
  readonly counters: ContainerCounters;
  /** There is room for records again, or may be. */
  readonly onRoom: () => void;
  /** Something broke that never should. */
  readonly onFatal: (error: Error) => void;
}

/**
 * Puts records into lanes and starts ready lanes while the executor has slots.
 *
 * A task is a *run*: it starts with one lane and goes on with the next ready one, record by record, for as long as the turn
 * of the event loop in which it began and its time slice last. So listeners that end at once share one task, and one that
 * waits for something real costs a task of its own; no slot is held longer than a turn and a record, which is what a shared
 * executor can live with. Lanes take turns after every record.
 */
export class Dispatcher {
  readonly #init: DispatcherInit;
  readonly #manyPerTask: boolean;
  readonly #unsubscribe: () => void;
  #running = 0;
  #starting = false;

  constructor(init: DispatcherInit) {
    this.#init = init;
    this.#manyPerTask = init.executor.unit === 'run';
    this.#unsubscribe = init.executor.onAvailable(() => this.startReady());
  }

  /** Listeners that run, late ones included. */
  get running(): number {
    return this.#running;
  }

  dispatch(records: ConsumerRecords): void {
    const { counters, intake, slice } = this.#init;
    counters.polled += records.count;
    for (const batch of records.partitions) {
      const ownership = this.#ownerOf(batch);
      if (ownership === undefined) {
        counters.abandoned += batch.records.length;
        continue;
      }
      this.#enqueue(batch, ownership);
      intake.added(ownership);
    }
    slice.enter(); // so that a turn ends after this, also if nothing can start
    this.startReady();
  }

  /** A turn of the event loop is over. */
  nextTurn(): void {
    this.#init.intake.relieve();
    this.startReady();
  }

  /** Starts what may start. Called whenever a slot came free, a lane became ready, or a turn ended. */
  startReady(): void {
    if (this.#starting) return; // a listener that runs inside `execute` got here: the loop below goes on anyway
    const { executor, lanes, slice, intake, onRoom } = this.#init;
    this.#starting = true;
    while (executor.available > 0 && !slice.isSpent) {
      const lane = lanes.next();
      if (lane === undefined) break;
      this.#start(lane);
    }
    this.#starting = false;
    if (intake.room() > 0) onRoom();
    else if (intake.isClogged) slice.enter(); // partitions were paused and the last listener ended: no turn is under way
  }

  /** Listens to the executor no more. */
  close(): void {
    this.#unsubscribe();
  }

  /**
   * Who takes these records. Nobody if the partition was given up after `poll` had returned them. A position that went back
   * without a seek of ours is an offset reset or a topic that was made anew: a new epoch.
   */
  #ownerOf(batch: PartitionRecords): Ownership | undefined {
    const { owned } = this.#init;
    const ownership = owned.get(batch);
    if (ownership?.isOpen !== true) return undefined;
    const from = batch.records[0]?.offset ?? batch.nextOffset;
    return from < ownership.tracker.nextOffset ? owned.begin(batch, from, ownership.committed) : ownership;
  }

  #enqueue(batch: PartitionRecords, ownership: Ownership): void {
    const { lanes, host } = this.#init;
    const { tracker } = ownership;
    for (const record of batch.records) {
      lanes.add(ownership.lanes, new Delivery(record, ownership, tracker.received(record.offset), host));
    }
    tracker.advance(batch.nextOffset);
    if (batch.leaderEpoch !== undefined) ownership.leaderEpoch = batch.leaderEpoch;
    if (batch.records.length === 0) ownership.moved();
  }

  #start(lane: DeliveryLane): void {
    const { onFatal } = this.#init;
    let started = false;
    const run = (signal: AbortSignal): Promise<void> => {
      started = true;
      return this.#run(lane, signal);
    };
    this.#execute(run).catch((error: unknown) => {
      if (started) onFatal(error as Error);
      else this.#refused(lane, error);
    });
  }

  /** One that throws where it should reject would end the loop that asked it, and with it the process. */
  #execute(run: (signal: AbortSignal) => Promise<void>): Promise<void> {
    try {
      return Promise.resolve(this.#init.executor.execute(run));
    } catch (error) {
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- whatever it threw
      return Promise.reject(error);
    }
  }

  async #run(first: DeliveryLane, signal: AbortSignal): Promise<void> {
    const { invoker, settler, slice } = this.#init;
    const turn = slice.enter();
    for (let lane: DeliveryLane | undefined = first; lane !== undefined; lane = this.#another(turn)) {
      const delivery = this.#take(lane);
      if (delivery === undefined) continue;
      delivery.begin(signal);
      this.#running++;
      let outcome = DONE;
      try {
        const pending = invoker.call(delivery);
        if (pending !== undefined) await pending;
      } catch (error) {
        outcome = invoker.failed(delivery, error);
      }
      this.#running--;
      settler.settle(lane, delivery, outcome);
    }
  }

  /** The lane a run goes on with. */
  #another(turn: number): DeliveryLane | undefined {
    const { slice, lanes } = this.#init;
    if (slice.turn !== turn) return undefined;
    slice.count();
    return this.#manyPerTask && !slice.isSpent ? lanes.next() : undefined;
  }

  /** The executor did not want the task: a failed attempt of the record that it was given for. */
  #refused(lane: DeliveryLane, error: unknown): void {
    const { invoker, settler } = this.#init;
    const delivery = this.#take(lane);
    if (delivery !== undefined) settler.settle(lane, delivery, invoker.failed(delivery, error));
  }

  /** What a busy lane is to run; undefined, and the lane free, if it was given up between `next` and here. */
  #take(lane: DeliveryLane): Delivery | undefined {
    const { lanes } = this.#init;
    const delivery = lanes.take(lane);
    if (delivery?.ownership.isOpen === true) return delivery; // a record that is tried again is not cleared from its lane
    lanes.release(lane);
    return undefined;
  }
}
