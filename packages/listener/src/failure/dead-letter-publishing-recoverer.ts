import {
  KafkaError,
  type ConsumerRecord,
  Headers,
  type HeadersInit,
  type PartitionInfo,
  type Producer,
} from '@hearken/core';
import {
  atOnce,
  callable,
  describePartition,
  hasMethods,
  describe,
  integer,
  OptionsCheck,
  text,
} from '@hearken/core/internal';
import { deadLetterHeaders } from './dead-letter-headers.js';
import type { RecoveryContext, RecovererObject } from './error-handler.js';

/** What is needed of a `KafkaTemplate`. */
export interface DeadLetterTemplate {
  execute<R>(callback: (producer: Producer) => R | Promise<R>): Promise<R>;
  partitionsFor(topic: string): Promise<readonly PartitionInfo[]>;
}

/** Where a dead letter goes. Without a partition, or with one that the topic does not have, its key says which. */
export interface DeadLetterDestination {
  readonly topic: string;
  readonly partition?: number | undefined;
}

export interface DeadLetterPublishingRecovererOptions {
  /** What comes after the record's topic in the name of the dead-letter topic. @default '-dlt' */
  readonly suffix?: string;
  /** Another place for some or all records; undefined is the usual one. @default the topic with `suffix`, and the same partition if it exists */
  readonly destination?: (record: ConsumerRecord, error: unknown) => DeadLetterDestination | undefined;
  /** Headers to be added. */
  readonly headers?: (record: ConsumerRecord, error: unknown) => HeadersInit | undefined;
  /** Names of headers to be left out. */
  readonly excludeHeaders?: readonly string[];
  /** Bytes of the stack trace, from 0. Brokers bound records as a whole, headers included. @default 4096 */
  readonly maxStackTraceBytes?: number;
}

type Resolved = Required<Pick<DeadLetterPublishingRecovererOptions, 'suffix' | 'maxStackTraceBytes'>> & {
  readonly destination: DeadLetterPublishingRecovererOptions['destination'];
  readonly headers: DeadLetterPublishingRecovererOptions['headers'];
  readonly excludeHeaders: readonly string[];
};

const isNameList = (value: unknown): boolean => Array.isArray(value) && value.every((name) => typeof name === 'string');

/**
 * Publishes records that are given up to a dead-letter topic, key and value as they were received whatever the template's
 * serdes, with headers that say where they came from and why: names and encodings are those of Spring's class of this name.
 * A record is done once its dead letter is acknowledged.
 */
export class DeadLetterPublishingRecoverer implements RecovererObject {
  readonly #template: DeadLetterTemplate;
  readonly #options: Readonly<Resolved>;

  /**
   * @param template its producer is used, its serdes, interceptors and listeners are not
   * @throws KafkaConfigError
   */
  constructor(template: DeadLetterTemplate, options?: DeadLetterPublishingRecovererOptions) {
    const check = new OptionsCheck('DeadLetterPublishingRecoverer');
    if (!hasMethods(template, ['execute', 'partitionsFor']))
      check.problem('template', `must have the methods execute and partitionsFor, got ${describe(template)}`);
    this.#template = template;
    this.#options = check.resolve<Resolved>(options, {
      suffix: text('-dlt'),
      destination: callable(),
      headers: callable(),
      excludeHeaders: {
        default: [],
        check: (value) => (isNameList(value) ? undefined : `must be a list of names, got ${describe(value)}`),
      },
      maxStackTraceBytes: integer(4_096),
    });
    check.throwIfAny();
  }

  /** Where records of this topic go; undefined if `destination` decides it, record by record. */
  deadLetterTopic(topic: string): string | undefined {
    const { suffix, destination } = this.#options;
    return destination === undefined ? topic + suffix : undefined;
  }

  /** @throws KafkaError `DEAD_LETTER_LOOP`, and whatever the producer rejects with */
  async recover(record: ConsumerRecord, error: unknown, { groupId }: RecoveryContext): Promise<void> {
    const { topic, partition } = await this.#destinationOf(record, error);
    const headers = this.#headersOf(record, error, groupId);
    const { key, value } = record;
    await this.#template.execute((producer) =>
      producer.send({ topic, key, value, headers, ...(partition === undefined ? {} : { partition }) }),
    );
  }

  async #destinationOf(record: ConsumerRecord, error: unknown): Promise<DeadLetterDestination> {
    const { suffix, destination } = this.#options;
    const chosen = atOnce('destination', destination?.(record, error)) ?? undefined;
    const isLoop = chosen === undefined ? record.topic.endsWith(suffix) : chosen.topic === record.topic;
    if (isLoop) throw loop(record);
    const { topic, partition } = chosen ?? { topic: record.topic + suffix, partition: record.partition };
    return partition !== undefined && (await this.#exists(topic, partition)) ? { topic, partition } : { topic };
  }

  async #exists(topic: string, number: number): Promise<boolean> {
    return (await this.#template.partitionsFor(topic)).some(({ partition }) => partition === number);
  }

  #headersOf(record: ConsumerRecord, error: unknown, groupId: string | undefined): Headers {
    const { maxStackTraceBytes, excludeHeaders, headers: more } = this.#options;
    const headers = deadLetterHeaders(record, { error, groupId, maxStackTraceBytes });
    for (const name of excludeHeaders) headers.delete(name);
    for (const [name, value] of Headers.from(atOnce('headers', more?.(record, error))).entries())
      headers.add(name, value);
    return headers;
  }
}

const loop = (record: ConsumerRecord): KafkaError =>
  new KafkaError(
    `the dead letter of ${describePartition(record)} offset ${record.offset} would come from a dead-letter topic: name another destination, or let its container skip or stop`,
    { code: 'DEAD_LETTER_LOOP' },
  );
