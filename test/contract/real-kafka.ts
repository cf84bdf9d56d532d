import {
  DefaultKafkaConsumerFactory,
  DefaultKafkaProducerFactory,
  KafkaAdmin,
  type Consumer,
  type ConsumerOptions,
  type ConsumerRecord,
  type KafkaOptions,
  type Producer,
  type ProducerOptions,
} from 'hearken';
import type { RecordInit } from '@hearken/testing';
import { bootstrapServers, uniqueName } from '../support/kafka.js';

/** What the contract suites do with a broker beside what they test. Made when the first test runs; `close` ends it. */
export class RealKafka {
  readonly kafka: KafkaOptions = { brokers: bootstrapServers(), clientId: 'contract' };
  readonly #admin = new KafkaAdmin(this.kafka);
  readonly #producers = new DefaultKafkaProducerFactory(this.kafka);
  readonly #producer = this.#producers.createProducer();

  async createTopic(partitions: number): Promise<string> {
    const name = uniqueName('contract');
    await this.#admin.createTopics([{ topic: name, partitions }]);
    return name;
  }

  async produce(topic: string, partition: number, records: readonly RecordInit[]): Promise<void> {
    const sends = records.map(({ key = null, value = null, timestamp, headers }) =>
      this.#producer.send({
        topic,
        partition,
        key: bytesOf(key),
        value: bytesOf(value),
        ...(timestamp === undefined ? {} : { timestamp }),
        ...(headers === undefined ? {} : { headers }),
      }),
    );
    await Promise.all(sends);
  }

  async read(topic: string, partition: number): Promise<readonly ConsumerRecord[]> {
    const consumer = this.consumer(uniqueName('reader'));
    const [end] = await consumer.endOffsets([{ topic, partition }]);
    await consumer.assign([{ topic, partition }]);
    const records: ConsumerRecord[] = [];
    while (consumer.position({ topic, partition }) < (end?.offset ?? 0)) records.push(...(await consumer.poll(60_000)));
    await consumer.close();
    return records;
  }

  consumer(groupId: string, options: ConsumerOptions = {}): Consumer {
    return new DefaultKafkaConsumerFactory(this.kafka, {
      groupId,
      autoOffsetReset: 'earliest',
      ...options,
    }).createConsumer();
  }

  producer(options: ProducerOptions = {}): Producer {
    return new DefaultKafkaProducerFactory(this.kafka, options).createProducer();
  }

  async close(): Promise<void> {
    await this.#producer.close();
    await this.#producers.close();
    await this.#admin.close();
  }
}

const bytesOf = (part: Buffer | string | null): Buffer | null => (typeof part === 'string' ? Buffer.from(part) : part);
