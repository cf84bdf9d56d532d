import { controlRecordType, type RecordBatch } from '@hearken/protocol';

/** A transaction that was aborted: its producer, and the first offset it wrote in this partition. */
export interface AbortedTransaction {
  readonly producerId: number;
  readonly firstOffset: number;
}

/**
 * Says of one fetch answer's batches, asked once each and in their order, which hold nothing for the application. Control
 * batches never do. Nor does a batch of an aborted transaction: those from the transaction's first offset on, until the
 * producer's abort marker. The broker lists the aborted transactions that overlap its answer; under `read_uncommitted` none.
 */
export class AbortedTransactions {
  readonly #upcoming: readonly AbortedTransaction[];
  readonly #open = new Set<number>();
  #next = 0;

  constructor(transactions: readonly AbortedTransaction[]) {
    this.#upcoming = [...transactions].sort((a, b) => a.firstOffset - b.firstOffset);
  }

  hides(batch: RecordBatch): boolean {
    this.#openUpTo(batch.lastOffset);
    if (!batch.isControl) return batch.isTransactional && this.#open.has(batch.producerId);
    if (isAbortMarker(batch)) this.#open.delete(batch.producerId);
    return true;
  }

  #openUpTo(offset: number): void {
    for (;;) {
      const transaction = this.#upcoming[this.#next];
      if (transaction === undefined || transaction.firstOffset > offset) return;
      this.#open.add(transaction.producerId);
      this.#next++;
    }
  }
}

function isAbortMarker(batch: RecordBatch): boolean {
  const cursor = batch.records();
  // Brokers never compress control batches, so there is nothing to wait for.
  return !(cursor instanceof Promise) && cursor.next() && controlRecordType(cursor) === 'abort';
}
