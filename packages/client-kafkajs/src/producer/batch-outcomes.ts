import { codeOf, type Clock, type Logger } from '@hearken/core';
import { describeError, describePartition } from '@hearken/core/internal';
import { errorCodes } from '@hearken/protocol';
import { backOffMs } from '../cluster/back-off.js';
import { isRetriable, ProducerError } from '../errors.js';
import type { Deliveries } from './deliveries.js';
import type { Idempotence } from './idempotence.js';
import type { MetadataRefresher } from './metadata-refresher.js';
import type { PartitionQueue } from './partition-queue.js';
import { invalidPartition, type PendingRecord } from './pending-record.js';
import { produceError, UNANSWERED, type BatchAnswer } from './produce-request.js';
import { isFenced, isRefusal, verdictOf } from './produce-verdict.js';
import type { ProducerBatch } from './producer-batch.js';
import type { RecordAccumulator } from './record-accumulator.js';

export interface BatchOutcomesParts {
  readonly accumulator: RecordAccumulator;
  readonly deliveries: Deliveries;
  /** Undefined for a producer that is not idempotent. */
  readonly idempotence: Idempotence | undefined;
  readonly refresher: MetadataRefresher;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: () => number;
}

/** Does what an attempt to send a batch calls for: settle it, put it back, take it apart. */
export class BatchOutcomes {
  readonly #parts: BatchOutcomesParts;
  retried = 0;
  split = 0;

  constructor(parts: BatchOutcomesParts) {
    this.#parts = parts;
  }

  /** The broker answered. An answer that comes after the batch was given up is ignored. */
  answered(batch: ProducerBatch, answer: BatchAnswer): void {
    if (batch.state !== 'in-flight') return;
    const { errorCode, recordErrors } = answer;
    const named = [...recordErrors.keys()].filter((index) => index < batch.records.length);
    const verdict = verdictOf({ errorCode, namedRecords: named.length }, { recordCount: batch.records.length });
    if (verdict !== 'written' && !isRefusal(errorCode)) batch.mayBeWritten = true;
    switch (verdict) {
      case 'written':
        this.#written(batch, answer);
        break;
      case 'retry':
        this.#retryLater([batch], produceError(batch, answer));
        break;
      case 'out-of-sequence':
        this.#outOfSequence(batch, answer);
        break;
      case 'split':
        this.#split(batch);
        break;
      case 'drop-named':
        this.#dropNamed(batch, answer);
        break;
      case 'fail':
        this.fail(batch, produceError(batch, answer));
    }
  }

  /** The request failed as a whole. */
  unanswered(batches: readonly ProducerBatch[], error: unknown): void {
    const open = batches.filter(({ state }) => state === 'in-flight');
    if (!isUnsent(error)) for (const batch of open) batch.mayBeWritten = true;
    if (isRetriable(error)) this.#retryLater(open, error);
    else for (const batch of open) this.fail(batch, error);
  }

  /** The batch's time is over, or the producer's. */
  giveUp(batch: ProducerBatch, code: 'DELIVERY_TIMEOUT' | 'PRODUCER_CLOSED', when: string): void {
    if (batch.state === 'settled') return; // with one before it that was given up
    if (batch.state === 'in-flight') batch.mayBeWritten = true;
    const { mayBeWritten, attempts, lastError } = batch;
    const fate = mayBeWritten
      ? 'it may be written all the same: no answer proves that it is not'
      : `it was not written (${attempts} attempts)`;
    const partition = describePartition({ topic: batch.queue.topic.name, partition: batch.queue.partition });
    const error = new ProducerError(`a record for ${partition} was given up ${when}; ${fate}`, {
      code,
      mayBeWritten,
      cause: lastError,
    });
    this.fail(batch, error);
  }

  /** The producer itself failed, which it never should: every batch ends, so that its senders hear why. */
  broken(error: unknown): void {
    const { accumulator, logger } = this.#parts;
    for (const batch of accumulator.batches()) {
      if (batch.state === 'settled') continue; // with one before it
      if (batch.state === 'in-flight') batch.mayBeWritten = true;
      this.fail(batch, error);
    }
    logger.error(
      { error: describeError(error) },
      'a producer failed by a fault of its own: all that it had buffered is rejected',
    );
  }

  /** No producer id is to be had: what waits for one ends. What a partition sends under the id that it has goes on. */
  refuseWithoutIdentity(error: unknown): void {
    const { accumulator, idempotence } = this.#parts;
    for (const batch of accumulator.batches())
      if (batch.identity === undefined && idempotence?.admits(batch.queue) === false) this.fail(batch, error);
  }

  /** The queue's partition is no more: its topic was made anew with fewer. */
  refuseGone({ topic, partition, waiting }: PartitionQueue): void {
    const error = invalidPartition(topic.name, partition, topic.partitions.length);
    for (const batch of [...waiting]) this.fail(batch, error);
  }

  /** The batch ends here. If nobody knows whether it was written, that is what its records are told. */
  fail(batch: ProducerBatch, error: unknown): void {
    const { accumulator, deliveries, idempotence } = this.#parts;
    accumulator.forget(batch);
    idempotence?.abandoned(batch);
    deliveries.reject(batch, truthful(batch, error));
    this.#settleDoubted(batch.queue);
  }

