import { deferred } from '@hearken/core/internal';
import { Signal } from './signal.js';

/** A task, or a listener's work, that ends when the test says so. */
export class ManualTask<T = void> {
  /** Fires when it starts, with the signal it was given. */
  readonly started = new Signal<AbortSignal>();
  readonly #end = deferred<T>();

  /** Bound: what is handed to the executor. */
  readonly run = (signal: AbortSignal): Promise<T> => {
    this.started.fire(signal);
    return this.#end.promise;
  };

  readonly resolve = (value: T): void => this.#end.resolve(value);
  readonly reject = (error: unknown): void => this.#end.reject(error);
}

/** So many manual tasks. */
export const manualTasks = (count: number): ManualTask[] => Array.from({ length: count }, () => new ManualTask());
