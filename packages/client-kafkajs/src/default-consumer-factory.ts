import type { Consumer, ConsumerFactory, ConsumerOverrides } from '@hearken/core';
import { OptionsCheck } from '@hearken/core/internal';
import {
  resolveConsumerOptions,
  type AssignorName,
  type ConsumerOptions,
  type ResolvedConsumerOptions,
} from './consumer/consumer-options.js';
import { KafkaConsumer } from './consumer/kafka-consumer.js';
import { resolveKafkaOptions, type KafkaOptions, type ResolvedKafkaOptions } from './kafka-options.js';

/** Makes consumers of one Kafka. Each has its own connections; whoever asks for one closes it. */
export class DefaultKafkaConsumerFactory implements ConsumerFactory {
  readonly takesGroupPartitions = true;
  readonly #kafka: ResolvedKafkaOptions;
  readonly #options: ResolvedConsumerOptions;
  /** Chosen by the user, whatever an owner of a consumer would like. */
  readonly #assignors: readonly AssignorName[] | undefined;

  /** @throws KafkaConfigError with everything that is wrong with either */
  constructor(kafka: KafkaOptions, options: ConsumerOptions = {}) {
    const check = new OptionsCheck('DefaultKafkaConsumerFactory');
    this.#kafka = resolveKafkaOptions(check, kafka, 'kafka');
    this.#options = resolveConsumerOptions(check, options, 'options');
    check.throwIfAny();
    this.#assignors = options.partitionAssignors;
  }

  /** What consumers are told, defaults included, unless whoever asks for one says otherwise. */
  get options(): Readonly<ConsumerOptions> {
    return this.#options;
  }

  get groupId(): string | undefined {
    return this.#options.groupId;
  }

  get maxPollIntervalMs(): number {
    return this.#options.maxPollIntervalMs;
  }

  get fetchMaxBytes(): number {
    return this.#options.fetchMaxBytes;
  }

  /** @throws KafkaConfigError for unusable overrides */
  createConsumer(overrides: ConsumerOverrides = {}): Consumer {
    const {
      clientIdSuffix = '',
      groupId,
      maxPollRecords,
      rebalanceProtocol,
      autoOffsetReset,
      groupPartitions,
    } = overrides;
    const isCooperative = this.#assignors === undefined && rebalanceProtocol === 'cooperative';
    const check = new OptionsCheck('createConsumer');
    const options = resolveConsumerOptions(
      check,
      {
        ...this.#options,
        groupId: groupId ?? this.#options.groupId,
        maxPollRecords: maxPollRecords ?? this.#options.maxPollRecords,
        autoOffsetReset: autoOffsetReset ?? this.#options.autoOffsetReset,
        ...(isCooperative && { partitionAssignors: ['cooperative-sticky'] }),
      },
      '',
    );
    check.throwIfAny();
    return new KafkaConsumer(
      { ...this.#kafka, clientId: this.#kafka.clientId + clientIdSuffix },
      groupPartitions === undefined ? options : { ...options, groupPartitions },
    );
  }
}
