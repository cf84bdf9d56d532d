import assert from 'node:assert/strict';
import { EmbeddedKafka, type EmbeddedKafkaOptions, type Faults } from '@hearken/embedded-broker';
import { Recorder } from '@hearken/testing';
import {
  DefaultKafkaConsumerFactory,
  DefaultKafkaProducerFactory,
  KafkaAdmin,
  MessageListenerContainer,
  silentLogger,
  type Bytes,
  type ConsumerOptions,
  type RecordContainerProperties,
  type KafkaOptions,
  type Producer,
} from 'hearken';

export const TOPIC = 'orders';
export const GROUP = 'billing';

/** A record that a listener was handed: the nth of its partition. */
export interface Heard {
  readonly member: string;
  readonly partition: number;
  readonly n: number;
}

export interface MemberOptions {
  readonly kafka?: Partial<KafkaOptions>;
  readonly consumer?: ConsumerOptions;
  readonly container?: Partial<RecordContainerProperties>;
  /** What its listener does once it has heard a record. @default returns */
  readonly listener?: (heard: Heard, signal: AbortSignal) => unknown;
}

type Container = MessageListenerContainer;

/**
 * An embedded Kafka with one topic, records numbered per partition as their offsets are, and a group of containers that
 * listen to them. What a user relies on is looked at all along, and said by {@link verify}.
 */
export class EmbeddedOrders implements AsyncDisposable {
  readonly heard = new Recorder<Heard>();
  readonly kafka: EmbeddedKafka;
  readonly faults: Faults;
  readonly admin: KafkaAdmin;
  /** By partition. */
  readonly sent: number[];
  readonly #producers: DefaultKafkaProducerFactory;
  readonly #producer: Producer;
  readonly #containers: Container[] = [];
  readonly #violations: string[] = [];
  /** By partition: the largest number heard, what ended, and how far it is committed. */
  readonly #newest: number[] = [];
  readonly #ended: Set<number>[];
  readonly #committed: number[];

  static async start({ partitions = 1, ...options }: EmbeddedKafkaOptions = {}): Promise<EmbeddedOrders> {
    const config = { 'group.min.session.timeout.ms': 1, ...options.config };
    const kafka = await EmbeddedKafka.start({ topics: [`${TOPIC}:${partitions}`], ...options, config });
    return new EmbeddedOrders(kafka, partitions);
  }

  private constructor(kafka: EmbeddedKafka, partitions: number) {
    this.kafka = kafka;
    this.faults = kafka.faults;
    this.admin = new KafkaAdmin({ brokers: kafka.brokers, clientId: 'admin', logger: silentLogger });
    this.#producers = new DefaultKafkaProducerFactory({ brokers: kafka.brokers, clientId: 'sender' });
    this.#producer = this.#producers.createProducer();
    this.sent = Array<number>(partitions).fill(0);
    this.#committed = this.sent.map(() => 0);
    this.#ended = this.sent.map(() => new Set());
  }

  /** Sends so many records to each partition. */
  async send(count: number): Promise<void> {
    const sends = this.sent.flatMap((first, partition) =>
      Array.from({ length: count }, (_, i) =>
        this.#producer.send({ topic: TOPIC, partition, value: Buffer.from(String(first + i)) }),
      ),
    );
    this.sent.forEach((first, partition) => (this.sent[partition] = first + count));
    await Promise.all(sends);
  }

