import type { NOT_CALLED } from '@hearken/core';
import { isThenable } from '@hearken/core/internal';
import { cancellationBy, type Cancellation } from './cancellation.js';
import type { Delivery, DeliveryLane } from './delivery.js';
import type { Lanes } from './lanes.js';
import type { RunList, WaitingRun } from './run-list.js';
import type { TimeSlice } from './time-slice.js';
import type { Work } from './work.js';

/** Calls the listener. Made for one kind of work, as are the lanes and the settler it is joined with. */
export interface Invoker {
  /** Returns, or resolves with, what `returned` makes an outcome of; throws or rejects for `failed`. */
  call(work: Work): unknown;
  returned(work: Work, result: unknown): unknown;
  failed(work: Work, error: unknown): unknown;
}

/** Knows what follows an attempt. */
export interface Settles {
  /** @param outcome the invoker's */
  settle(lane: DeliveryLane, work: Work, outcome: unknown): void;
  /** What failed in an attempt that ended so; `NOT_CALLED` if the listener never saw it; undefined if it went well. */
  failureIn(outcome: unknown): AttemptFailure | typeof NOT_CALLED | undefined;
}

/** What an executor that sees every record is told of an attempt. */
export interface AttemptFailure {
  readonly error: unknown;
  /** The listener said of each record of a batch how it ended: that is believed, whatever the executor says. */
  readonly isPartial?: boolean;
}

/** Whose turn it is. */
export interface Turns {
  /** Whether `next` may have a lane. */
  readonly mayBeReady: boolean;
  /** Whether it has one, as far as that can be seen without asking it. */
  readonly isReady: boolean;
  /** A lane that may start now; it is busy from then on. */
  next(): DeliveryLane | undefined;
  /** Asked again when the executor came to it: its partition may have been paused meanwhile. */
  mayStart(lane: DeliveryLane): boolean;
}

/** What the runs of one container share. */
export interface RunHost {
  readonly turns: Turns;
  readonly lanes: Lanes<Delivery, Work>;
  invoker: Invoker;
  settler: Settles;
  readonly slice: TimeSlice;
  /** Listeners that run, late ones included. Counted by the runs. */
  running: number;
  /** Listeners that ended. */
  ended: number;
  /** Those of the runs that wait for a listener. */
  readonly waiting: RunList;
}

/** Has runs serve, where no executor waits for them. */
export interface RunOwner {
  /** The lane to go on with, if the run is to. Not asked in another turn of the event loop than the run began in. */
  another(): DeliveryLane | undefined;
  /** The run may serve again. @param failure what broke, if something did that never should */
  over(run: Run, failure?: unknown): void;
}

/**
 * One task of the executor. It starts with one lane and goes on with the next ready one, record by record, for as long as the
 * turn of the event loop in which it began and its time slice last. So listeners that end at once share one task, and one
 * that waits for something real costs a task of its own; no slot is held longer than a turn and a record, which is what a
 * shared executor can live with. After every record it is asked anew whose turn it is.
 *
 * Two callbacks serve all records of a run: an `await` would allocate 100 bytes more for each of them.
 */
export class Run implements WaitingRun {
  /** Its neighbours in `RunHost.waiting`. */
  before: WaitingRun | undefined = undefined;
  after: WaitingRun | undefined = undefined;
  readonly #host: RunHost;
  readonly #owner: RunOwner | undefined;
  /** What it works on; undefined when the run is over. */
  #lane: DeliveryLane | undefined;
  /** Whose listener it waits for. */
  #work: Work | undefined;
  #signal: AbortSignal | undefined;
  #cancellation: Cancellation | undefined;
  #turn = 0;
  /** When the turn began in which it called the listener that it waits for. */
  #since = 0;
  #resolve: () => void = () => undefined;
  #reject: (error: unknown) => void = () => undefined;

  /**
   * @param lane busy; undefined for a run that is to `serve`
   */
  constructor(host: RunHost, lane: DeliveryLane | undefined, owner?: RunOwner) {
    this.#host = host;
    this.#lane = lane;
    this.#owner = owner;
    if (owner === undefined) return;
    this.#resolve = () => owner.over(this);
    this.#reject = (failure) => owner.over(this, failure);
  }

  /** Whether the executor took it. */
  get hasStarted(): boolean {
    return this.#signal !== undefined;
  }

  /** Whose listener it waits for, if it does, and since when on the monotonic clock: its turn's beginning. */
  get waitsFor(): { readonly work: Work; readonly since: number } | undefined {
    return this.#work === undefined ? undefined : { work: this.#work, since: this.#since };
  }