  #written(batch: ProducerBatch, { baseOffset, logAppendTimeMs, errorCode }: BatchAnswer): void {
    const { accumulator, deliveries, idempotence } = this.#parts;
    idempotence?.acknowledged(batch, baseOffset);
    accumulator.acknowledge(batch);
    if (errorCode === 0) deliveries.resolve(batch, baseOffset, logAppendTimeMs);
    else deliveries.resolve(batch, -1, -1); // a duplicate of which the broker no longer knows the place
    const [before] = batch.queue.doubted;
    if (before !== undefined && before.identity === batch.identity) this.#written(before, DUPLICATE); // and so the next
  }

  #outOfSequence(batch: ProducerBatch, answer: BatchAnswer): void {
    const { idempotence } = this.#parts;
    const meaning = idempotence?.outOfSequence(batch);
    if (meaning === 'written') {
      this.#written(batch, answer);
      return;
    }
    const error = produceError(batch, answer);
    if (meaning === 'doubtful' && answer.errorCode === errorCodes.OUT_OF_ORDER_SEQUENCE_NUMBER) {
      this.#setAside(batch, error);
      return;
    }
    if (meaning !== 'behind') idempotence?.lost(batch, isFenced(answer.errorCode));
    if (meaning === undefined || (meaning !== 'behind' && batch.mayBeWritten)) this.fail(batch, error);
    else this.#retryLater([batch], error);
  }

  #setAside(batch: ProducerBatch, error: unknown): void {
    batch.lastError = error;
    this.#parts.accumulator.setAside(batch);
    this.#settleDoubted(batch.queue);
  }

  #settleDoubted(queue: PartitionQueue): void {
    const [first] = queue.doubted;
    if (first !== undefined && !queue.hasWitness) this.fail(first, first.lastError); // and so the next
  }

  #retryLater(batches: readonly ProducerBatch[], error: unknown): void {
    const { accumulator, refresher, clock, logger, random } = this.#parts;
    for (const batch of batches) {
      const { queue, attempts } = batch;
      batch.lastError = error;
      queue.retryAtMs = Math.max(queue.retryAtMs, clock.monotonic() + backOffMs(attempts, random()));
      accumulator.putBack(batch);
      refresher.markStale(queue.topic.name);
      this.#settleDoubted(queue);
    }
    this.retried += batches.length;
    logger.debug(
      { code: codeOf(error), batches: batches.length, error: describeError(error) },
      'batches are sent again',
    );
  }

  #dropNamed(batch: ProducerBatch, answer: BatchAnswer): void {
    const good = batch.records.filter((_, index) => !answer.recordErrors.has(index));
    this.#replace(batch, good.length > 0 ? [good] : []);
    for (const [index, reason] of answer.recordErrors) {
      const record = batch.records[index];
      if (record === undefined) continue;
      const error = produceError(batch, answer, reason || answer.errorMessage);
      this.#parts.deliveries.rejectRecord(record, truthful(batch, error));
    }
  }

  /** Those that are made from now on are no larger: with several in flight, one that is refused sends the others back. */
  #split(batch: ProducerBatch): void {
    batch.queue.topic.limitBatches(batch.sizeBytes >> 1);
    this.#replace(batch, halves(batch.records));
    this.split++;
  }

  #replace(batch: ProducerBatch, groups: readonly PendingRecord[][]): void {
    const parts = batch.replaceWith(groups);
    this.#parts.accumulator.replace(batch, parts);
    if (parts.length === 0) this.#parts.idempotence?.abandoned(batch);
  }
}

function halves(records: readonly PendingRecord[]): PendingRecord[][] {
  const middle = records.length >> 1;
  return [records.slice(0, middle), records.slice(middle)];
}

const DUPLICATE: BatchAnswer = { ...UNANSWERED, errorCode: errorCodes.DUPLICATE_SEQUENCE_NUMBER };

/** What the records of a batch that ends with this error are told. */
function truthful(batch: ProducerBatch, cause: unknown): unknown {
  if (!batch.mayBeWritten || (cause instanceof ProducerError && cause.mayBeWritten)) return cause;
  const partition = describePartition({ topic: batch.queue.topic.name, partition: batch.queue.partition });
  const reason = cause instanceof Error ? `: ${cause.message}` : '';
  return new ProducerError(
    `a record for ${partition} was given up, and may be written all the same: no answer proves that an attempt did not write it, and the next failed${reason}`,
    { code: 'OUTCOME_UNKNOWN', mayBeWritten: true, cause },
  );
}

/** Errors that prove that the request never left. A session is renewed when nothing is in flight, and what waits for it is held. */
const UNSENT = ['CONNECTION_FAILED', 'AUTHENTICATION_FAILED', 'UNSUPPORTED_SASL_MECHANISM', 'UNSUPPORTED_VERSION'];

const isUnsent = (error: unknown): boolean => UNSENT.includes(codeOf(error) ?? '');
