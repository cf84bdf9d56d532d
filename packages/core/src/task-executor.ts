/**
 * What a task resolves with that found nothing to call: its record was filtered, or has to wait after all. Neither a success
 * nor a failure of what is called, and of no length: an executor that measures calls leaves it out, and hands it on.
 */
export const NOT_CALLED: unique symbol = Symbol.for('hearken:not-called');

/**
 * Runs listener calls: *whether there is a slot* is its only question; which record may run is the container's. It knows
 * nothing of records or keys, so p-queue or piscina fit behind it in a few lines. May be shared by several containers.
 * `exerciseTaskExecutor` in `@hearken/testing` checks all that is said here.
 */
export interface TaskExecutor {
  /** How many tasks may run at once, now: it may change, and an open circuit breaker says 0. */
  readonly concurrency: number;
  /** How many tasks would start at once if given now. */
  readonly available: number;
  /** Whether somebody holds it back, who lets it go on some day: a container takes that for no stall. @default false */
  readonly isPaused?: boolean;
  /**
   * With `attach`: whether records of less urgent containers may start as soon as this one has none at hand. It polls on then
   * even when its listeners have used up their time in a turn of the event loop. @default false
   */
  readonly givesWay?: boolean;
  /**
   * What one task stands for. `'record'` (default): the executor must see every record by itself, to count, limit or time
   * it. A container's task rejects if the attempt failed, and if `execute` rejects the attempt has failed; it resolves with
   * {@link NOT_CALLED} if the listener never saw the record. `'run'`: records that run one after the other may be one task, which saves a promise a record.
   */
  readonly unit?: 'record' | 'run';
  /**
   * Runs the task, now or when a slot is free, and settles as it does. Never throws synchronously.
   * The signal aborts on `cancel`. A task that is never run rejects (`TASK_REJECTED`, or the reason given to `cancel`).
   */
  execute<T>(task: (signal: AbortSignal) => T | Promise<T>): Promise<T>;
  /**
   * Calls `wake` whenever a slot came free or the capacity grew; it must not throw. Subscribers take turns at being told
   * first, so that none starves behind one that takes every slot. Returns what ends the calls.
   */
  onAvailable(wake: () => void): () => void;
  /** Resolves when nothing runs or waits. For whoever made the executor: a container drains and aborts only its own tasks. */
  drain(): Promise<void>;
  /** Aborts the signals of running tasks and rejects waiting ones with `reason`. Later tasks run as before. */
  cancel(reason: Error): void;
  /**
   * For an executor that also decides *whose* record is next, where several containers share its slots. A container whose
   * executor has this gives it no tasks: the executor starts the container's records, one by one, as long as it is attached.
   */
  attach?(source: RecordSource): RecordSlots;
}

/** A container, as an executor sees it that starts its records. */
export interface RecordSource {
  /** Whether `startNext` would start a record, as far as that is known without trying. */
  readonly isReady: boolean;
  /**
   * Starts the record whose turn it is in the container. It takes a slot until `slots.ended`, which may come before this
   * returns. Must not throw.
   * @param signal aborts when the executor is cancelled
   */
  startNext(signal: AbortSignal): RecordStart;
  /** How many of its records that run wait for the end of the container itself: their listeners stop it. */
  readonly held: number;
  /** The executor's `isPaused` changed. It is looked at now and then, too. Does not throw. */
  pauseChanged(): void;
}

/**
 * - `'started'`: a record runs, or has ended already. Another one may start.
 * - `'last'`: the same, but of the others each waits for one that runs; `slots.ready` follows when one may start.
 * - `'blocked'`: there are records, but each waits for others; `slots.ready` follows when one may start.
 * - `'empty'`: nothing is left; more was asked for, and `slots.ready` follows when it came.
 * - `'later'`: not in this turn of the event loop, which listeners have held long enough; `slots.ready` follows in the next.
 */
export type RecordStart = 'started' | 'last' | 'blocked' | 'empty' | 'later';

/** What a container tells an executor that starts its records. */
export interface RecordSlots {
  /** A record may start. Said too often it costs little; said too late a slot stays free. */
  ready(): void;
  /** A record that was started has ended; as `ready` says if `isReady`. */
  ended(isReady: boolean): void;
  /**
   * A record that was started has ended, but `ended` was not said yet, and another one may start: whether that is to take the
   * slot over. Changes nothing; if it does, `wentOn` says so, and else `ended`.
   */
  mayGoOn(): boolean;
  /** After `mayGoOn`, at once: the record ended, and another one starts in its slot. */
  wentOn(): void;
  /**
   * Whether each slot that the container could have is taken by a record that is `held`, of its own or of another container
   * that is attached: none comes free before one of them gives up what it has left. Without it only its own are counted.
   */
  readonly isStuck?: boolean;
  /** The container is over: nothing is asked of it any more. What runs of it still ends. */
  detach(): void;
}
