import type {
  Clock,
  CloseOptions,
  PartitionInfo,
  Producer,
  ProducerMetrics,
  ProducerRecord,
  RecordMetadata,
  SendMapper,
} from '@hearken/core';
import { deferred } from '@hearken/core/internal';
import { ProducerError } from './errors.js';

const CLOSE_TIMEOUT_MS = 30_000;

/** One producer in several hands: closed when the last hand lets go, or by its factory. */
export class SharedProducer {
  readonly #producer: Required<Producer>;
  readonly #clock: Clock;
  readonly #hooks: { onLastReleased(): void; onClosed(): void };
  #handles = 0;
  #closing: Promise<void> | undefined;

  constructor(producer: Required<Producer>, clock: Clock, hooks: { onLastReleased(): void; onClosed(): void }) {
    this.#producer = producer;
    this.#clock = clock;
    this.#hooks = hooks;
  }

  handle(): Producer {
    this.#handles++;
    return new ProducerHandle(this.#producer, (options) => this.#release(options));
  }

  close(options?: CloseOptions): Promise<void> {
    return (this.#closing ??= this.#producer.close(options).finally(() => this.#hooks.onClosed()));
  }

  #release(options?: CloseOptions): Promise<void> {
    this.#handles--;
    if (this.#handles > 0) return this.#flush(options?.timeoutMs ?? CLOSE_TIMEOUT_MS);
    this.#hooks.onLastReleased();
    return this.close(options);
  }

  /** What is not settled in time is left to those who still hold the producer. */
  async #flush(timeoutMs: number): Promise<void> {
    const timedOut = deferred();
    const timer = this.#clock.setTimer(timedOut.resolve, timeoutMs);
    try {
      await Promise.race([this.#producer.flush(), timedOut.promise]);
    } finally {
      timer.clear();
    }
  }
}

class ProducerHandle implements Producer {
  readonly #producer: Required<Producer>;
  readonly #release: (options?: CloseOptions) => Promise<void>;
  #closing: Promise<void> | undefined;

  constructor(producer: Required<Producer>, release: (options?: CloseOptions) => Promise<void>) {
    this.#producer = producer;
    this.#release = release;
  }

  get acks(): 'all' | 1 | 0 {
    return this.#producer.acks;
  }

  send(record: ProducerRecord): Promise<RecordMetadata> {
    return this.#closing === undefined ? this.#producer.send(record) : Promise.reject(closed());
  }

  sendWith<C, R>(record: ProducerRecord, mapper: SendMapper<C, R>, context: C): Promise<R> {
    if (this.#closing === undefined) return this.#producer.sendWith(record, mapper, context);
    return Promise.reject(mapper.error(closed(), context));
  }

  flush(): Promise<void> {
    return this.#closing ?? this.#producer.flush();
  }

  partitionsFor(topic: string): Promise<readonly PartitionInfo[]> {
    return this.#closing === undefined ? this.#producer.partitionsFor(topic) : Promise.reject(closed());
  }

  metrics(): ProducerMetrics {
    return this.#producer.metrics();
  }

  close(options?: CloseOptions): Promise<void> {
    return (this.#closing ??= this.#release(options));
  }
}

const closed = (): ProducerError => new ProducerError('the producer is closed', { code: 'PRODUCER_CLOSED' });
