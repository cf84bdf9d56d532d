import type { Bytes, ConsumerRecord } from '@hearken/core';
import type { Acknowledgment, ListenerContext } from './message-listener.js';

/**
 * What becomes of a batch under the manual modes. Indexes are those of the list that the listener got. Called after the
 * partition was given up all of it is counted (`lateAcknowledgments`) and otherwise ignored: the records come again, here or
 * at another member.
 */
export interface BatchAcknowledgment extends Acknowledgment {
  /** Whether all records are done. */
  readonly isAcknowledged: boolean;
  /**
   * All records, or those up to this index and the one at it, are done: offsets are committed once all below them are. May be
   * called at any time, in any order, more than once, and after the listener returned.
   * @throws IllegalStateError `NACKED` for records that `nack` gave back
   * @throws RangeError for what is no index of the batch
   */
  acknowledge(index?: number): void;
  /**
   * Not now: the listener gets all records that are not done again `sleepMs` after it has returned, in order and as one batch.
   * Their lane waits for that, so that no record passes them; all other lanes go on. No failure: attempts stay what they are,
   * and the error handler is not asked. If the listener fails after this, it is the failure that counts. Called again, the
   * last time counts.
   * @param sleepMs a whole number of milliseconds, from 0
   * @throws IllegalStateError `ACKNOWLEDGED` if all are done; `LISTENER_RETURNED` when the listener has returned or failed,
   * as records behind the batch may have started
   * @throws KafkaConfigError for what is no duration
   */
  nack(sleepMs: number): void;
  /**
   * The same from an index on; the records before it are done.
   * @throws IllegalStateError also `ACKNOWLEDGED` if the record at the index is done
   * @throws RangeError for what is no index of the batch
   */
  // eslint-disable-next-line @typescript-eslint/unified-signatures -- the first number means something else
  nack(index: number, sleepMs: number): void;
}

/** What a batch listener is told beside the records. They are of one partition, and of one lane unless batches are `by: 'any'`. */
export interface BatchListenerContext extends Omit<ListenerContext, 'acknowledgment'> {
  /** @throws IllegalStateError `NO_ACKNOWLEDGMENT` unless `ackMode` is a manual one */
  readonly acknowledgment: BatchAcknowledgment;
  readonly topic: string;
  readonly partition: number;
  /** The highest among the batch's records, from 1. */
  readonly attempt: number;
  /**
   * The attempt of the record at an index, from 1: above 1 only after a failure of its own, or one that named no record.
   * @throws RangeError for what is no index of the batch
   */
  attemptOf(index: number): number;
}

/** Which records of a batch failed. All others are done, also those behind. */
export interface BatchResult {
  readonly failed: readonly BatchFailure[];
}

export interface BatchFailure {
  /** In the list that the listener got. */
  readonly index: number;
  readonly error: unknown;
}

/** What a batch listener returns: nothing, or which records failed. */
// eslint-disable-next-line @typescript-eslint/no-invalid-void-type -- a listener that has nothing to say returns nothing
export type BatchReturn = BatchResult | void;

/**
 * Handles a batch: records of one partition, in the order of their offsets, at least one. They are done when it returns or
 * resolves (unless `ackMode` is a manual one). A {@link BatchResult} says which of them failed, and a
 * `BatchListenerFailedError` how far it got; both say so of every record, also under a manual `ackMode`. Any other error
 * fails the batch without a name: it is tried again as a whole, and before any of its records is given up each gets a call
 * of its own.
 */
export type BatchListenerFunction<K = Bytes, V = Bytes> = (
  records: readonly ConsumerRecord<K, V>[],
  context: BatchListenerContext,
) => BatchReturn | Promise<BatchReturn>;

export interface BatchListenerObject<K = Bytes, V = Bytes> {
  onBatch(records: readonly ConsumerRecord<K, V>[], context: BatchListenerContext): BatchReturn | Promise<BatchReturn>;
}

export type BatchListener<K = Bytes, V = Bytes> = BatchListenerFunction<K, V> | BatchListenerObject<K, V>;

/** How batches are made. */
export interface BatchProperties {
  /** Records in a batch at most, from 1. @default 500 */
  readonly maxRecords?: number;
  /**
   * How long records that could start wait for more while their batch is not full, in milliseconds. A full batch starts at
   * once, and so does any when the buffer is full. @default 0: a batch is what is there
   */
  readonly lingerMs?: number;
  /**
   * With `ordering: 'key'`: whether all records of a batch have the same key (`'key'`), or whatever keys wait in a partition
   * (`'any'`). Either way no two batches with the same key run at a time, and records are in the order of their offsets. When
   * some of a batch come again, only their keys wait for that. @default 'key'
   */
  readonly by?: 'key' | 'any';
}
