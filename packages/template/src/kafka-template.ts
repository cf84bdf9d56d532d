import {
  IllegalStateError,
  type CloseOptions,
  type HeadersInit,
  type PartitionInfo,
  type Producer,
  type ProducerFactory,
  type ProducerMetrics,
  type ProducerRecord,
  type RecordMetadata,
  type SendMapper,
} from '@hearken/core';
import { checked, headersOf } from './checked-record.js';
import { endListener } from './end-listener.js';
import { SendError } from './errors.js';
import { intercepted } from './intercepted.js';
import { RecordEncoder } from './record-encoder.js';
import { SendQueue } from './send-queue.js';
import { SendResults } from './send-results.js';
import {
  resolveTemplateOptions,
  type KafkaTemplateOptions,
  type ResolvedTemplateOptions,
  type Sendable,
} from './template-options.js';

/** What may be said about a record beside its topic and value. */
export interface SendOptions<K = Sendable> {
  readonly key?: K;
  /** @default chosen by the producer's partitioner */
  readonly partition?: number;
  /** Milliseconds since 1970. @default now */
  readonly timestamp?: number;
  readonly headers?: HeadersInit;
}

/** What was sent, after the interceptors, and where it was written. */
export interface SendResult<K = Sendable, V = Sendable> {
  readonly record: ProducerRecord<K, V>;
  readonly metadata: RecordMetadata;
}

/**
 * Sends records, with a promise for each. Makes one producer, on first use, and gives it back in `close`.
 *
 * Records of one partition are written in the order of the `send` calls, also with asynchronous serdes: while a
 * serialisation is under way, later sends of this template wait for it, though not with their own serialisation.
 *
 * Nothing throws synchronously. A send that fails rejects with {@link SendError}; codes of its own are `INVALID_RECORD`,
 * `NO_DEFAULT_TOPIC`, `INTERCEPTOR_FAILED`, `NO_SERDE`, `SERIALIZATION_FAILED` and `TEMPLATE_CLOSED`, the others are the
 * producer's.
 */
export class KafkaTemplate<K = Sendable, V = Sendable> implements AsyncDisposable {
  readonly #factory: ProducerFactory;
  readonly #options: Readonly<ResolvedTemplateOptions<K, V>>;
  readonly #encoder: RecordEncoder<K, V>;
  readonly #results: SendResults<K, V>;
  readonly #queue = new SendQueue();
  #producer: Producer | undefined;
  #closing: Promise<void> | undefined;

  /** @throws KafkaConfigError */
  constructor(producerFactory: ProducerFactory, options?: KafkaTemplateOptions<K, V>) {
    this.#options = resolveTemplateOptions(producerFactory, options);
    this.#factory = producerFactory;
    const { interceptors, producerListener, logger } = this.#options;
    this.#results = new SendResults({ producerListener: endListener(interceptors, producerListener), logger });
    this.#encoder = new RecordEncoder(this.#options.keySerde, this.#options.valueSerde);
  }

  /** Resolves when the record is acknowledged as the producer's `acks` says. */
  send(record: ProducerRecord<K, V>): Promise<SendResult<K, V>>;
  send(topic: string, value: V, options?: SendOptions<K>): Promise<SendResult<K, V>>;
  send(topicOrRecord: string | ProducerRecord<K, V>, value?: V, options?: SendOptions<K>): Promise<SendResult<K, V>> {
    if (typeof topicOrRecord === 'object') return this.#sendRecord(topicOrRecord, value ?? options);
    return this.#sendTo(topicOrRecord, value as V, options);
  }

  /** Sends to the `defaultTopic`. */
  sendDefault(value: V, options?: SendOptions<K>): Promise<SendResult<K, V>> {
    const { defaultTopic } = this.#options;
    if (defaultTopic !== undefined) return this.#sendTo(defaultTopic, value, options);
    const record = { topic: '', value };
    const error = new SendError(record, 'sendDefault needs the option defaultTopic', { code: 'NO_DEFAULT_TOPIC' });
    return this.#refuse(record, error);
  }

