import { setMaxListeners } from 'node:events';
import type { RecordSlots, RecordSource, RecordStart, TaskExecutor } from '@hearken/core';
import { deferred, type Deferred } from '@hearken/core/internal';
import type { LevelSource, PriorityDispatcher } from './priority-dispatcher.js';

interface WaitingTask extends Pick<Deferred<unknown>, 'resolve' | 'reject'> {
  readonly task: (signal: AbortSignal) => unknown;
}

/**
 * A level's view of the dispatcher: the executor of its container. The dispatcher starts the container's records; tasks that
 * somebody gives to `execute` take the level's turns before them, in the order they came.
 */
export class LevelExecutor implements TaskExecutor, LevelSource, RecordSlots {
  readonly unit = 'run';
  readonly givesWay: boolean;
  readonly #dispatcher: PriorityDispatcher;
  readonly #level: number;
  readonly #waiting: WaitingTask[] = [];
  #wakers: readonly (() => void)[] = [];
  /** Somebody was told that no slot is free, and would like to know when one is. */
  #wasFull = true;
  #source: RecordSource | undefined;
  #cancellation = newCancellation();
  /** Its signal: asking the controller takes longer than starting a record. */
  #signal = this.#cancellation.signal;
  #drained: Deferred<void> | undefined;

  constructor(dispatcher: PriorityDispatcher, level: number) {
    this.#dispatcher = dispatcher;
    this.#level = level;
    this.givesWay = dispatcher.hasOthers;
    dispatcher.attach(level, this);
  }

  /** How many slots the level may take. */
  get concurrency(): number {
    return this.#dispatcher.limits.most(this.#level);
  }

  get isPaused(): boolean {
    return this.#dispatcher.isPaused(this.#level);
  }

  /** Whether a task or a record may start. */
  get isReady(): boolean {
    return this.#source?.isReady === true || this.#waiting.length > 0;
  }

  get available(): number {
    const available = this.#waiting.length > 0 ? 0 : this.#dispatcher.limits.available(this.#level);
    if (available === 0) this.#wasFull = true;
    return available;
  }

  execute<T>(task: (signal: AbortSignal) => T | Promise<T>): Promise<T> {
    const { promise, resolve, reject } = deferred<unknown>();
    this.#waiting.push({ task, resolve, reject });
    this.#dispatcher.ready(this.#level);
    return promise as Promise<T>;
  }

  onAvailable(wake: () => void): () => void {
    const waker = (): void => wake(); // the same function given twice is two subscribers
    this.#wakers = [...this.#wakers, waker];
    return () => void (this.#wakers = this.#wakers.filter((other) => other !== waker));
  }

  drain(): Promise<void> {
    if (this.#isIdle) return Promise.resolve();
    this.#drained ??= deferred();
    return this.#drained.promise;
  }

  cancel(reason: Error): void {
    const cancelled = this.#cancellation;
    this.#cancellation = newCancellation();
    this.#signal = this.#cancellation.signal;
    for (const { reject } of this.#waiting.splice(0)) reject(reason);
    cancelled.abort(reason);
    this.#settleDrained();
  }

  attach(source: RecordSource): RecordSlots {
    this.#source = source;
    return this;
  }

  detach(): void {
    this.#source = undefined;
  }

  ready(): void {
    this.#dispatcher.ready(this.#level);
  }

  ended(isReady: boolean): void {
    this.#dispatcher.ended(this.#level, isReady || this.#waiting.length > 0);
    this.resized();
    if (this.#drained !== undefined) this.#settleDrained();
  }

  resized(): void {
    if (this.#wasFull && this.#wakers.length > 0 && this.available > 0) this.#wakeAll();
  }

  get isStuck(): boolean {
    return this.#dispatcher.isStuck(this.#level);
  }

  /** What runs of a container that is over waits for it no more. */
  get held(): number {
    return this.#source?.held ?? 0;
  }

  pauseChanged(): void {
    this.#source?.pauseChanged();
  }

  mayGoOn(): boolean {
    return this.#waiting.length === 0 && this.#dispatcher.mayGoOn(this.#level);
  }

  wentOn(): void {
    this.#dispatcher.wentOn(this.#level);
  }

  startNext(): RecordStart {
    if (this.#waiting.length > 0) return this.#startTask();
    return this.#source === undefined ? 'blocked' : this.#source.startNext(this.#signal);
  }

  #startTask(): RecordStart {
    const next = this.#waiting.shift();
    if (next !== undefined) this.#run(next);
    return 'started';
  }

  #run({ task, resolve, reject }: WaitingTask): void {
    const fail = (error: unknown): void => {
      this.#taskEnded();
      reject(error);
    };
    try {
      const result = task(this.#signal);
      if (!(result instanceof Promise)) {
        this.#taskEnded();
        resolve(result);
        return;
      }
      result.then((value) => {
        this.#taskEnded();
        resolve(value);
      }, fail);
    } catch (error) {
      fail(error);
    }
  }

  #taskEnded(): void {
    this.#wasFull = true;
    this.ended(false);
  }

  /** Another one first each time: the first may take every slot. A container does not subscribe, so this is for others. */
  #wakeAll(): void {
    this.#wasFull = false;
    const wakers = this.#wakers;
    this.#wakers = [...wakers.slice(1), ...wakers.slice(0, 1)];
    for (const wake of wakers) wake();
  }

  #settleDrained(): void {
    if (!this.#isIdle) return;
    this.#drained?.resolve();
    this.#drained = undefined;
  }

  get #isIdle(): boolean {
    return this.#waiting.length === 0 && this.#dispatcher.limits.running(this.#level) === 0;
  }
}

/** Every running listener may listen to it, and Node takes more than ten for a leak. */
function newCancellation(): AbortController {
  const cancellation = new AbortController();
  setMaxListeners(0, cancellation.signal);
  return cancellation;
}
