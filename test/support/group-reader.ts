import { Recorder } from '@hearken/testing';
import {
  DefaultKafkaConsumerFactory,
  type Consumer,
  type ConsumerOptions,
  type ConsumerRebalanceListener,
  type ConsumerRecord,
  type KafkaOptions,
  type TopicPartition,
} from 'hearken';
import { bootstrapServers } from './kafka.js';

/** A consumer that polls in a loop, commits what it read if asked to, and keeps all that it met. */
export class GroupReader implements ConsumerRebalanceListener {
  readonly consumer: Consumer;
  readonly records = new Recorder<ConsumerRecord>();
  readonly assigned = new Recorder<readonly TopicPartition[]>();
  readonly revoked = new Recorder<readonly TopicPartition[]>();
  readonly lost = new Recorder<readonly TopicPartition[]>();
  /** Runs inside `onPartitionsRevoked`. */
  whenRevoked: (partitions: readonly TopicPartition[]) => Promise<void> = () => Promise.resolve();
  #loop: Promise<void> = Promise.resolve();
  #polling = false;

  constructor(
    options: ConsumerOptions,
    brokers: readonly string[] = bootstrapServers(),
    kafka: Pick<KafkaOptions, 'socketFactory'> = {},
  ) {
    const factory = new DefaultKafkaConsumerFactory(
      { brokers, clientId: 'flow', ...kafka },
      { autoOffsetReset: 'earliest', heartbeatIntervalMs: 100, ...options },
    );
    this.consumer = factory.createConsumer();
  }

  /** Subscribes and polls until `close`, or until `stopPolling`. */
  async read(topics: readonly string[] | RegExp): Promise<void> {
    await this.consumer.subscribe(topics, this);
    this.startPolling();
  }

  startPolling(): void {
    this.#polling = true;
    this.#loop = this.#poll();
  }

  async stopPolling(): Promise<void> {
    this.#polling = false;
    this.consumer.wakeup();
    await this.#loop;
  }

  async onPartitionsAssigned(partitions: readonly TopicPartition[]): Promise<void> {
    this.assigned.record(partitions);
    return Promise.resolve();
  }

  async onPartitionsRevoked(partitions: readonly TopicPartition[]): Promise<void> {
    await this.whenRevoked(partitions);
    this.revoked.record(partitions);
  }

  async onPartitionsLost(partitions: readonly TopicPartition[]): Promise<void> {
    this.lost.record(partitions);
    return Promise.resolve();
  }

  /** Commits where it stands in what it has: what an application that has handled every record would. */
  async commitPositions(partitions: readonly TopicPartition[] = this.consumer.assignment()): Promise<void> {
    await this.consumer.commit(partitions.map((at) => ({ ...at, offset: this.consumer.position(at) })));
  }

  /** Resolves when it owns this many partitions, told of in the last assignment. */
  owns(count: number): Promise<readonly TopicPartition[]> {
    return this.assigned.first((partitions) => partitions.length === count);
  }

  async close(): Promise<void> {
    await this.stopPolling();
    await this.consumer.close();
  }

  async #poll(): Promise<void> {
    while (this.#polling) for (const record of await this.consumer.poll(60_000)) this.records.record(record);
  }
}
