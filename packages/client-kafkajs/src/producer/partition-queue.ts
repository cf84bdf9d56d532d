import type { PartitionSequences } from './partition-sequences.js';
import type { ProducerBatch } from './producer-batch.js';
import type { ProducerTopic } from './producer-topic.js';

/**
 * - one-by-one: a batch leaves when nothing is in flight. So it begins, because a broker that does not know the producer
 *   takes any sequence for its first: if the first batch got lost, the second would be written before it. So it goes on
 *   after any failure until what was in flight then is settled: retries keep their order, and nothing new overtakes them
 * - pipelined: the broker knows the producer and would refuse a batch that overtakes another
 */
type Pace = 'one-by-one' | 'pipelined';

/** The batches of one partition, in the order of their records. Written by the accumulator; the sender sets `retryAtMs`. */
export class PartitionQueue {
  readonly topic: ProducerTopic;
  readonly partition: number;
  /** Node id, or -1 while there is no leader. */
  leader = -1;
  /** Nothing of this partition is sent before; on the monotonic clock. */
  retryAtMs = 0;
  pace: Pace = 'one-by-one';
  /** Of an idempotent producer, once a batch was sent. */
  sequences: PartitionSequences | undefined;
  /** Waiting to be sent; the last may be open. */
  readonly waiting: ProducerBatch[] = [];
  readonly inFlight: ProducerBatch[] = [];
  /**
   * May be written, but the broker refused their sequence when it was their turn. A broker that was stopped and started
   * knows the last batch of a producer only: if it knows one that came later, it has these too.
   */
  readonly doubted: ProducerBatch[] = [];

  constructor(topic: ProducerTopic, partition: number) {
    this.topic = topic;
    this.partition = partition;
  }

  /** The batch that takes records, if there is one. */
  get open(): ProducerBatch | undefined {
    const last = this.waiting.at(-1);
    return last?.state === 'open' ? last : undefined;
  }

  /** Batches that were in flight and wait again. They stand before those that never were. */
  get triedBefore(): readonly ProducerBatch[] {
    const untried = this.waiting.findIndex(({ attempts }) => attempts === 0);
    return this.waiting.slice(0, untried < 0 ? undefined : untried);
  }

  /** Whether no batch before this one is unsettled. */
  isFirst({ place }: ProducerBatch): boolean {
    return [...this.inFlight, ...this.waiting].every((other) => other.place >= place);
  }

  /** Whether a batch that may be written can still tell what became of those before it. */
  get hasWitness(): boolean {
    return this.inFlight.length > 0 || this.triedBefore.some(({ mayBeWritten }) => mayBeWritten);
  }

  beginSequences(sequences: PartitionSequences): void {
    this.pace = 'one-by-one';
    this.sequences = sequences;
  }

  /** What carries the sequences of now ends under them; everything else gets others. */
  spendSequences(): void {
    this.pace = 'one-by-one';
    if (this.sequences !== undefined) this.sequences.isSpent = true;
  }
}
