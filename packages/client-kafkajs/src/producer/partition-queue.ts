import type { ProducerBatch } from './producer-batch.js';
import type { ProducerTopic } from './producer-topic.js';

/** The batches of one partition, in the order of their records. Written by the accumulator; the sender sets `retryAtMs`. */
export class PartitionQueue {
  readonly topic: ProducerTopic;
  readonly partition: number;
  /** Node id, or -1 while there is no leader. */
  leader = -1;
  /** Nothing of this partition is sent before; on the monotonic clock. */
  retryAtMs = 0;
  /** Waiting to be sent; the last may be open. */
  readonly waiting: ProducerBatch[] = [];
  readonly inFlight: ProducerBatch[] = [];

  constructor(topic: ProducerTopic, partition: number) {
    this.topic = topic;
    this.partition = partition;
  }

  /** The batch that takes records, if there is one. */
  get open(): ProducerBatch | undefined {
    const last = this.waiting.at(-1);
    return last?.state === 'open' ? last : undefined;
  }
}
