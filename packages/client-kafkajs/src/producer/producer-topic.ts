import type { PartitionInfo } from '@hearken/core';
import type { TopicMetadata } from '../cluster/metadata.js';
import { toPartitionInfos } from '../cluster/partition-infos.js';
import { PartitionQueue } from './partition-queue.js';
import type { PartitionsView, TopicPartitioner } from './partitioner.js';

/** A topic as the producer knows it: its partitions and their queues. */
export class ProducerTopic implements PartitionsView {
  readonly name: string;
  readonly partitioner: TopicPartitioner;
  partitions: readonly PartitionInfo[] = [];
  available: readonly number[] = [];
  /** By partition number, which have no gaps. Queues stay when a topic shrinks (it was made anew): their batches still have to end. */
  readonly queues: PartitionQueue[] = [];
  /** Records wait for the partitions to be known, so later ones wait behind them. Written by the admission. */
  isHeld = false;
  /** No batch is made larger: a broker refused one of twice the size. Infinity until one does. */
  batchLimitBytes = Infinity;
  #followed: TopicMetadata | undefined;
  #topicId: string | undefined;
  /** The most partitions it was said to have. A broker that lags behind may tell fewer for a while. */
  #partitionCount = 0;

  constructor(name: string, partitioner: TopicPartitioner) {
    this.name = name;
    this.partitioner = partitioner;
  }

  /** Takes over leaders and partitions. `undefined` or no partitions: the topic is gone, so nothing has a leader. */
  follow(metadata: TopicMetadata | undefined): void {
    if (metadata === this.#followed) return;
    this.#followed = metadata;
    this.#noteTopicId(metadata?.topicId);
    this.partitions = metadata === undefined ? [] : toPartitionInfos(this.name, metadata);
    this.#partitionCount = Math.max(this.#partitionCount, this.partitions.length);
    while (this.queues.length < this.partitions.length) this.queues.push(new PartitionQueue(this, this.queues.length));
    for (const queue of this.queues) this.#lead(queue, this.partitions[queue.partition]?.leader ?? -1);
    const led = this.partitions.filter(({ leader }) => leader !== undefined);
    this.available = (led.length > 0 ? led : this.partitions).map(({ partition }) => partition);
  }

  /** Whether the partition exists, or the topic does not now and may have it when it does again. */
  mayHave(partition: number): boolean {
    return this.partitions.length === 0 || partition < this.#partitionCount;
  }

  limitBatches(bytes: number): void {
    this.batchLimitBytes = Math.min(this.batchLimitBytes, bytes);
  }

  /** A topic that was made anew is another log: it knows nothing of what the old one was sent. */
  #noteTopicId(topicId: string | undefined): void {
    if (topicId === undefined) return;
    if (this.#topicId !== undefined && topicId !== this.#topicId) this.#beginAnew();
    this.#topicId = topicId;
  }

  #beginAnew(): void {
    this.#partitionCount = 0;
    this.batchLimitBytes = Infinity;
    for (const queue of this.queues) queue.spendSequences();
  }

  #lead(queue: PartitionQueue, leader: number): void {
    queue.leader = leader;
    if (leader < 0) this.partitioner.onBatchClosed(queue.partition); // so that keyless records go elsewhere
  }
}