  /** A container of the group, not started. Its client id is its name; it is stopped with the rest. */
  member(name: string, { kafka, consumer, container, listener }: MemberOptions = {}): Container {
    const factory = new DefaultKafkaConsumerFactory(
      { brokers: this.kafka.brokers, clientId: name, logger: silentLogger, ...kafka },
      {
        autoOffsetReset: 'earliest',
        heartbeatIntervalMs: 25,
        requestTimeoutMs: 1_000,
        fetchMaxWaitMs: 200,
        ...consumer,
      },
    );
    const made = new MessageListenerContainer<Bytes, Bytes>(
      factory,
      {
        groupId: GROUP,
        topics: [TOPIC],
        commitIntervalMs: 1,
        listener: async ({ partition, value }, { signal }) => {
          const heard = { member: name, partition, n: Number(value) };
          this.#hear(heard);
          await listener?.(heard, signal);
          this.#ended[partition]!.add(heard.n);
        },
        ...container,
      },
      { logger: silentLogger, ...(kafka?.clock !== undefined && { clock: kafka.clock }) },
    );
    made.on('offsets:committed', ({ offsets }) => {
      for (const { partition, offset } of offsets) this.#commit(name, partition, offset);
    });
    this.#containers.push(made);
    return made;
  }

  /** Resolves when the last record of each partition, as of now, was heard. */
  async heardAll(): Promise<void> {
    const lasts = this.sent.map((count, partition) =>
      this.heard.first((heard) => heard.partition === partition && heard.n === count - 1),
    );
    await Promise.all(lasts);
  }

  /** The numbers heard, in order, again where they came again. */
  numbers(partition = 0, member?: string): number[] {
    const ofIt = this.heard.items.filter((one) => one.partition === partition && (member ?? one.member) === one.member);
    return ofIt.map(({ n }) => n);
  }

  /** What the group has committed, by partition. */
  async committed(): Promise<number[]> {
    const committed: number[] = [];
    for (const { partition, offset } of await this.admin.committedOffsets(GROUP)) committed[partition] = offset;
    return committed;
  }

  /** Where the group has its coordinator. */
  get coordinator(): number {
    const beats = this.kafka.requests.filter(({ api, groups }) => api === 'JoinGroup' && groups.includes(GROUP));
    return beats.at(-1)?.nodeId ?? 0;
  }

  /**
   * All that was sent is in the log once and in order, and was heard in order; it is committed, never back and never past
   * what ended; and no container lost count. Stops the containers.
   */
  async verify(): Promise<void> {
    await this.heardAll();
    for (const container of this.#containers) {
      const { polled, processed, filtered, recovered, skipped, alreadyProcessed, abandoned, outstanding } =
        container.metrics();
      assert.equal(polled, processed + filtered + recovered + skipped + alreadyProcessed + abandoned + outstanding);
      assert.notEqual(container.state, 'failed');
      assert.equal((await container.stop()).drained, true);
    }
    assert.deepEqual(this.#violations, []);
    assert.deepEqual(
      await this.#logs(),
      this.sent.map((count) => [...Array(count).keys()]),
    );
    assert.deepEqual(await this.committed(), this.sent);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.faults.clear();
    await Promise.all(this.#containers.map((container) => container.stop({ timeoutMs: 0 })));
    await this.#producers.close();
    await this.admin.close();
    await this.kafka.stop();
  }

  async #logs(): Promise<number[][]> {
    const logs = this.sent.map((): number[] => []);
    for (const { partition, value } of await this.kafka.records(TOPIC)) logs[partition]!.push(Number(value));
    return logs;
  }

  /** At least once: a number may come again, but none before the one below it. */
  #hear(heard: Heard): void {
    const { member, partition, n } = heard;
    const newest = this.#newest[partition] ?? -1;
    if (n > newest + 1) this.#violations.push(`${member} heard ${n} of partition ${partition} after ${newest}`);
    this.#newest[partition] = Math.max(newest, n);
    this.heard.record(heard);
  }

  #commit(member: string, partition: number, offset: number): void {
    const before = this.#committed[partition]!;
    const ended = this.#ended[partition]!;
    const isAhead = Array.from({ length: offset }, (_, n) => n).some((n) => !ended.has(n));
    if (offset < before)
      this.#violations.push(`${member} committed ${offset} of partition ${partition} after ${before}`);
    if (isAhead) this.#violations.push(`${member} committed ${offset} of partition ${partition}, which had not ended`);
    this.#committed[partition] = offset;
  }
}
