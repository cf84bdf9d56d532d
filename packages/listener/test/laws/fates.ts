import assert from 'node:assert/strict';
import type { ConsumerRecord } from '@hearken/core';

const placeOf = ({ partition, offset }: Pick<ConsumerRecord, 'partition' | 'offset'>): string =>
  `${partition}/${offset}`;

/** What becomes of records in the end, whichever ownership, consumer or container they are with by then. */
export class Fates {
  readonly #ended = new Set<string>();
  readonly #leftOut = new Set<string>();

  ends(record: Pick<ConsumerRecord, 'partition' | 'offset'>): void {
    this.#ended.add(placeOf(record));
  }

  /** It was sought past. */
  leavesOut(record: Pick<ConsumerRecord, 'partition' | 'offset'>): void {
    this.#leftOut.add(placeOf(record));
  }

  isLeftOut(record: Pick<ConsumerRecord, 'partition' | 'offset'>): boolean {
    return this.#leftOut.has(placeOf(record));
  }

  /** All is over: no record is missing but those that somebody sought past. */
  checkNothingLost(records: readonly ConsumerRecord[]): void {
    const lost = records.map(placeOf).filter((at) => !this.#ended.has(at) && !this.#leftOut.has(at));
    assert.deepEqual(lost, [], 'records that never ended');
  }
}
