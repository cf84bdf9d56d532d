import type { Bytes, ConsumerRecord } from '@hearken/core';

/** What a listener in a worker thread is told beside the record. */
export interface WorkerListenerContext {
  /**
   * The container's signal, with its reason. `aborted` and `throwIfAborted()` see it also in a loop that never lets the
   * event loop run; a listener of its event is called when the event loop runs.
   */
  readonly signal: AbortSignal;
  /** From 1; above 1 it is a retry after a failure. */
  readonly attempt: number;
  /** Counts the container's ownerships of partitions, from 1. */
  readonly epoch: number;
}

/**
 * What the module given to `workerThreadListener` exports, as `listener` or as its default: it handles one record in a
 * worker thread. Returning, or resolving, ends the record; throwing or rejecting fails the attempt.
 */
export type WorkerListener<K = Bytes, V = Bytes, R = unknown> = (
  record: ConsumerRecord<K, V>,
  context: WorkerListenerContext,
) => R | Promise<R>;
