import { deferred, type Deferred } from '@hearken/core/internal';

export type Task<T> = (signal: AbortSignal) => T | Promise<T>;

/** A task that waits for a slot, and the promise its caller holds. */
export interface WaitingTask extends Pick<Deferred<unknown>, 'resolve' | 'reject'> {
  readonly task: Task<unknown>;
}

/** First in, first out, at constant cost however long it grows. */
export class TaskQueue {
  #tasks: (WaitingTask | undefined)[] = [];
  /** Everything below is taken. */
  #head = 0;

  get size(): number {
    return this.#tasks.length - this.#head;
  }

  /** Settles as the task does once it was taken and run. */
  push<T>(task: Task<T>): Promise<T> {
    const { promise, resolve, reject } = deferred<unknown>();
    this.#tasks.push({ task, resolve, reject });
    return promise as Promise<T>;
  }

  shift(): WaitingTask | undefined {
    const first = this.#tasks[this.#head];
    if (first === undefined) return undefined;
    this.#tasks[this.#head++] = undefined;
    // Half of it is holes: moving the rest costs no more than the takes that made them.
    if (this.#head > 32 && this.#head * 2 > this.#tasks.length) {
      this.#tasks = this.#tasks.slice(this.#head);
      this.#head = 0;
    }
    return first;
  }
}
