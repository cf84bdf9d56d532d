import { DefaultKafkaConsumerFactory, DefaultKafkaProducerFactory, KafkaAdmin } from '@hearken/client-kafkajs';
import type { ConsumerOptions, KafkaOptions, ProducerOptions } from '@hearken/client-kafkajs';
import type { ProducerFactory } from '@hearken/core';
import type { Settings } from '../config/layers.js';

/** A cluster as an application uses it: who makes its consumers and producers. Nothing connects by itself. */
export interface Cluster {
  readonly name: string;
  readonly admin: KafkaAdmin;
  /** Shared by all templates that have no producer of their own. */
  readonly producerFactory: ProducerFactory;
  /** What consumers are told unless their container says otherwise. */
  readonly consumer: Settings;
  consumerFactory(options: ConsumerOptions): DefaultKafkaConsumerFactory;
  newProducerFactory(options: ProducerOptions): ProducerFactory;
  /** Closes the producers, its own and those it made factories for. */
  closeProducers(timeoutMs: number): Promise<void>;
}

export interface KafkaClusterInit {
  readonly name: string;
  readonly kafka: KafkaOptions;
  readonly producer: ProducerOptions;
  readonly consumer: Settings;
}

/** A cluster that is reached by Hearken's own client. */
export class KafkaCluster implements Cluster {
  readonly name: string;
  readonly consumer: Settings;
  readonly producerFactory: ProducerFactory;
  readonly admin: KafkaAdmin;
  readonly #kafka: KafkaOptions;
  readonly #producer: ProducerOptions;
  readonly #factories: ProducerFactory[] = [];

  /** @throws KafkaConfigError with paths that begin with `kafka` or `options` */
  constructor({ name, kafka, producer, consumer }: KafkaClusterInit) {
    this.name = name;
    this.consumer = consumer;
    this.#kafka = kafka;
    this.#producer = producer;
    this.admin = new KafkaAdmin(kafka);
    this.producerFactory = this.newProducerFactory({});
  }

  newProducerFactory(options: ProducerOptions): ProducerFactory {
    const factory = new DefaultKafkaProducerFactory(this.#kafka, { ...this.#producer, ...options });
    this.#factories.push(factory);
    return factory;
  }

  consumerFactory(options: ConsumerOptions): DefaultKafkaConsumerFactory {
    return new DefaultKafkaConsumerFactory(this.#kafka, options);
  }

  async closeProducers(timeoutMs: number): Promise<void> {
    await Promise.all(this.#factories.map((factory) => factory.close({ timeoutMs })));
  }
}
