import type { TaskExecutor } from '@hearken/core';
import { deferred, type Deferred } from '@hearken/core/internal';
import { LinkedSignals } from './linked-signals.js';
import { Rerun } from './rerun.js';
import { TaskQueue, type Task } from './task-queue.js';
import { Wakers } from './wakers.js';
import { promiseOver } from './when-over.js';

/**
 * A gate before another executor: a task goes in when the gate lets it through and the executor behind has a slot, and waits
 * here until then, in the order it came, without a bound. So the executor behind may be anyone's: what it gets starts at once,
 * a queue of its own stays empty, and what others have running there is none of this one's concern.
 */
export abstract class GatedTaskExecutor implements TaskExecutor {
  abstract readonly unit: 'record' | 'run';
  protected readonly behind: TaskExecutor;
  protected readonly signals = new LinkedSignals();
  readonly #waiting = new TaskQueue();
  readonly #wakers = new Wakers();
  /** Tasks that were let in and whose promise has not settled. */
  #inside = 0;
  #drained: Deferred<void> | undefined;
  /** Ends the subscription behind, which there is only while somebody wants to know. */
  #unsubscribe: (() => void) | undefined;
  readonly #letIn = new Rerun(() => {
    this.#startWaiting();
    if (this.available > 0) this.#wakers.wakeAll();
  });

  protected constructor(behind: TaskExecutor) {
    this.behind = behind;
  }

  get concurrency(): number {
    return this.behind.concurrency;
  }

  get isPaused(): boolean {
    return this.behind.isPaused ?? false;
  }

  get available(): number {
    return this.#waiting.size > 0 ? 0 : this.#room;
  }

  execute<T>(task: Task<T>): Promise<T> {
    if (this.available > 0) return this.#start(task);
    const result = this.#waiting.push(task);
    this.#subscribe();
    this.held();
    return result;
  }

  onAvailable(wake: () => void): () => void {
    const end = this.#wakers.add(wake);
    this.#subscribe();
    return () => {
      end();
      this.#subscribe();
    };
  }

  drain(): Promise<void> {
    if (this.#isIdle) return Promise.resolve();
    this.#drained ??= deferred();
    return this.#drained.promise;
  }

  /** Of its own tasks only: others may have some in the executor behind. */
  cancel(reason: Error): void {
    // Out of the queue first: an abort listener may free a slot at once, and would start one of them.
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) next.reject(reason);
    this.signals.abort(reason);
    this.advance();
  }

  /** How many more tasks may go in now; may be Infinity, and below 0. */
  protected abstract get permits(): number;

  /** Gives the task to the executor behind. What does more keeps its count here. Never throws. */
  protected admit<T>(task: Task<T>): Promise<T> {
    return this.behind.execute(task);
  }

  /** Runs the task, in a slot of the executor behind, and with a signal that aborts on `cancel` too. */
  protected run<T>(task: Task<T>, given: AbortSignal): T | Promise<T> {
    return this.signals.run(task, given);
  }

  /** A task has to wait, for the gate or for a slot. */
  protected held(): void {
    // Most gates are opened by somebody else.
  }

  protected get hasWaiting(): boolean {
    return this.#waiting.size > 0;
  }

  /** To be called when the gate opened: lets in who waits, and tells of the room that is left. */
  protected advance(): void {
    if (!this.#letIn.run()) return;
    this.#subscribe();
    if (this.#drained === undefined || !this.#isIdle) return;
    this.#drained.resolve();
    this.#drained = undefined;
  }

  get #room(): number {
    return Math.max(0, Math.min(this.permits, this.behind.available));
  }

  get #isIdle(): boolean {
    return this.#inside === 0 && this.#waiting.size === 0;
  }

  #startWaiting(): void {
    while (this.#waiting.size > 0 && this.#room > 0) {
      const next = this.#waiting.shift();
      next?.resolve(this.#start(next.task));
    }
  }

  #start<T>(task: Task<T>): Promise<T> {
    this.#inside++;
    return promiseOver(
      this.admit((given) => this.run(task, given)),
      () => {
        this.#inside--;
        this.advance();
      },
    );
  }

  #subscribe(): void {
    if (!this.#wakers.isEmpty || this.#waiting.size > 0)
      this.#unsubscribe ??= this.behind.onAvailable(() => this.advance());
    else {
      this.#unsubscribe?.();
      this.#unsubscribe = undefined;
    }
  }
}