  /** Lends the producer for what the template has no method for. It stays the template's: do not close it. */
  async execute<R>(callback: (producer: Producer) => R | Promise<R>): Promise<R> {
    this.#refuseIfClosed();
    return await callback(this.#acquire());
  }

  /** Sends what is buffered at once; resolves when every record given before is settled, well or badly. */
  async flush(): Promise<void> {
    await this.#queue.passed();
    if (this.#closing === undefined) await this.#producer?.flush();
    else await this.#closing;
  }

  async partitionsFor(topic: string): Promise<readonly PartitionInfo[]> {
    this.#refuseIfClosed();
    return await this.#acquire().partitionsFor(topic);
  }

  /** Of the template's producer: nothing but zeros before its first use. */
  metrics(): ProducerMetrics {
    return this.#producer?.metrics() ?? NOTHING_SENT;
  }

  /** Refuses new records, flushes, gives the producer back. Idempotent. */
  close(options?: CloseOptions): Promise<void> {
    return (this.#closing ??= this.#close(options?.timeoutMs ?? CLOSE_TIMEOUT_MS));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** A key or a partition in a second argument would be lost without a word. */
  #sendRecord(record: ProducerRecord<K, V>, extra: unknown): Promise<SendResult<K, V>> {
    if (extra === undefined) return this.#send(record);
    const problem = 'send(record) takes nothing else: key, partition, timestamp and headers belong into the record';
    return this.#refuse(record, new SendError(record, problem, { code: 'INVALID_RECORD' }));
  }

  #sendTo(topic: string, value: V, options: SendOptions<K> | undefined): Promise<SendResult<K, V>> {
    if (options === undefined) return this.#send({ topic, value });
    if (isObject(options)) return this.#send(recordOf(topic, value, options));
    const problem = 'what follows the value must be an object such as { key }';
    return this.#refuse({ topic, value }, new SendError({ topic, value }, problem, { code: 'INVALID_RECORD' }));
  }

  #send(given: ProducerRecord<K, V>): Promise<SendResult<K, V>> {
    let record = given;
    try {
      this.#refuseIfClosed();
      record = intercepted(checked(given), this.#options.interceptors);
      const encoded = this.#encoder.encode(record, headersOf(record));
      if (!this.#queue.isEmpty || encoded instanceof Promise) return this.#handOnInTurn(encoded, record);
      return this.#handOn(encoded, this.#results, record);
    } catch (error) {
      return this.#refuse(record, error);
    }
  }

  #handOnInTurn(encoded: ProducerRecord | Promise<ProducerRecord>, record: ProducerRecord<K, V>) {
    const metadata = this.#queue.add(encoded, (ready) => this.#handOn(ready, METADATA, undefined));
    return mapped(metadata, this.#results, record);
  }

  #handOn<C, R>(record: ProducerRecord, mapper: SendMapper<C, R>, context: C): Promise<R> {
    const producer = this.#acquire();
    const sent = producer.sendWith?.(record, mapper, context) ?? mapped(producer.send(record), mapper, context);
    if (this.#options.autoFlush) this.#flushInBackground(producer);
    return sent;
  }

  /** Concurrent first sends make one. Making it does not connect; if it throws, the next send tries again. */
  #acquire(): Producer {
    return (this.#producer ??= this.#factory.createProducer());
  }

  #flushInBackground(producer: Producer): void {
    producer.flush().catch((error: unknown) => this.#options.logger.warn({ error }, 'flush after send failed'));
  }

  #refuse(record: ProducerRecord<K, V>, error: unknown): Promise<SendResult<K, V>> {
    return Promise.reject(this.#results.error(error, record));
  }

  async #close(timeoutMs: number): Promise<void> {
    const { clock } = this.#options;
    const deadline = clock.monotonic() + timeoutMs;
    const timer = clock.setTimer(() => this.#queue.abandon(closedError()), timeoutMs);
    await this.#queue.passed();
    timer.clear();
    await this.#producer?.close({ timeoutMs: Math.max(0, deadline - clock.monotonic()) });
  }

  #refuseIfClosed(): void {
    if (this.#closing !== undefined) throw closedError();
  }
}

const CLOSE_TIMEOUT_MS = 30_000;

const METADATA: SendMapper<undefined, RecordMetadata> = {
  result: (metadata) => metadata,
  error: (error) => error as Error,
};

function mapped<C, R>(sent: Promise<RecordMetadata>, mapper: SendMapper<C, R>, context: C): Promise<R> {
  return sent.then(
    (metadata) => mapper.result(metadata, context),
    (error: unknown) => Promise.reject(mapper.error(error, context)),
  );
}

const isObject = (options: unknown): boolean => typeof options === 'object' && options !== null;

/** Field by field: a spread here would cost more than all the rest of a send. Options that are no fields are left out. */
function recordOf<K, V>(
  topic: string,
  value: V,
  { key, partition, timestamp, headers }: SendOptions<K>,
): ProducerRecord<K, V> {
  const record: { -readonly [Name in keyof ProducerRecord]: ProducerRecord<K, V>[Name] } =
    key === undefined ? { topic, value } : { topic, value, key }; // a field added later is an allocation more
  if (partition !== undefined) record.partition = partition;
  if (timestamp !== undefined) record.timestamp = timestamp;
  if (headers !== undefined) record.headers = headers;
  return record;
}

const closedError = (): IllegalStateError => new IllegalStateError('the template is closed', 'TEMPLATE_CLOSED');

const NOTHING_SENT: ProducerMetrics = Object.freeze({
  recordsSent: 0,
  recordsFailed: 0,
  batches: 0,
  batchedRecords: 0,
  largestBatchRecords: 0,
  queueTimeMs: 0,
  longestQueueTimeMs: 0,
  batchesSent: 0,
  batchesRetried: 0,
  batchesSplit: 0,
  bytesSent: 0,
  bufferedBytes: 0,
  bufferMemoryBytes: 0,
  waiting: 0,
  inFlight: 0,
  batchesInFlight: 0,
});