  get #isOver(): boolean {
    return this.#lane === undefined;
  }

  /** The task: ends when the run is over, without a promise if no listener had to be waited for. */
  start(signal: AbortSignal): Promise<void> | undefined {
    this.#signal = signal;
    this.#cancellation = cancellationBy(signal);
    this.#turn = this.#host.slice.enter();
    this.#goOn(signal);
    if (this.#isOver) return undefined;
    this.#wait();
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Does what is next in the lane, without a task: its owner is told when it is over. */
  serve(lane: DeliveryLane, signal: AbortSignal): void {
    this.#lane = lane;
    if (signal !== this.#signal) this.#cancellation = cancellationBy(signal);
    this.#signal = signal;
    try {
      this.#turn = this.#host.slice.enter();
      this.#goOn(signal);
      if (this.#isOver) this.#resolve();
      else this.#wait();
    } catch (error) {
      this.#reject(error);
    }
  }

  #wait(): void {
    const { waiting, slice } = this.#host;
    this.#since = slice.startedAt;
    waiting.add(this);
  }

  /** Work by work, until a listener has to be waited for or nothing is left to do. */
  #goOn(signal: AbortSignal): void {
    for (let lane = this.#lane; lane !== undefined; lane = this.#lane = this.#another()) {
      const { slice, turns, lanes } = this.#host;
      slice.started();
      if (!turns.mayStart(lane)) {
        setAside(lanes, lane);
        continue;
      }
      const work = takeFrom(lanes, lane);
      if (work === undefined) continue;
      if (this.#call(lane, work, signal)) return;
    }
  }

  /** Whether the listener has to be waited for; if not, its work is settled. */
  #call(lane: DeliveryLane, work: Work, signal: AbortSignal): boolean {
    const { invoker } = this.#host;
    let outcome: unknown;
    work.begin(signal);
    this.#host.running++;
    try {
      const result = invoker.call(work);
      if (isThenable(result)) {
        this.#work = work;
        Promise.resolve(result).then(this.#onReturned, this.#onThrown);
        return true;
      }
      outcome = invoker.returned(work, result);
    } catch (error) {
      outcome = invoker.failed(work, error);
    }
    this.#settle(lane, work, outcome);
    return false;
  }

  #settle(lane: DeliveryLane, work: Work, outcome: unknown): void {
    this.#host.running--;
    this.#host.ended++;
    this.#host.settler.settle(lane, work, outcome);
  }

  /** The lane it goes on with. */
  #another(): DeliveryLane | undefined {
    const { slice, turns } = this.#host;
    if (slice.turn !== this.#turn) return undefined;
    slice.ended();
    if (this.#cancellation?.isCancelled === true) return undefined; // what did not start before is not what was cancelled
    if (this.#owner !== undefined) return this.#owner.another();
    return slice.isSpent ? undefined : turns.next();
  }

  readonly #onReturned = (result: unknown): void => {
    if (this.#work !== undefined) this.#ended(this.#host.invoker.returned(this.#work, result));
  };

  readonly #onThrown = (error: unknown): void => {
    if (this.#work !== undefined) this.#ended(this.#host.invoker.failed(this.#work, error));
  };

  /** The listener that was waited for ended. */
  #ended(outcome: unknown): void {
    const lane = this.#lane;
    const work = this.#work;
    const signal = this.#signal;
    if (lane === undefined || work === undefined || signal === undefined) return;
    try {
      this.#work = undefined;
      this.#settle(lane, work, outcome);
      this.#lane = this.#another();
      this.#goOn(signal);
      if (!this.#isOver) return;
      this.#host.waiting.delete(this);
      this.#resolve();
    } catch (error) {
      this.#host.waiting.delete(this);
      this.#reject(error);
    }
  }
}

/** What a busy lane is to run; undefined, and the lane free, if it was given up between `next` and here. */
export function takeFrom(lanes: Lanes<Delivery, Work>, lane: DeliveryLane): Work | undefined {
  const work = lanes.take(lane);
  if (work?.ownership.mayStart === true) return work; // what is tried again is not cleared from its lane
  work?.excuse();
  lanes.release(lane);
  return undefined;
}

/** Takes a lane back whose partition was paused when its turn had come; not with what is to be tried again of one given up since. */
export function setAside(lanes: Lanes<Delivery, Work>, lane: DeliveryLane): void {
  if (lane.current?.ownership.mayStart === false) takeFrom(lanes, lane);
  else lanes.setAside(lane);
}
