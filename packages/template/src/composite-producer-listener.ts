import type { ProducerRecord, RecordMetadata } from '@hearken/core';
import { describe, hasMethods, isThenable, OptionsCheck } from '@hearken/core/internal';
import type { SendError } from './errors.js';
import type { ProducerListener, Sendable } from './template-options.js';

/**
 * Tells several listeners, in this order; one that throws or rejects keeps none of the others from being told. Spring's class
 * of this name.
 */
export class CompositeProducerListener<K = Sendable, V = Sendable> implements ProducerListener<K, V> {
  readonly #listeners: readonly ProducerListener<K, V>[];

  /** @throws KafkaConfigError for what is no listener */
  constructor(...listeners: readonly ProducerListener<K, V>[]) {
    const check = new OptionsCheck('CompositeProducerListener');
    listeners.forEach((one, i) => {
      if (!hasMethods(one, ['onSuccess']) && !hasMethods(one, ['onError']))
        check.problem(`listeners[${i}]`, `must have the method onSuccess, onError or both, got ${describe(one)}`);
    });
    check.throwIfAny();
    this.#listeners = listeners;
  }

  /** Rejects with what failed, an AggregateError if several did: the template logs it. */
  onSuccess(record: ProducerRecord<K, V>, metadata: RecordMetadata): Promise<void> | undefined {
    return tellAll(this.#listeners, (listener) => listener.onSuccess?.(record, metadata));
  }

  /** As `onSuccess`. */
  onError(record: ProducerRecord<K, V>, error: SendError<K, V>): Promise<void> | undefined {
    return tellAll(this.#listeners, (listener) => listener.onError?.(record, error));
  }
}

/** A promise only where there is something to wait for, or to report. */
function tellAll<L>(listeners: readonly L[], tell: (listener: L) => unknown): Promise<void> | undefined {
  let pending: PromiseLike<unknown>[] | undefined;
  for (const listener of listeners) {
    try {
      const told = tell(listener);
      if (isThenable(told)) (pending ??= []).push(told);
    } catch (error) {
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- whatever it threw
      (pending ??= []).push(Promise.reject(error));
    }
  }
  return pending === undefined ? undefined : failuresOf(pending);
}

async function failuresOf(pending: readonly PromiseLike<unknown>[]): Promise<void> {
  const errors = (await Promise.allSettled(pending)).flatMap((end) =>
    end.status === 'rejected' ? [end.reason as unknown] : [],
  );
  if (errors.length > 1) throw new AggregateError(errors, `${errors.length} producer listeners failed`);
  if (errors.length === 1) throw errors[0];
}
