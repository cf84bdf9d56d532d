import { KafkaError, type ProducerRecord } from '@hearken/core';
import { checked } from './checked-record.js';
import { because, SendError } from './errors.js';
import type { ProducerInterceptor } from './template-options.js';

/**
 * What the interceptors make of a record, one after the other.
 * @throws SendError with the record as it was given: `INTERCEPTOR_FAILED`, or `INVALID_RECORD` for what one returned
 */
export function intercepted<K, V>(
  given: ProducerRecord<K, V>,
  interceptors: readonly ProducerInterceptor<K, V>[],
): ProducerRecord<K, V> {
  let record = given;
  for (const interceptor of interceptors) {
    try {
      record = atOnce(typeof interceptor === 'function' ? interceptor(record) : interceptor.onSend(record));
    } catch (cause) {
      throw new SendError(given, `an interceptor failed${because(cause)}`, { code: 'INTERCEPTOR_FAILED', cause });
    }
    checked(record, given);
  }
  return record;
}

/** What an asynchronous interceptor rejects with must not become an unhandled rejection: the record is refused anyway. */
function atOnce<T>(record: T): T {
  if (!(record instanceof Promise)) return record;
  record.catch(() => undefined);
  throw new KafkaError('it returned a promise; it must return the record at once', { code: 'INTERCEPTOR_FAILED' });
}
