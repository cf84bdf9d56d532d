import { isKafkaError, KafkaError, type ProducerRecord } from '@hearken/core';
import { describePartition } from '@hearken/core/internal';

/** What the code of a {@link SendError} is when nothing that failed brought one of its own. */
export type SendErrorCode =
  | 'INVALID_RECORD'
  | 'NO_DEFAULT_TOPIC'
  | 'NO_ROUTE'
  | 'INTERCEPTOR_FAILED'
  | 'SERIALIZATION_FAILED'
  | 'TEMPLATE_CLOSED'
  | 'SEND_FAILED';

/**
 * A record was not sent, or nobody can tell whether it was. `code` and `retriable` are those of the cause, if it is one of
 * Hearken's errors; else the code says which step failed.
 */
export class SendError<K = unknown, V = unknown> extends KafkaError {
  /** Private, so that logging the error does not log what the record holds. */
  readonly #record: ProducerRecord<K, V>;
  /** The producer's word: nobody knows whether the record arrived, and sending it again may write it twice. */
  readonly mayBeWritten: boolean;

  constructor(
    record: ProducerRecord<K, V>,
    problem: string,
    options: { readonly code: SendErrorCode; readonly cause?: unknown },
  ) {
    const { cause } = options;
    const { code, retriable } = isKafkaError(cause) ? cause : { code: options.code, retriable: false };
    super(`cannot send ${destination(record)}: ${problem}`, { code, retriable, cause });
    this.#record = record;
    this.mayBeWritten = (cause as { readonly mayBeWritten?: unknown } | null | undefined)?.mayBeWritten === true;
  }

  /** As it was given, after the interceptors. */
  get record(): ProducerRecord<K, V> {
    return this.#record;
  }
}

function destination(record: ProducerRecord<unknown, unknown> | undefined): string {
  const { topic, partition } = record ?? {};
  if (typeof topic !== 'string' || topic === '') return 'a record';
  return `to ${typeof partition === 'number' ? describePartition({ topic, partition }) : topic}`;
}

/** What a send that failed on its way is rejected with. */
export const sendFailed = <K, V>(record: ProducerRecord<K, V>, cause: unknown): SendError<K, V> =>
  new SendError(record, isKafkaError(cause) ? cause.message : `the producer failed${because(cause)}`, {
    code: 'SEND_FAILED',
    cause,
  });

/** The words of errors that are not ours stay in the cause: they may quote the payload. */
export const because = (cause: unknown): string =>
  isKafkaError(cause)
    ? `: ${cause.message}`
    : ` with ${cause instanceof Error ? cause.name : typeof cause}, see the cause`;
