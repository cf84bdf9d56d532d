import { KafkaError, type ProducerRecord } from '@hearken/core';
import { isThenable, unawaited } from '@hearken/core/internal';
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

/** Not core's: a KafkaError, as the words of others stay in the cause. */
function atOnce<T>(record: T): T {
  if (!isThenable(record)) return record;
  unawaited(record);
  throw new KafkaError('it returned a promise; it must return the record at once', { code: 'INTERCEPTOR_FAILED' });
}
