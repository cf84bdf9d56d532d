import { setMaxListeners } from 'node:events';
import type { TaskExecutor } from '@hearken/core';
import { deferred, integer, OptionsCheck, type Deferred } from '@hearken/core/internal';
import { TaskQueue, type Task } from './task-queue.js';

interface Subscription {
  readonly wake: () => void;
  active: boolean;
}

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
  #subscriptions: readonly Subscription[] = [];
  /** Who is told first next time: the first may take every slot, and with a fixed order the last would starve. */
  #toldFirst = 0;
  #drained: Deferred<void> | undefined;
  /** Whether `#advance` is at work further up the stack. */
  #advancing = false;
  /** Counts what that `#advance` has to look at again. */
  #changes = 0;

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
    const subscription = { wake, active: true };
    this.#subscriptions = [...this.#subscriptions, subscription];
    return () => {
      subscription.active = false;
      this.#subscriptions = this.#subscriptions.filter((other) => other !== subscription);
    };
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

  /**
   * Gives free slots to who waits, then tells of those left. A loop, because each of both may end tasks at once: a queue
   * of synchronous tasks, or a waker that submits them, must not make the stack deeper with every task.
   */
  #advance(): void {
    if (this.#advancing) {
      this.#changes++;
      return;
    }
    this.#advancing = true;
    let seen: number;
    do {
      seen = this.#changes;
      this.#startWaiting();
      if (this.available > 0) this.#wakeAll();
    } while (seen !== this.#changes);
    this.#advancing = false;
    if (this.#drained !== undefined && this.#isIdle) {
      this.#drained.resolve();
      this.#drained = undefined;
    }
  }

  #startWaiting(): void {
    while (this.#running < this.#concurrency) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      next.resolve(this.runNow(next.task));
    }
  }

  #wakeAll(): void {
    const subscriptions = this.#subscriptions;
    const first = this.#toldFirst++;
    for (let i = 0; i < subscriptions.length; i++) {
      const subscription = subscriptions[(first + i) % subscriptions.length];
      if (subscription?.active === true) callWaker(subscription.wake);
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

/** A waker that throws broke its promise; that must be seen, and must not end the task that happened to free the slot. */
function callWaker(wake: () => void): void {
  try {
    wake();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}

const isThenable = (result: unknown): result is PromiseLike<unknown> =>
  typeof result === 'object' && result !== null && typeof (result as { then?: unknown }).then === 'function';
