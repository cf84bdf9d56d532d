import {
  IllegalStateError,
  type CloseOptions,
  type PartitionInfo,
  type Producer,
  type ProducerFactory,
  type ProducerMetrics,
  type ProducerRecord,
  type RecordMetadata,
} from '@hearken/core';

/** What is done to a record last, when its key is bytes already. */
export type Placing = (record: ProducerRecord) => ProducerRecord;

/** One producer in the hands of several templates. They may close what they have of it; it is closed here. */
export class LentProducer {
  readonly #factory: ProducerFactory;
  #producer: Producer | undefined;
  #closing: Promise<void> | undefined;

  constructor(factory: ProducerFactory) {
    this.#factory = factory;
  }

  /** For one template. */
  lender(placing?: Placing): ProducerFactory {
    return {
      createProducer: () => new ProducerView(this.#acquire(), placing),
      close: () => Promise.resolve(),
    };
  }

  /** Undefined before the first use. */
  metrics(): ProducerMetrics | undefined {
    return this.#producer?.metrics();
  }

  close(options?: CloseOptions): Promise<void> {
    return (this.#closing ??= this.#producer?.close(options) ?? Promise.resolve());
  }

  #acquire(): Producer {
    if (this.#closing !== undefined) throw new IllegalStateError('the template is closed', 'TEMPLATE_CLOSED');
    return (this.#producer ??= this.#factory.createProducer());
  }
}

class ProducerView implements Producer {
  readonly acks?: NonNullable<Producer['acks']>;
  readonly sendWith?: NonNullable<Producer['sendWith']>;
  readonly #producer: Producer;
  readonly #placing: Placing;

  constructor(producer: Producer, placing: Placing = (record) => record) {
    this.#producer = producer;
    this.#placing = placing;
    if (producer.acks !== undefined) this.acks = producer.acks;
    const sendWith = producer.sendWith?.bind(producer);
    if (sendWith === undefined) return; // optional in the SPI, and to be asked for as such
    this.sendWith = (record, mapper, context) => sendWith(placing(record), mapper, context);
  }

  send(record: ProducerRecord): Promise<RecordMetadata> {
    return this.#producer.send(this.#placing(record));
  }

  flush(): Promise<void> {
    return this.#producer.flush();
  }

  partitionsFor(topic: string): Promise<readonly PartitionInfo[]> {
    return this.#producer.partitionsFor(topic);
  }

  metrics(): ProducerMetrics {
    return this.#producer.metrics();
  }

  /** What was sent is flushed when the producer is closed. */
  close(): Promise<void> {
    return Promise.resolve();
  }
}
