import { KafkaError } from '@hearken/core';

/**
 * - `'MISSING_PACKAGE'`: piscina is not installed, or does not load.
 * - `'WORKER_MODULE_FAILED'`: the listener's module cannot be loaded, or has no listener. A mistake in the program: not
 *   tried again.
 * - `'NOT_CLONEABLE'`: what a serde or a listener returned cannot go to another thread, as a function. Not tried again.
 * - `'WORKER_CRASHED'`: the thread ended under the record: `process.exit`, an error that nobody caught, no memory left.
 *   Retriable; a new thread takes its place.
 * - `'WORKER_TERMINATED'`: the thread was ended, as its listener went on for `terminateAfterMs` after its signal was
 *   aborted, or when the time to close was over. Retriable.
 */
export type WorkerThreadErrorCode =
  'MISSING_PACKAGE' | 'WORKER_MODULE_FAILED' | 'NOT_CLONEABLE' | 'WORKER_CRASHED' | 'WORKER_TERMINATED';

/** A worker thread could not do its work; what a listener throws there comes back as it is. */
export class WorkerThreadError extends KafkaError {
  constructor(code: WorkerThreadErrorCode, message: string, { cause }: { readonly cause?: unknown } = {}) {
    const retriable = code === 'WORKER_CRASHED' || code === 'WORKER_TERMINATED';
    super(message, { code, retriable, ...(cause === undefined ? {} : { cause }) });
  }
}
