import { codeOf, type ConsumerRecord } from '@hearken/core';
import { atOnce, describe } from '@hearken/core/internal';
import type { BatchResult } from '../batch-listener.js';
import { isManual, type AckMode } from '../container-properties.js';
import type { PartsResult } from './compose-batch.js';
import type { IdStore } from './id-store.js';
import { InFlight } from './in-flight.js';

export type IdOf<K, V> = (record: ConsumerRecord<K, V>) => string | undefined;

/** Of a context, what matters here. */
interface Acknowledging {
  readonly ackMode: AckMode;
  readonly acknowledgment: { readonly isAcknowledged: boolean };
}

/** What comes after it. */
export interface Rest<R> {
  /** Calls the listener; what it says of the records, if it names any. */
  process(records: readonly R[]): BatchResult | undefined | Promise<BatchResult | undefined>;
  /** Nothing is left for the listener. */
  dropAll(): unknown;
}

interface Identified<R> {
  readonly record: R;
  readonly id: string | undefined;
}

/** Which ids were processed, and which are being processed right now. */
export class Deduplicator<K, V> {
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

  /** In rounds: a record whose id another one has waits for that, and has its turn if that failed. */
  async process<R extends ConsumerRecord<K, V>>(
    records: readonly R[],
    context: Acknowledging,
    rest: Rest<R>,
  ): Promise<void> {
    let dropped = 0;
    let left = records.map((record): Identified<R> => ({ record, id: this.#id(record) }));
    while (left.length > 0) {
      const round = firstOfEach(left);
      dropped += await this.#round(round, context, rest);
      const done = new Set(round);
      left = left.filter((one) => !done.has(one));
    }
    if (dropped === records.length) await rest.dropAll();
  }

  /** @returns how many were duplicates */
  async #round<R>(round: readonly Identified<R>[], context: Acknowledging, rest: Rest<R>): Promise<number> {
    const release = await this.#inFlight.hold(round.flatMap(({ id }) => id ?? []));
    try {
      const fresh = await this.#unseen(round);
      this.#duplicates += round.length - fresh.length;
      if (fresh.length > 0) await this.#processFresh(fresh, context, rest);
      return round.length - fresh.length;
    } finally {
      release();
    }
  }

  async #unseen<R>(round: readonly Identified<R>[]): Promise<readonly Identified<R>[]> {
    const seen = await Promise.all(round.map(async ({ id }) => id !== undefined && this.#store.has(id)));
    return round.filter((_, i) => !seen[i]);
  }

  async #processFresh<R>(fresh: readonly Identified<R>[], context: Acknowledging, rest: Rest<R>): Promise<void> {
    const records = fresh.map(({ record }) => record);
    let ended: readonly Identified<R>[] = [];
    try {
      const result: PartsResult | undefined = await rest.process(records);
      const open = new Set(result?.failed.map(({ index }) => index));
      if (isManual(context.ackMode)) for (const index of result?.silent ?? []) open.add(index);
      if (result !== undefined || isDone(context)) ended = fresh.filter((_, i) => !open.has(i));
    } catch (error) {
      ended = fresh.slice(0, reachedBy(error, records));
      throw error;
    } finally {
      await Promise.all(ended.map(({ id }) => id === undefined || this.#store.add(id)));
    }
  }

  /** What is no text would be another id in every store. A TypeError, as that is not retried. */
  #id(record: ConsumerRecord<K, V>): string | undefined {
    const id: unknown = atOnce('id', this.#idOf(record));
    if (id === undefined || typeof id === 'string') return id;
    throw new TypeError(`the id of a record must be text or undefined, got ${describe(id)}`);
  }
}

function firstOfEach<R>(identified: readonly Identified<R>[]): readonly Identified<R>[] {
  const ids = new Set<string>();
  return identified.filter(({ id }) => id === undefined || (!ids.has(id) && ids.add(id)));
}

/** A listener that returned may still give its records back, or keep them for later. */
const isDone = (context: Acknowledging): boolean => !isManual(context.ackMode) || context.acknowledgment.isAcknowledged;

/** How many records of a batch ended well before a `BatchListenerFailedError`. */
function reachedBy(error: unknown, records: readonly unknown[]): number {
  if (codeOf(error) !== 'BATCH_LISTENER_FAILED') return 0;
  const { index, record } = error as { readonly index?: number; readonly record?: unknown };
  return Math.max(0, index ?? records.indexOf(record));
}
