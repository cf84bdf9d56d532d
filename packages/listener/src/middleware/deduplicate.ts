import type { Bytes, ConsumerRecord } from '@hearken/core';
import { callable, describe, hasMethods, custom, OptionsCheck, required } from '@hearken/core/internal';
import { isManual, type AckMode } from '../container-properties.js';
import { InFlight } from './in-flight.js';
import { InMemoryIdStore, type IdStore } from './id-store.js';
import type { RecordMiddleware } from './middleware.js';

export interface DeduplicateOptions<K = Bytes, V = Bytes> {
  /** What two records have in common that mean the same; undefined for one that is to be processed in any case. */
  readonly id: (record: ConsumerRecord<K, V>) => string | undefined;
  /** Where processed ids are remembered. @default new InMemoryIdStore(): the last 100 000, while the process lives */
  readonly store?: IdStore;
}

/** What `deduplicate` makes. One may serve any number of containers: they share what they have seen. */
export type Deduplicate<K = Bytes, V = Bytes> = RecordMiddleware<K, V> & {
  /** Records that were not processed because another one with their id had been. */
  readonly duplicates: number;
};

/**
 * Middleware that keeps records from the listener whose id was processed before. They end as processed, and are acknowledged
 * under a manual `ackMode`.
 *
 * An id counts as processed once its listener has ended well (under a manual `ackMode`: and has acknowledged it by then), and
 * not before: a failure, or a crash in between, leads to another delivery, never to a loss. Of two records with the same
 * id at once the second waits for the first, and is processed if that failed.
 *
 * So: exactly once by id within a process, as long as the store remembers; over restarts with a store that outlives them,
 * but for a crash after the listener and before `add`. With a store whose `has` reads what the *listener* writes in its own
 * database transaction (`add` has nothing to do then): exactly once by id.
 *
 * @throws KafkaConfigError
 */
export function deduplicate<K = Bytes, V = Bytes>(options: DeduplicateOptions<K, V>): Deduplicate<K, V> {
  const check = new OptionsCheck('deduplicate');
  const { id, store } = check.resolve<Resolved<K, V>>(options, {
    id: required(callable<IdOf<K, V>>()),
    store: custom<IdStore | undefined>(undefined, (value) =>
      hasMethods(value, ['has', 'add']) ? undefined : `must have the methods has and add, got ${describe(value)}`,
    ),
  });
  check.throwIfAny();
  const seen = new Deduplicator(id, store ?? new InMemoryIdStore());
  const middleware: RecordMiddleware<K, V> = (record, context, next) => seen.process(record, context, next);
  return Object.defineProperty(middleware as Deduplicate<K, V>, 'duplicates', { get: () => seen.duplicates });
}

type IdOf<K, V> = DeduplicateOptions<K, V>['id'];
interface Resolved<K, V> {
  readonly id: IdOf<K, V>;
  readonly store: IdStore | undefined;
}

/** Of a context, what matters here. */
interface Acknowledging {
  readonly ackMode: AckMode;
  readonly acknowledgment: { readonly isAcknowledged: boolean; acknowledge(): void };
}

class Deduplicator<K, V> {
  readonly #idOf: IdOf<K, V>;
  readonly #store: IdStore;
  readonly #inFlight = new InFlight();
  #duplicates = 0;

  constructor(idOf: IdOf<K, V>, store: IdStore) {
    this.#idOf = idOf;
    this.#store = store;
  }

  get duplicates(): number {
    return this.#duplicates;
  }

  async process(record: ConsumerRecord<K, V>, context: Acknowledging, next: () => unknown): Promise<void> {
    const id = this.#id(record);
    if (id === undefined) {
      await next();
      return;
    }
    const release = await this.#inFlight.hold([id]);
    try {
      if (await this.#store.has(id)) this.#drop(context);
      else {
        await next();
        if (isDone(context)) await this.#store.add(id);
      }
    } finally {
      release();
    }
  }

  #drop(context: Acknowledging): void {
    this.#duplicates++;
    if (isManual(context.ackMode)) context.acknowledgment.acknowledge();
  }

  /** A TypeError is not retried: what is no text would be another id in every store. */
  #id(record: ConsumerRecord<K, V>): string | undefined {
    const id: unknown = this.#idOf(record);
    if (id === undefined || typeof id === 'string') return id;
    throw new TypeError(`the id of a record must be text or undefined, got ${describe(id)}`);
  }
}

/** A listener that returned may still give its record back, or keep it for later. */
const isDone = (context: Acknowledging): boolean => !isManual(context.ackMode) || context.acknowledgment.isAcknowledged; // a getter that throws in the other modes
