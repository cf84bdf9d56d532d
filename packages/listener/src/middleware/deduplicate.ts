import type { ConsumerRecord } from '@hearken/core';
import { callable, custom, describe, hasMethods, OptionsCheck, required } from '@hearken/core/internal';
import type { BatchListenerContext, BatchResult } from '../batch-listener.js';
import { isManual } from '../container-properties.js';
import type { ListenerContext } from '../message-listener.js';
import type { Next } from './compose.js';
import { Deduplicator, type IdOf } from './deduplicator.js';
import { InMemoryIdStore, type IdStore } from './id-store.js';

type NextBatch<R> = Next<readonly R[], BatchResult | undefined>;

export interface DeduplicateOptions<K = unknown, V = unknown> {
  /** What records have in common that mean the same; undefined for one that is to be processed in any case. */
  readonly id: (record: ConsumerRecord<K, V>) => string | undefined;
  /** Where processed ids are remembered. @default new InMemoryIdStore(): the last 100 000, while the process lives */
  readonly store?: IdStore;
}

/**
 * What `deduplicate` makes: middleware for listeners of records and of batches. One may serve any number of containers, which
 * then share what they have seen.
 */
export interface Deduplicate<K = unknown, V = unknown> {
  <R extends ConsumerRecord<K, V>>(
    records: readonly R[],
    context: BatchListenerContext,
    next: NextBatch<R>,
  ): Promise<void>;
  (record: ConsumerRecord<K, V>, context: ListenerContext, next: () => unknown): Promise<void>;
  /** Records that were kept from the listener so far, because one with their id had been processed. */
  readonly duplicates: number;
}

/**
 * Middleware that keeps records from the listener whose id was processed before. They end as processed, and are acknowledged
 * under a manual `ackMode`; of a batch they are left out.
 *
 * An id counts as processed once its listener has ended well (under a manual `ackMode`: and has acknowledged it by then), and
 * not before: a failure, or a crash in between, leads to another delivery, never to a loss. Of two records with the same id at
 * once the second waits for the first, and is processed if that failed.
 *
 * So each id is processed exactly once within a process, as long as the store remembers it; over restarts with a store that
 * outlives them, but for a crash after the listener ended and before `add` did. Where the listener writes the id in its own
 * database transaction and the store's `has` reads it there (`add` has nothing to do then): exactly once by id.
 *
 * @throws KafkaConfigError
 */
export function deduplicate<K = unknown, V = unknown>(options: DeduplicateOptions<K, V>): Deduplicate<K, V> {
  const check = new OptionsCheck('deduplicate');
  const { id, store } = check.resolve<{ readonly id: IdOf<K, V>; readonly store: IdStore | undefined }>(options, {
    id: required(callable<IdOf<K, V>>()),
    store: custom<IdStore | undefined>(undefined, (value) =>
      hasMethods(value, ['has', 'add']) ? undefined : `must have the methods has and add, got ${describe(value)}`,
    ),
  });
  check.throwIfAny();
  const seen = new Deduplicator(id, store ?? new InMemoryIdStore());
  const middleware = (
    input: ConsumerRecord<K, V> | readonly ConsumerRecord<K, V>[],
    context: ListenerContext | BatchListenerContext,
    next: NextBatch<ConsumerRecord<K, V>> & (() => unknown),
  ): Promise<void> => {
    if (isBatch(input)) return seen.process(input, context, { process: next, dropAll: () => next([]) });
    return seen.process([input], context, {
      process: async () => {
        await next();
        return undefined;
      },
      dropAll: () => {
        if (isManual(context.ackMode)) context.acknowledgment.acknowledge(); // nobody else will
      },
    });
  };
  return Object.defineProperty(middleware, 'duplicates', { get: () => seen.duplicates }) as Deduplicate<K, V>;
}

const isBatch = <R>(input: R | readonly R[]): input is readonly R[] => Array.isArray(input);
