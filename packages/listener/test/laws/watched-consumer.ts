import type {
  ConsumerFactory,
  ConsumerOverrides,
  ConsumerRebalanceListener,
  ConsumerRecords,
  TopicPartition,
  TopicPartitionOffsets,
} from '@hearken/core';
import { FakeConsumer, type FakeConsumerOptions } from '@hearken/testing';

/** Sees what passes between a container and its consumer; what it throws is the consumer's failure. */
export interface ConsumerWatch {
  /** A consumer is made, and the one before is closed. */
  connects?(): void;
  /** Reading of a partition begins, by assignment or by a seek. */
  begins(partition: TopicPartition, offset: number, why: 'assigned' | 'sought'): void;
  /** Partitions are about to be given up. @returns what is called when they are */
  revokes(partitions: readonly TopicPartition[]): () => void;
  polled(records: ConsumerRecords): void;
  /** @returns what is told how it ended */
  commits(offsets: TopicPartitionOffsets): (error?: unknown) => void;
}

/** A fake that tells what is done with it, and does nothing else. */
class WatchedConsumer extends FakeConsumer {
  /** Whether its listener is about to give partitions up: only then may it hear meanwhile that all is lost. */
  isRevoking = false;
  readonly #watch: ConsumerWatch;
  readonly #pollLag: number;

  constructor(options: FakeConsumerOptions, watch: ConsumerWatch, pollLag: number) {
    super(options);
    this.#watch = watch;
    this.#pollLag = pollLag;
  }

  override subscribe(topics: readonly string[] | RegExp, listener: ConsumerRebalanceListener): Promise<void> {
    return super.subscribe(topics, {
      onPartitionsAssigned: (partitions) => {
        for (const at of partitions) this.#watch.begins(at, this.position(at), 'assigned');
        return listener.onPartitionsAssigned(partitions);
      },
      onPartitionsRevoked: async (partitions) => {
        const over = this.#watch.revokes(partitions);
        this.isRevoking = true;
        await listener.onPartitionsRevoked(partitions);
        this.isRevoking = false;
        over();
      },
      onPartitionsLost: (partitions) => listener.onPartitionsLost(partitions),
    });
  }

  override async poll(timeoutMs: number, maxRecords?: number): Promise<ConsumerRecords> {
    const records = await super.poll(timeoutMs, maxRecords);
    this.#watch.polled(records);
    for (let i = 0; i < this.#pollLag; i++) await Promise.resolve();
    return records;
  }

  override seek(partition: TopicPartition, offset: number): void {
    super.seek(partition, offset);
    this.#watch.begins(partition, offset, 'sought');
  }

  override async commit(offsets: TopicPartitionOffsets): Promise<void> {
    if (this.closed.fired) return super.commit(offsets); // it reaches nobody
    const over = this.#watch.commits(offsets);
    try {
      await super.commit(offsets);
      over();
    } catch (error) {
      over(error);
      throw error;
    }
  }
}

/** Makes watched consumers, one after the other, in group `g`. */
export class WatchedConsumerFactory implements ConsumerFactory {
  readonly groupId = 'g';
  readonly maxPollIntervalMs = 300_000;
  readonly #options: FakeConsumerOptions;
  readonly #watch: ConsumerWatch;
  readonly #pollLag: number;
  #consumer: WatchedConsumer | undefined;

  /** @param pollLag how many microtasks the records of a poll are on their way */
  constructor(options: FakeConsumerOptions, watch: ConsumerWatch, pollLag = 0) {
    this.#options = options;
    this.#watch = watch;
    this.#pollLag = pollLag;
  }

  get consumer(): WatchedConsumer {
    if (this.#consumer === undefined) throw new Error('no consumer was made yet');
    return this.#consumer;
  }

  createConsumer({ maxPollRecords = 500 }: ConsumerOverrides = {}): FakeConsumer {
    this.#watch.connects?.();
    this.#consumer = new WatchedConsumer(
      { ...this.#options, groupId: this.groupId, maxPollRecords },
      this.#watch,
      this.#pollLag,
    );
    return this.#consumer;
  }
}
