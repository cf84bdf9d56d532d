import kafkajs from 'kafkajs';
import { uniqueName } from './kafka.js';
import { until } from './until.js';

export interface PeerRecord {
  readonly key?: Buffer | string | null;
  readonly value?: Buffer | string | null;
  readonly timestamp?: number;
}

/**
 * kafkajs as it is: writes what our consumer reads, and says what the broker thinks of our groups. A second implementation,
 * so that a mistake cannot hide by being made on both sides.
 */
export class KafkajsPeer {
  readonly #kafka: kafkajs.Kafka;
  readonly #admin: kafkajs.Admin;
  readonly #producer: kafkajs.Producer;

  private constructor(brokers: string[]) {
    this.#kafka = new kafkajs.Kafka({ brokers, clientId: 'peer', logLevel: kafkajs.logLevel.NOTHING });
    this.#admin = this.#kafka.admin();
    this.#producer = this.#kafka.producer({
      createPartitioner:
        () =>
        ({ message }) =>
          message.partition ?? 0,
    });
  }

  static async connect(brokers: string[]): Promise<KafkajsPeer> {
    const peer = new KafkajsPeer(brokers);
    await Promise.all([peer.#admin.connect(), peer.#producer.connect()]);
    return peer;
  }

  /** A new topic; resolves with its name when it has leaders. */
  async createTopic(partitions: number, topic = uniqueName('topic')): Promise<string> {
    await this.#admin.createTopics({ topics: [{ topic, numPartitions: partitions }], waitForLeaders: false });
    // kafkajs' own wait ends in an error when the broker that it asks has not heard of the topic yet.
    await until(`${topic} has leaders`, () => this.#hasLeaders(topic, partitions));
    return topic;
  }

  async addPartitions(topic: string, count: number): Promise<void> {
    await this.#admin.createPartitions({ topicPartitions: [{ topic, count }] });
  }

  /** All that it is set to: what is left out is as the broker has it. */
  async configureTopic(topic: string, config: Readonly<Record<string, string>>): Promise<void> {
    const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }));
    const resource = { type: kafkajs.ConfigResourceTypes.TOPIC, name: topic, configEntries };
    await this.#admin.alterConfigs({ validateOnly: false, resources: [resource] });
  }

  async deleteTopic(topic: string): Promise<void> {
    await this.#admin.deleteTopics({ topics: [topic] });
  }

  /** Everything below the offset. */
  async deleteRecords(topic: string, partition: number, offset: number): Promise<void> {
    await this.#admin.deleteTopicRecords({ topic, partitions: [{ partition, offset: String(offset) }] });
  }

  async produce(
    topic: string,
    partition: number,
    records: readonly PeerRecord[],
    { gzip = false }: { readonly gzip?: boolean } = {},
  ): Promise<void> {
    const compression = gzip ? kafkajs.CompressionTypes.GZIP : kafkajs.CompressionTypes.None;
    await this.#producer.send({ topic, messages: messagesOf(partition, records), compression });
  }

  /** Records "0" to "count - 1" into a partition. */
  async fill(topic: string, partition: number, count: number): Promise<void> {
    await this.produce(
      topic,
      partition,
      Array.from({ length: count }, (_, i) => ({ value: String(i) })),
    );
  }

  /** In transactions: those whose outcome is `abort` must not be seen under read_committed. */
  async transactions(
    topic: string,
    partition: number,
    ends: readonly { readonly values: readonly string[]; readonly outcome: 'commit' | 'abort' }[],
  ): Promise<void> {
    const producer = this.#kafka.producer({
      transactionalId: uniqueName('transaction'),
      idempotent: true,
      maxInFlightRequests: 1,
      createPartitioner: () => () => partition,
    });
    await producer.connect();
    for (const { values, outcome } of ends) {
      const transaction = await producer.transaction();
      await transaction.send({ topic, messages: values.map((value) => ({ value })) });
      await transaction[outcome]();
    }
    await producer.disconnect();
  }

  /** Member ids and state, as the coordinator tells them. */
  async group(groupId: string): Promise<{ readonly state: string; readonly members: readonly string[] }> {
    const { groups } = await this.#admin.describeGroups([groupId]);
    return { state: groups[0]?.state ?? '', members: groups[0]?.members.map(({ memberId }) => memberId) ?? [] };
  }

  async #hasLeaders(topic: string, count: number): Promise<boolean> {
    const { topics } = await this.#admin.fetchTopicMetadata({ topics: [topic] }).catch(() => ({ topics: [] }));
    const partitions = topics[0]?.partitions ?? [];
    return partitions.length === count && partitions.every(({ leader }) => leader >= 0);
  }

  async close(): Promise<void> {
    await Promise.all([this.#producer.disconnect(), this.#admin.disconnect()]);
  }
}

const messagesOf = (partition: number, records: readonly PeerRecord[]): kafkajs.Message[] =>
  records.map(({ key = null, value = null, timestamp }) => ({
    key,
    value,
    partition,
    ...(timestamp !== undefined && { timestamp: String(timestamp) }),
  }));
