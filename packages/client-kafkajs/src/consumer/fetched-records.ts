import { RecordBatch } from '@hearken/protocol';
import type { AbortedTransactions } from './aborted-transactions.js';
import type { FetchedMemory } from './fetched-memory.js';

export interface FetchedRecordsInit {
  readonly records: Buffer;
  readonly aborted: AbortedTransactions;
  readonly checkCrcs: boolean;
  /** What the records are a view on. */
  readonly memory: FetchedMemory;
}

/**
 * The batches that one answer brought of a partition. Nothing is made of a batch before its turn, nor is its checksum
 * computed: an answer may hold thousands, which would all outlive the collections of the young generation, and whoever reads
 * the records next finds the bytes that were just summed up in the processor's caches.
 */
export class FetchedRecords {
  readonly #aborted: AbortedTransactions;
  readonly #checkCrcs: boolean;
  #records: Buffer;
  #memory: FetchedMemory;
  #at = 0;

  constructor({ records, aborted, checkCrcs, memory }: FetchedRecordsInit) {
    this.#records = records;
    this.#aborted = aborted;
    this.#checkCrcs = checkCrcs;
    this.#memory = memory;
  }

  /** Of the batches whose turn has not come. */
  get sizeInBytes(): number {
    return this.#records.length - this.#at;
  }

  get memory(): FetchedMemory {
    return this.#memory;
  }

  /** Whether the next batch takes time to open. */
  get isCompressed(): boolean {
    return RecordBatch.isCompressedAt(this.#records, this.#at);
  }

  /**
   * The next batch, which this is rid of.
   * @throws ProtocolError `CORRUPT_BATCH`
   * @throws RangeError if there is none left
   */
  next(): RecordBatch {
    const batch = RecordBatch.at(this.#records, this.#at);
    if (batch === undefined) throw new RangeError('there is no batch left');
    if (this.#checkCrcs) batch.checkCrc();
    this.#at += batch.sizeInBytes;
    return batch;
  }

  /** Whether the batch, the one of the last `next`, holds nothing for the application. To be asked once of each. */
  hides(batch: RecordBatch): boolean {
    return this.#aborted.hides(batch) || batch.recordCount === 0;
  }

  /** Lets go of the memory that it is a view on. @returns where the copy ends in `into` */
  moveTo(memory: FetchedMemory, into: Buffer, at: number): number {
    const end = at + this.#records.copy(into, at, this.#at);
    this.#records = into.subarray(at, end);
    this.#memory = memory;
    this.#at = 0;
    return end;
  }
}
