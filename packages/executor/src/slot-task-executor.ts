import { setMaxListeners } from 'node:events';
import type { TaskExecutor } from '@hearken/core';
import { deferred, type Deferred, integer, isThenable, OptionsCheck } from '@hearken/core/internal';
import { Rerun } from './rerun.js';
import { TaskQueue, type Task } from './task-queue.js';
import { Wakers } from './wakers.js';

/**
 * So many slots and a queue for who finds none: what the executors of this package share. They differ in whether the
 * number of slots may change and in what happens when all are taken.
 */
export abstract class SlotTaskExecutor implements TaskExecutor {
  /** They look at promises, never at records. */
  readonly unit = 'run';
  #concurrency: number;
  #running = 0;
  readonly #waiting = new TaskQueue();
  /** What running tasks see; all that started since the last `cancel` share one. Made with the first of them. */
  #cancellation: AbortController | undefined;
  readonly #wakers = new Wakers();
  #drained: Deferred<void> | undefined;
  /** Gives free slots to who waits, then tells of those left: each of both may end tasks at once. */
  readonly #giveSlots = new Rerun(() => {
    this.#startWaiting();
    if (this.available > 0) this.#wakers.wakeAll();
  });

  protected constructor(concurrency: number) {
    this.#concurrency = concurrency;
  }

  get concurrency(): number {
    return this.#concurrency;
  }

  get available(): number {
    return this.#waiting.size > 0 ? 0 : Math.max(0, this.#concurrency - this.#running);
  }

  execute<T>(task: Task<T>): Promise<T> {
    // Who waits goes first, even where a slot is free: a task started by `#advance` may get here before those behind it.
    if (this.#running >= this.#concurrency || this.#waiting.size > 0) return this.whenFull(task);
    return this.runNow(task);
  }

  onAvailable(wake: () => void): () => void {
    return this.#wakers.add(wake);
  }

  drain(): Promise<void> {
    if (this.#isIdle) return Promise.resolve();
    this.#drained ??= deferred();
    return this.#drained.promise;
  }

  cancel(reason: Error): void {
    const cancellation = this.#cancellation;
    this.#cancellation = undefined;
    // Out of the queue first: an abort listener may free a slot at once, and would start one of them.
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) next.reject(reason);
    cancellation?.abort(reason);
    this.#advance();
  }

  /** @throws KafkaConfigError for anything but a whole number from 0 */
  protected setConcurrency(concurrency: number): void {
    const check = new OptionsCheck(this.constructor.name);
    check.resolve({ concurrency }, { concurrency: integer(0) });
    check.throwIfAny();
    this.#concurrency = concurrency;
    this.#advance();
  }

  protected get waiting(): TaskQueue {
    return this.#waiting;
  }

  /** No slot is free for this task. @default it waits */
  protected whenFull<T>(task: Task<T>): Promise<T> {
    return this.#waiting.push(task);
  }

  /** Runs the task in a slot of its own, above the limit if there is none. */
  protected runNow<T>(task: Task<T>): Promise<T> {
    this.#running++;
    try {
      this.#cancellation ??= newCancellation();
      const result = task(this.#cancellation.signal);
      if (isThenable(result)) return this.#releaseAfter(Promise.resolve(result));
      this.#release();
      return Promise.resolve(result);
    } catch (error) {
      this.#release();
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- whatever the task threw
      return Promise.reject(error);
    }
  }

  #releaseAfter<T>(promise: Promise<T>): Promise<T> {
    return promise.then(
      (value) => {
        this.#release();
        return value;
      },
      (error: unknown) => {
        this.#release();
        throw error;
      },
    );
  }

  #release(): void {
    this.#running--;
    this.#advance();
  }

  #advance(): void {
    if (!this.#giveSlots.run() || this.#drained === undefined || !this.#isIdle) return;
    this.#drained.resolve();
    this.#drained = undefined;
  }

  #startWaiting(): void {
    while (this.#running < this.#concurrency) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      next.resolve(this.runNow(next.task));
    }
  }

  get #isIdle(): boolean {
    return this.#running === 0 && this.#waiting.size === 0;
  }
}

/** Every running task may listen to it, and Node takes more than ten listeners for a leak. */
function newCancellation(): AbortController {
  const cancellation = new AbortController();
  setMaxListeners(0, cancellation.signal);
  return cancellation;
}
