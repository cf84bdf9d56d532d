import type { Bytes, ConsumerRecord } from '@hearken/core';
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
