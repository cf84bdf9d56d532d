import type { Worker } from 'node:worker_threads';
import type { Piscina } from 'piscina';
import type { Timer } from '@hearken/core';
import type { ResolvedWorkerThreadOptions } from './worker-thread-options.js';

/**
 * A call that has a thread. When its signal is aborted the thread is told; when the listener goes on for
 * `terminateAfterMs` all the same, the thread is ended.
 */
export class RunningCall {
  readonly signal: AbortSignal;
  /** Settles when the thread that was ended runs nothing more: only then may the record's lane go on. */
  threadGone: Promise<unknown> = Promise.resolve();
  isTerminated = false;
  readonly #kill = new AbortController();
  readonly #pool: Piscina;
  readonly #options: ResolvedWorkerThreadOptions;
  readonly #tell: () => void;
  #timer: Timer | undefined;

  constructor(signal: AbortSignal, pool: Piscina, options: ResolvedWorkerThreadOptions, tell: () => void) {
    this.signal = signal;
    this.#pool = pool;
    this.#options = options;
    this.#tell = tell;
    signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  /** For piscina: it ends the thread of the task, or takes it out of its queue. */
  get killed(): AbortSignal {
    return this.#kill.signal;
  }

  end(): void {
    this.signal.removeEventListener('abort', this.#onAbort);
    this.#timer?.clear();
  }

  /** Ends its thread, if it has one, and the call with it. */
  terminate(): void {
    this.isTerminated = true;
    const before = this.#pool.threads;
    this.#kill.abort(this.signal.reason);
    const left = new Set(this.#pool.threads);
    this.threadGone = Promise.all(before.filter((thread) => !left.has(thread)).map(exitOf));
  }

  /** There is no thread for it, and there will be none. */
  fail(): void {
    this.#kill.abort();
  }

  readonly #onAbort = (): void => {
    this.#tell();
    const { clock, terminateAfterMs } = this.#options;
    this.#timer = clock.setTimer(() => this.terminate(), terminateAfterMs);
  };
}

const exitOf = (thread: Worker): Promise<void> => new Promise((resolve) => thread.once('exit', () => resolve()));
