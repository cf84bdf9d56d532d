import type { Clock, Logger } from '@hearken/core';
import type { PartitionQueue } from './partition-queue.js';
import { isBefore, PartitionSequences, sequenceAfter } from './partition-sequences.js';
import type { ProducerBatch } from './producer-batch.js';
import type { ProducerIdentities, ProducerIdentity } from './producer-identity.js';

/**
 * Brokers forget a producer whose last record is a day old (`producer.id.expiration.ms`), or as old as they are told. They
 * go by the record's timestamp (`ProducerStateManager.isProducerExpired`): one that writes old ones may be forgotten at any
 * time, and then only what cannot be right by its offset is noticed.
 */
const REMEMBERED_MS = 5 * 60_000;

const FENCED = 'the broker has seen a later epoch of this producer id: goes on under another id';
const MISSING = 'the broker misses what this producer wrote before: is data lost? sequences start anew';

/** What it means that the broker does not take a batch's sequence. */
export type OutOfSequence = 'written' | 'behind' | 'lost' | 'doubtful';

export interface IdempotenceParts {
  readonly identities: Pick<ProducerIdentities, 'isReadyAfter' | 'after' | 'retire'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Gives batches their identity and sequences, so that the broker tells a second copy from a first and takes them in order.
 *
 * A batch keeps what it was given over all retries. It is numbered anew only if no attempt of it can be written any more:
 * the broker has refused each, or it follows a batch that the broker has refused and that will never be sent under its old
 * sequence. The broker takes sequences without a gap, so nothing behind a gap that stays is ever written.
 */
export class Idempotence {
  readonly #parts: IdempotenceParts;

  constructor(parts: IdempotenceParts) {
    this.#parts = parts;
  }

  /** Whether the queue's first batch may leave now: it has a number, or can be given one. */
  admits(queue: PartitionQueue): boolean {
    return this.#parts.identities.isReadyAfter(reusable(queue)) || renumbering(queue) !== 'under another';
  }

  /** Sees to it that the queue's first batch, which is about to leave, has an identity and the right sequence. */
  number(queue: PartitionQueue): void {
    if (queue.inFlight.length === 0) this.#reconsider(queue);
    const [first] = queue.waiting;
    if (first === undefined || queue.sequences === undefined || first.identity !== undefined) return;
    first.number(queue.sequences.identity, queue.sequences.claim(first.records.length));
  }

  /** @param baseOffset where the batch stands, or -1 */
  acknowledged({ identity, queue, baseSequence, records }: ProducerBatch, baseOffset: number): void {
    if (identity !== queue.sequences?.identity) return;
    queue.sequences?.acknowledge(baseSequence, records.length, baseOffset, this.#parts.clock.monotonic());
  }

  /** The batch has ended without an acknowledgement. If it may be written, nobody knows which sequence comes next. */
  abandoned({ identity, queue, mayBeWritten }: ProducerBatch): void {
    if (mayBeWritten && identity === queue.sequences?.identity) queue.spendSequences();
  }

  /**
   * What it means that the broker refused the batch's sequence.
   * - written: it acknowledged later ones, and remembers no longer than five
   * - behind: one before it is not written yet, or never will be: it waits its turn
   * - lost: it was the batch's turn. The broker misses what it had acknowledged, or a batch that was given up
   * - doubtful: as lost, or written by an attempt of which the broker knows no more, only of later batches
   */
  outOfSequence(batch: ProducerBatch): OutOfSequence {
    const { queue, baseSequence, records, mayBeWritten } = batch;
    const { sequences } = queue;
    if (sequences === undefined || batch.identity !== sequences.identity) return 'lost';
    const isPast = !isBefore(sequences.expected, sequenceAfter(baseSequence, records.length));
    if (isPast && mayBeWritten && !sequences.isSpent) return 'written';
    const isItsTurn = sequences.isSpent ? queue.isFirst(batch) : baseSequence === sequences.expected;
    if (!isItsTurn) return 'behind';
    return mayBeWritten && this.#isRemembered(sequences) ? 'doubtful' : 'lost';
  }

  /** The broker has another idea of the partition's sequences than we have, or of the whole producer. */
  lost({ queue, identity }: ProducerBatch, isFenced: boolean): void {
    const { identities, logger } = this.#parts;
    if (identity === undefined) return;
    if (isFenced) identities.retire(identity);
    if (isFenced && queue.sequences?.identity === identity) queue.sequences.isFenced = true;
    if (queue.sequences?.isSpent === false) {
      const partition = { topic: queue.topic.name, partition: queue.partition };
      logger.warn(partition, isFenced ? FENCED : MISSING);
    }
    queue.spendSequences();
  }

  #isRemembered(sequences: PartitionSequences | undefined): boolean {
    return sequences !== undefined && this.#parts.clock.monotonic() - sequences.acknowledgedAtMs < REMEMBERED_MS;
  }

  /** Nothing is in flight. The first batch goes as it is, or everything that is numbered is numbered anew. */
  #reconsider(queue: PartitionQueue): void {
    const { sequences } = queue;
    if (!this.#isRemembered(sequences)) queue.pace = 'one-by-one';
    const how = renumbering(queue);
    if (how === 'none') return;
    if (how === 'rewind') sequences?.rewind();
    else queue.beginSequences(new PartitionSequences(this.#parts.identities.after(reusable(queue))));
    for (const batch of queue.triedBefore) batch.forgetNumber();
  }
}

/** What has to be done with numbers before the queue's first batch leaves. */
function renumbering({
  sequences,
  waiting,
  inFlight,
  triedBefore,
}: PartitionQueue): 'none' | 'rewind' | 'under another' {
  if (sequences === undefined) return 'under another';
  if (inFlight.length > 0 || isStillRight(waiting[0], sequences)) return 'none';
  // A copy that is still under way somewhere could take the place of another batch; under a new epoch it cannot.
  const isClean = triedBefore.every(({ mayBeWritten }) => !mayBeWritten);
  return isClean && !sequences.isSpent ? 'rewind' : 'under another';
}

/** The identity whose next epoch the partition may use. */
const reusable = ({ sequences }: PartitionQueue): ProducerIdentity | undefined =>
  sequences?.isFenced === false ? sequences.identity : undefined;

/** Whether a batch that was numbered before keeps its number. */
function isStillRight(batch: ProducerBatch | undefined, sequences: PartitionSequences): boolean {
  if (batch?.identity === undefined) return false;
  const { baseSequence, mayBeWritten } = batch;
  if (sequences.isSpent) return mayBeWritten;
  return baseSequence === sequences.expected || (mayBeWritten && isBefore(baseSequence, sequences.expected));
}
