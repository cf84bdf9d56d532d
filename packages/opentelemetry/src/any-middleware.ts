import type { ConsumerRecord } from '@hearken/core';
import type { BatchListenerContext, ListenerContext } from '@hearken/listener';

/** Middleware for a listener of records, whatever their keys and values are. */
export type AnyMiddleware = (
  record: ConsumerRecord<unknown, unknown>,
  context: ListenerContext,
  next: () => unknown,
) => unknown;

/** Middleware for a listener of batches, whatever their keys and values are. */
export type AnyBatchMiddleware = (
  records: readonly ConsumerRecord<unknown, unknown>[],
  context: BatchListenerContext,
  next: () => unknown,
) => unknown;
