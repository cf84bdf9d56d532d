import type { Bytes, ConsumerRecord } from '@hearken/core';
import type { BatchListenerContext, BatchResult } from '../batch-listener.js';
import type { ListenerContext } from '../message-listener.js';
import type { Next } from './compose.js';

/**
 * What goes around the listener of records: it runs before it, and after it once `next()` has ended.
 *
 * `next()` calls the next inner middleware, and the innermost the listener; `next(record)` gives those another record. It
 * throws or rejects as they do. Not calling it ends the record as processed (under a manual `ackMode` it is still to be
 * acknowledged). Await it, or return it: the record waits for its listener either way, and fails if that fails unseen.
 * What a middleware returns is ignored; what it throws fails the attempt.
 */
export type RecordMiddleware<K = Bytes, V = Bytes> = (
  record: ConsumerRecord<K, V>,
  context: ListenerContext,
  next: Next<ConsumerRecord<K, V>, void>,
) => unknown;

/**
 * What goes around the listener of batches; see {@link RecordMiddleware}. `next(records)` gives the inner ones fewer records of
 * the batch, in their order: those that are left out end as processed, in every `ackMode`, and a listener that none is left for
 * is not called. May be called for one part after the other; each listener acknowledges what it got.
 *
 * `next` returns, or resolves with, what the listener said of the records it was given, if it named any failures. That is
 * taken from the listener itself: a middleware need not return it, and cannot change it.
 */
export type BatchMiddleware<K = Bytes, V = Bytes> = (
  records: readonly ConsumerRecord<K, V>[],
  context: BatchListenerContext,
  next: Next<readonly ConsumerRecord<K, V>[], BatchResult | undefined>,
) => unknown;

/** Middleware of the kind of listener that the container has: its properties go together. */
export type AnyMiddleware = RecordMiddleware<unknown, unknown> & BatchMiddleware<unknown, unknown>;
