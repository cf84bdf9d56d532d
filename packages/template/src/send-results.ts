import type { Logger, ProducerRecord, RecordMetadata, SendMapper } from '@hearken/core';
import { unawaited } from '@hearken/core/internal';
import { SendError, sendFailed } from './errors.js';
import type { SendResult } from './kafka-template.js';
import type { ProducerListener } from './template-options.js';

/** Who hears of every send, beside the one who waits for its promise. */
export interface Observers<K, V> {
  readonly producerListener: ProducerListener<K, V> | undefined;
  readonly logger: Logger;
}

/** What the promises of a template settle with. Its listener is told on the way. */
export class SendResults<K, V> implements SendMapper<ProducerRecord<K, V>, SendResult<K, V>> {
  readonly #observers: Observers<K, V>;

  constructor(observers: Observers<K, V>) {
    this.#observers = observers;
  }

  result(metadata: RecordMetadata, record: ProducerRecord<K, V>): SendResult<K, V> {
    const { producerListener } = this.#observers;
    if (producerListener?.onSuccess !== undefined) this.#tell(() => producerListener.onSuccess?.(record, metadata));
    return { record, metadata };
  }

  error(cause: unknown, record: ProducerRecord<K, V>): SendError<K, V> {
    const { producerListener } = this.#observers;
    const error = cause instanceof SendError ? (cause as SendError<K, V>) : sendFailed(record, cause);
    if (producerListener?.onError !== undefined) this.#tell(() => producerListener.onError?.(record, error));
    return error;
  }

  /** A logger that throws does so on its own: the send has ended well or badly by itself. */
  #tell(listener: () => unknown): void {
    const log = (error: unknown): void => this.#observers.logger.warn({ error }, 'producer listener failed');
    try {
      unawaited(listener(), log);
    } catch (error) {
      queueMicrotask(() => log(error));
    }
  }
}
