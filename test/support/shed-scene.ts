import { awaitCommitted, Recorder } from '@hearken/testing';
import kafkajs from 'kafkajs';
import {
  CompensationListenerContainer,
  DefaultKafkaConsumerFactory,
  DefaultKafkaProducerFactory,
  KafkaAdmin,
  KafkaTemplate,
  MessageListenerContainer,
  silentLogger,
  type CompensationProperties,
  type ConsumerOptions,
  type ConsumerRecord,
  type ShedOptions,
  type ShedRange,
} from 'hearken';
import { bootstrapServers, uniqueName } from './kafka.js';
import { readTopic } from './read-topic.js';

export const PARTITIONS = 2;

export const placeOf = ({ partition, offset }: ConsumerRecord): string => `${partition} ${offset}`;

export const placesIn = (ranges: readonly ShedRange[]): string[] =>
  ranges.flatMap(({ partition, from, to }) => Array.from({ length: to - from }, (_, i) => `${partition} ${from + i}`));

export const sorted = (places: Iterable<string>): string[] => [...new Set(places)].sort();

export interface Compensating {
  readonly container: CompensationListenerContainer;
  /** By the listener, if no other was given. */
  readonly heard: Recorder<ConsumerRecord>;
}

/** A topic, a group, and the topic of its ranges. */
export class ShedScene {
  readonly topic = uniqueName('shed');
  readonly groupId = uniqueName('group');
  readonly shedTopic = `${this.groupId}-shed`;
  readonly kafka = { brokers: bootstrapServers(), clientId: 'shed', logger: silentLogger };
  readonly admin = new KafkaAdmin(this.kafka);
  /** Brings no topic about: one that is deleted and made anew may be the wrong one then. */
  readonly template = new KafkaTemplate(new DefaultKafkaProducerFactory(this.kafka, { allowAutoTopicCreation: false }));
  readonly factory = new DefaultKafkaConsumerFactory(this.kafka, {
    groupId: this.groupId,
    autoOffsetReset: 'earliest',
  });
  readonly #stops: (() => Promise<unknown>)[] = [];
  #sent = 0;

  async create(): Promise<void> {
    const compacted = { 'cleanup.policy': 'compact' };
    await this.admin.createTopics([
      { topic: this.topic, partitions: PARTITIONS },
      { topic: this.shedTopic, partitions: 3, config: compacted },
    ]);
  }

  /** So many records more in each partition, no two with the same key. */
  async send(count: number): Promise<void> {
    const sends = Array.from({ length: count * PARTITIONS }, (_, i) =>
      this.template.send(this.topic, `${i}`, { partition: i % PARTITIONS, key: `key-${this.#sent++}` }),
    );
    await Promise.all(sends);
  }

  listening(listener: (record: ConsumerRecord) => unknown): MessageListenerContainer {
    const container = new MessageListenerContainer(
      this.factory,
      {
        topics: [this.topic],
        ordering: 'key',
        concurrency: 10,
        bufferRecords: 20,
        shed: { template: this.template, allowReorder: true },
        listener,
      },
      { logger: silentLogger },
    );
    this.#stops.push(() => container.stop({ immediate: true }));
    return container;
  }

  /** Sheds all that was sent. @returns what was skipped */
  async shed(options?: ShedOptions): Promise<readonly ShedRange[]> {
    const container = this.listening(() => new Promise(() => undefined));
    await container.start();
    const ranges = await container.shed(options);
    await container.stop({ immediate: true });
    return ranges;
  }

  compensating(properties: Partial<CompensationProperties> = {}, options: ConsumerOptions = {}): Compensating {
    const heard = new Recorder<ConsumerRecord>();
    const container = new CompensationListenerContainer(
      new DefaultKafkaConsumerFactory(this.kafka, { groupId: this.groupId, ...options }),
      {
        shed: { template: this.template },
        listener: heard.record,
        ordering: 'key',
        concurrency: 10,
        rateLimit: { limitForPeriod: 100_000 },
        commitIntervalMs: 20,
        ...properties,
      },
      { logger: silentLogger },
    );
    this.#stops.push(() => container.stop({ immediate: true }));
    return { container, heard };
  }

  /** Resolves when the group is through with so many records of each partition. */
  async committed(offset: number): Promise<void> {
    const at = Array.from({ length: PARTITIONS }, (_, partition) => ({ topic: this.topic, partition, offset }));
    await awaitCommitted(this, at, { timeoutMs: 120_000 });
  }

  /** What the shed topic says in the end, of all that was written to it. */
  async recorded(written: number): Promise<readonly ShedRange[]> {
    const ranges = new Map<string, ShedRange>();
    for (const { key, value } of await readTopic(this.kafka.brokers, this.shedTopic, written)) {
      if (value === null) ranges.delete(String(key));
      else ranges.set(String(key), JSON.parse(value.toString()) as ShedRange);
    }
    return [...ranges.values()];
  }

  async written(): Promise<number> {
    const offsets = await this.admin.offsets(this.shedTopic);
    return offsets.reduce((sum, { end }) => sum + end, 0);
  }

  async close(): Promise<void> {
    for (const stop of this.#stops) await stop();
    await this.template.close();
    await this.admin.close();
  }
}

/** As retention does. */
export async function deleteRecords(
  brokers: string[],
  topic: string,
  partitions: readonly { readonly partition: number; readonly offset: string }[],
): Promise<void> {
  const kafka = new kafkajs.Kafka({ brokers, clientId: 'retention', logLevel: kafkajs.logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  try {
    await admin.fetchTopicMetadata({ topics: [topic] }); // or it knows no leaders
    await admin.deleteTopicRecords({ topic, partitions: [...partitions] });
  } finally {
    await admin.disconnect();
  }
}
