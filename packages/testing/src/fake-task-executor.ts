import type { TaskExecutor } from '@hearken/core';
import { deferred, type Deferred } from '@hearken/core/internal';
import { Recorder } from './recorder.js';

export interface FakeTaskExecutorOptions {
  /** @default 1 */
  readonly concurrency?: number;
  /** @default 'record' */
  readonly unit?: 'record' | 'run';
}

type Task<T = unknown> = (signal: AbortSignal) => T | Promise<T>;

interface Waiting {
  readonly task: Task;
  readonly result: Deferred<unknown>;
}

/**
 * An executor whose slots the test holds: tasks start at once while one is free, or, after `hold`, when the test says so.
 * Passes `exerciseTaskExecutor`.
 */
export class FakeTaskExecutor implements TaskExecutor {
  readonly unit: 'record' | 'run';
  /** Every task handed over, in order. */
  readonly given = new Recorder<Task>();
  readonly #waiting: Waiting[] = [];
  readonly #wakers: (() => void)[] = [];
  readonly #refusals: Error[] = [];
  #concurrency: number;
  #running = 0;
  #holding = false;
  /** Whether `#advance` is at work further up the stack, and what it has to look at changed meanwhile. */
  #advancing = false;
  #changed = false;
  #cancellation = new AbortController();
  #drained: Deferred<void> | undefined;

  constructor({ concurrency = 1, unit = 'record' }: FakeTaskExecutorOptions = {}) {
    this.#concurrency = concurrency;
    this.unit = unit;
  }

  // ---- the test's side

  get concurrency(): number {
    return this.#concurrency;
  }

  /** Any time; 0 starts nothing more. */
  set concurrency(concurrency: number) {
    this.#concurrency = concurrency;
    this.#advance();
  }

  /** Tasks that run. */
  get running(): number {
    return this.#running;
  }

  /** Tasks that wait for a slot or, while the test holds them, for `start`. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** From now on tasks wait, each in a slot, for `start` or `release`. */
  hold(): void {
    this.#holding = true;
  }

  /** Starts the oldest that wait, whatever the concurrency. @default all of them */
  start(count: number = this.#waiting.length): void {
    for (const waiting of this.#waiting.splice(0, count)) this.#run(waiting);
  }

  /** Tasks start by themselves again. */
  release(): void {
    this.#holding = false;
    this.#advance();
  }

  /** The next tasks reject with this and do not run, as in an executor whose queue is full. */
  refuseTasks(error: Error, times = 1): void {
    for (let i = 0; i < times; i++) this.#refusals.push(error);
  }

  // ---- the SPI

  get available(): number {
    const free = this.#concurrency - this.#running - this.#waiting.length;
    return this.#waiting.length > 0 && !this.#holding ? 0 : Math.max(0, free);
  }

  execute<T>(task: Task<T>): Promise<T> {
    this.given.record(task);
    const refusal = this.#refusals.shift();
    if (refusal !== undefined) return Promise.reject(refusal);
    const result = deferred<unknown>();
    this.#waiting.push({ task, result });
    this.#startWaiting();
    return result.promise as Promise<T>;
  }

  onAvailable(wake: () => void): () => void {
    const waker = (): void => wake(); // the same function may be given twice
    this.#wakers.push(waker);
    return () => {
      const index = this.#wakers.indexOf(waker);
      if (index >= 0) this.#wakers.splice(index, 1);
    };
  }

  drain(): Promise<void> {
    if (this.#isIdle) return Promise.resolve();
    this.#drained ??= deferred();
    return this.#drained.promise;
  }

  cancel(reason: Error): void {
    const cancellation = this.#cancellation;
    this.#cancellation = new AbortController();
    for (const { result } of this.#waiting.splice(0)) result.reject(reason);
    cancellation.abort(reason);
    this.#advance();
  }

  // ---- inside

  #run({ task, result }: Waiting): void {
    this.#running++;
    const ended = (settle: () => void): void => {
      this.#running--;
      settle();
      this.#advance();
    };
    const succeeded = (value: unknown): void => ended(() => result.resolve(value));
    const failed = (error: unknown): void => ended(() => result.reject(error));
    try {
      const value = task(this.#cancellation.signal);
      if (value instanceof Promise) value.then(succeeded, failed);
      else succeeded(value);
    } catch (error) {
      failed(error);
    }
  }

  /** A loop, because a waker may give tasks that end at once: the stack must not grow with every one of them. */
  #advance(): void {
    this.#changed = true;
    if (this.#advancing) return;
    this.#advancing = true;
    while (this.#changed) {
      this.#changed = false;
      this.#startWaiting();
      if (this.available > 0) this.#wakeAll();
    }
    this.#advancing = false;
    if (!this.#isIdle) return;
    this.#drained?.resolve();
    this.#drained = undefined;
  }

  #startWaiting(): void {
    while (!this.#holding && this.#running < this.#concurrency) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#run(next);
    }
  }

  /** Who was first is last the next time, so that none starves behind one that takes every slot. */
  #wakeAll(): void {
    const wakers = [...this.#wakers];
    const first = this.#wakers.shift();
    if (first !== undefined) this.#wakers.push(first);
    for (const wake of wakers) if (this.#wakers.includes(wake)) wake();
  }

  get #isIdle(): boolean {
    return this.#running === 0 && this.#waiting.length === 0;
  }
}
