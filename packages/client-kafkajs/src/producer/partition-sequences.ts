import type { ProducerIdentity } from './producer-identity.js';

/** Sequences count records, from 0 to 2^31 - 1, and begin again at 0 (`DefaultRecordBatch.incrementSequence`). */
const SEQUENCES = 2 ** 31;

export const sequenceAfter = (sequence: number, recordCount: number): number => (sequence + recordCount) % SEQUENCES;

const recordsBetween = (first: number, second: number): number => (second - first + SEQUENCES) % SEQUENCES;

/** Whether the first comes before the second. What is compared is never half a circle apart. */
export const isBefore = (first: number, second: number): boolean =>
  first !== second && recordsBetween(first, second) < SEQUENCES / 2;

/** The sequences that a partition's batches carry under one identity. */
export class PartitionSequences {
  readonly identity: ProducerIdentity;
  /** What the next batch that has none begins with. */
  next = 0;
  /** What the broker takes next, as far as it has acknowledged. */
  expected = 0;
  /** When the broker acknowledged a batch last, on the monotonic clock. */
  acknowledgedAtMs = -Infinity;
  /** A batch was given up that may be written, or the broker disagrees: nobody knows what it takes next. */
  isSpent = false;
  /** The broker takes nothing more from this producer id, on this partition. */
  isFenced = false;
  /** Everything below `expected` stands before this offset, and everything else not. */
  #endOffset = 0;

  constructor(identity: ProducerIdentity) {
    this.identity = identity;
  }

  /** The sequence of a batch's first record. */
  claim(recordCount: number): number {
    const sequence = this.next;
    this.next = sequenceAfter(sequence, recordCount);
    return sequence;
  }

  /**
   * The broker has the batch, and so every one before it. Answers of different leaders may come in any order.
   * Unless its offset leaves no room for those before it: then it stands in another log, of a topic that was made anew,
   * and that log took it because it takes any sequence from a producer it does not know. Nothing else is known of it.
   * @param baseOffset of its first record, or -1
   */
  acknowledge(baseSequence: number, recordCount: number, baseOffset: number, nowMs: number): void {
    this.acknowledgedAtMs = nowMs;
    const end = sequenceAfter(baseSequence, recordCount);
    if (!isBefore(this.expected, end)) return;
    const leastEndOffset = this.#endOffset + recordsBetween(this.expected, end);
    const endOffset = baseOffset < 0 ? leastEndOffset : baseOffset + recordCount;
    this.expected = end;
    this.#endOffset = endOffset;
    if (endOffset < leastEndOffset) this.isSpent = true;
  }

  /** What was claimed and not acknowledged was not written: it is claimed anew. */
  rewind(): void {
    this.next = this.expected;
  }
}
