import type { Logger, ProducerRecord, RecordMetadata, SendCallback } from '@hearken/core';
import { SendError, sendFailed } from './errors.js';
import type { SendResult } from './kafka-template.js';
import type { ProducerListener } from './template-options.js';

/** Who hears of every send, beside the one who waits for its promise. */
export interface Observers<K, V> {
  readonly producerListener: ProducerListener<K, V> | undefined;
  readonly logger: Logger;
}

/** What the promise that is being made is settled with. Its executor runs at once, so one place serves all sends. */
let resolvePromise: unknown;
let rejectPromise: unknown;
const capture = (resolve: unknown, reject: unknown): void => {
  resolvePromise = resolve;
  rejectPromise = reject;
};

/** A send from its call until its promise settles: one object and one promise, whoever is told, and no closure. */
export class PendingSend<K, V> implements SendCallback {
  /** As given; once the interceptors have seen it, as they returned it. */
  record: ProducerRecord<K, V>;
  readonly observers: Observers<K, V>;
  readonly promise: Promise<SendResult<K, V>>;
  readonly onSuccess: (result: SendResult<K, V>) => void;
  readonly onError: (error: SendError<K, V>) => void;

  constructor(record: ProducerRecord<K, V>, observers: Observers<K, V>) {
    this.record = record;
    this.observers = observers;
    this.promise = new Promise(capture);
    this.onSuccess = resolvePromise as typeof this.onSuccess;
    this.onError = rejectPromise as typeof this.onError;
  }

  resolve(metadata: RecordMetadata): void {
    const { record } = this;
    const { producerListener } = this.observers;
    if (producerListener?.onSuccess !== undefined) this.#tell(() => producerListener.onSuccess?.(record, metadata));
    this.onSuccess({ record, metadata });
  }

  reject(cause: unknown): void {
    const { record } = this;
    const { producerListener } = this.observers;
    const error = cause instanceof SendError ? (cause as SendError<K, V>) : sendFailed(record, cause);
    if (producerListener?.onError !== undefined) this.#tell(() => producerListener.onError?.(record, error));
    this.onError(error);
  }

  /** A logger that throws does so on its own: the producer tells other records after this one. */
  #tell(listener: () => unknown): void {
    const log = (error: unknown): void => this.observers.logger.warn({ error }, 'producer listener failed');
    try {
      const told = listener();
      if (told instanceof Promise) told.catch(log);
    } catch (error) {
      queueMicrotask(() => log(error));
    }
  }
}
