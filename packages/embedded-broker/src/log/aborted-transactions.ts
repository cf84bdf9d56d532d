import { SlidingArray } from './sliding-array.js';

export interface AbortedTransaction {
  readonly producerId: number;
  readonly firstOffset: number;
  /** Of its marker. */
  readonly lastOffset: number;
  /** When it ended: no transaction that ends later begins below. */
  readonly lastStableOffset: number;
}

/** The aborted transactions of a log, in the order they ended (Kafka's `TransactionIndex`). */
export class AbortedTransactions implements Iterable<AbortedTransaction> {
  readonly #transactions = new SlidingArray<AbortedTransaction>();

  add(transaction: AbortedTransaction): void {
    this.#transactions.push(transaction);
  }

  /** Those with something between the two offsets, the second not included. */
  overlapping(from: number, to: number): AbortedTransaction[] {
    const found: AbortedTransaction[] = [];
    for (let index = this.#countEndedBefore(from); ; index++) {
      const transaction = this.#transactions.at(index);
      if (transaction === undefined) return found;
      if (transaction.firstOffset < to) found.push(transaction);
      if (transaction.lastStableOffset >= to) return found;
    }
  }

  dropBefore(offset: number): void {
    this.#transactions.dropFirst(this.#countEndedBefore(offset));
  }

  truncateTo(offset: number): void {
    this.#transactions.truncate(this.#countEndedBefore(offset));
  }

  [Symbol.iterator](): Iterator<AbortedTransaction> {
    return this.#transactions[Symbol.iterator]();
  }

  #countEndedBefore(offset: number): number {
    return this.#transactions.countWhile(({ lastOffset }) => lastOffset < offset);
  }
}
