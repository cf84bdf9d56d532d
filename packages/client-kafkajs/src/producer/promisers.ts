import { deferred } from '@hearken/core/internal';
import type { PendingRecord } from './pending-record.js';

/** Makes the promise of a record and settles it when the record has ended. */
export interface Promiser {
  promiseFor(record: PendingRecord): Promise<unknown>;
  onEnd(record: PendingRecord): void;
}

/**
 * The promises of records that entered a batch at once: each is a `then` of one promise, with one function for all. It is
 * called once per record, in the order of the `then`s, so it knows whose turn it is. A promise with functions of its own
 * would keep 180 bytes more alive per record; while thousands are outstanding, the garbage collector copies them all.
 */
export class Cohort implements Promiser {
  readonly #records: readonly PendingRecord[];
  readonly #ended = deferred();
  #unsettled = 0;
  #next = 0;

  /** @param records the batch's, also those to come, and those that waited for it and have a promise of their own */
  constructor(records: readonly PendingRecord[]) {
    this.#records = records;
  }

  promiseFor(): Promise<unknown> {
    this.#unsettled++;
    return this.#ended.promise.then(this.#nextOutcome);
  }

  /** Parts of a batch may end apart from each other: the last one tells for all. */
  onEnd(): void {
    if (--this.#unsettled === 0) this.#ended.resolve();
  }

  readonly #nextOutcome = (): unknown => {
    let record = this.#records[this.#next++];
    while (record !== undefined && record.promiser !== this) record = this.#records[this.#next++];
    return record?.outcome();
  };
}

/** For a record that waits before it finds a batch, or never does. */
export class OwnPromise implements Promiser {
  readonly #settled = deferred<unknown>();

  promiseFor(record: PendingRecord): Promise<unknown> {
    if (record.hasEnded) this.onEnd(record);
    return this.#settled.promise;
  }

  onEnd(record: PendingRecord): void {
    try {
      this.#settled.resolve(record.outcome());
    } catch (error) {
      this.#settled.reject(error);
    }
  }
}
