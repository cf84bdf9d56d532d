import { IllegalStateError, type CloseOptions, type Producer, type ProducerFactory } from '@hearken/core';
import { OptionsCheck } from '@hearken/core/internal';
import { resolveKafkaOptions, type KafkaOptions, type ResolvedKafkaOptions } from './kafka-options.js';
import { KafkaProducer } from './producer/kafka-producer.js';
import {
  resolveProducerOptions,
  type ProducerOptions,
  type ResolvedProducerOptions,
} from './producer/producer-options.js';
import { SharedProducer } from './shared-producer.js';

/**
 * Makes producers of one Kafka. However many are made, they share one producer with its connections, made on first use;
 * when the last of them is closed it is closed too, and the next one begins anew.
 */
export class DefaultKafkaProducerFactory implements ProducerFactory {
  readonly #kafka: ResolvedKafkaOptions;
  readonly #options: ResolvedProducerOptions;
  /** What handles are given out on; undefined before the first and after the last was closed. */
  #current: SharedProducer | undefined;
  /** Not closed to the end yet; more than one while a last one flushes and a new one was begun. */
  readonly #open = new Set<SharedProducer>();
  #isClosed = false;

  /** @throws KafkaConfigError with everything that is wrong with either */
  constructor(kafka: KafkaOptions, options: ProducerOptions = {}) {
    const check = new OptionsCheck('DefaultKafkaProducerFactory');
    this.#kafka = resolveKafkaOptions(check, kafka, 'kafka');
    this.#options = resolveProducerOptions(check, options, 'options');
    check.throwIfAny();
  }

  /** @throws IllegalStateError after `close` */
  createProducer(): Producer {
    if (this.#isClosed) throw new IllegalStateError('the producer factory is closed', 'FACTORY_CLOSED');
    this.#current ??= this.#share();
    return this.#current.handle();
  }

  /** Closes the producer whoever still holds it; what is buffered is sent first. Idempotent. */
  async close(options?: CloseOptions): Promise<void> {
    this.#isClosed = true;
    await Promise.all(Array.from(this.#open, (shared) => shared.close(options)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #share(): SharedProducer {
    const shared = new SharedProducer(new KafkaProducer(this.#kafka, this.#options), this.#kafka.clock, {
      onLastReleased: () => (this.#current = undefined),
      onClosed: () => this.#open.delete(shared),
    });
    this.#open.add(shared);
    return shared;
  }
}
