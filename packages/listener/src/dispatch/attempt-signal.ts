import { setMaxListeners } from 'node:events';
import type { Ownership } from '../offsets/ownership.js';

/** The signal of one attempt: aborts with the executor's task or with the ownership, both of which live longer than it. */
export class AttemptSignal {
  readonly #controller = new AbortController();
  readonly #task: AbortSignal;
  readonly #ownership: Ownership;

  constructor(task: AbortSignal, ownership: Ownership) {
    this.#task = task;
    this.#ownership = ownership;
    if (task.aborted) this.abort(task.reason);
    setMaxListeners(0, task); // an executor may give all tasks one, and Node takes more than ten listeners for a leak
    task.addEventListener('abort', this.#onTaskAborted);
    ownership.addAttempt(this);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  abort(reason: unknown): void {
    this.#controller.abort(reason);
  }

  /** The attempt is over: cuts what would keep it in memory. */
  drop(): void {
    this.#task.removeEventListener('abort', this.#onTaskAborted);
    this.#ownership.removeAttempt(this);
  }

  readonly #onTaskAborted = (): void => this.abort(this.#task.reason);
}
