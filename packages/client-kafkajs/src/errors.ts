import { isKafkaError, KafkaError, type KafkaErrorOptions, type TopicPartition } from '@hearken/core';
import { errorName, isRetriableError } from '@hearken/protocol';

/**
 * A broker answered with an error code. `code` is Kafka's own name for it ('NOT_LEADER_OR_FOLLOWER'), `retriable` Kafka's
 * own flag.
 */
export class KafkaBrokerError extends KafkaError {
  /** The number on the wire. */
  readonly errorCode: number;

  constructor(message: string, errorCode: number, options: { readonly cause?: unknown } = {}) {
    super(message, { code: errorName(errorCode), retriable: isRetriableError(errorCode), cause: options.cause });
    this.errorCode = errorCode;
  }
}

/**
 * The error for a code that is not 0.
 * @param about what was asked for, as the message names it: "topic orders", "group billing"
 * @param hint what the user can do about it, if anything
 */
export function brokerError(errorCode: number, about: string, hint?: string): KafkaBrokerError {
  const advice = hint === undefined ? '' : `: ${hint}`;
  return new KafkaBrokerError(`the broker answered ${errorName(errorCode)} for ${about}${advice}`, errorCode);
}

/**
 * Codes: `CONNECTION_FAILED` (could not be made; the message says what to check), `CONNECTION_CLOSED` (was in flight when
 * the connection closed: whether the broker did it is unknown), `TLS_FAILED` (certificates, or no TLS at the other end),
 * `INVALID_RESPONSE` (what came is not an answer to what was asked), `CLIENT_CLOSED` (closed by its owner).
 */
export class KafkaConnectionError extends KafkaError {
  declare readonly code: ConnectionErrorCode;

  constructor(message: string, options: { readonly code: ConnectionErrorCode; readonly cause?: unknown }) {
    super(message, { ...options, retriable: RETRIABLE.includes(options.code) });
  }
}

export type ConnectionErrorCode =
  'CONNECTION_FAILED' | 'CONNECTION_CLOSED' | 'TLS_FAILED' | 'INVALID_RESPONSE' | 'CLIENT_CLOSED';

// A garbled answer is retriable because a new connection starts clean; a certificate stays wrong until someone mends it.
const RETRIABLE: readonly ConnectionErrorCode[] = ['CONNECTION_FAILED', 'CONNECTION_CLOSED', 'INVALID_RESPONSE'];

/** No answer in time. The connection is gone with it: whether the broker did what was asked is unknown. */
export class RequestTimeoutError extends KafkaError {
  constructor(message: string, cause?: unknown) {
    super(message, { code: 'REQUEST_TIMED_OUT', retriable: true, cause });
  }
}

/** The broker refused the credentials (`AUTHENTICATION_FAILED`) or the mechanism (`UNSUPPORTED_SASL_MECHANISM`). */
export class AuthenticationError extends KafkaError {
  constructor(
    message: string,
    options: { readonly code?: 'AUTHENTICATION_FAILED' | 'UNSUPPORTED_SASL_MECHANISM'; readonly cause?: unknown } = {},
  ) {
    super(message, { code: options.code ?? 'AUTHENTICATION_FAILED', cause: options.cause });
  }
}

/** Broker and client have no version of a request in common. Code `UNSUPPORTED_VERSION`. */
export class UnsupportedVersionError extends KafkaError {
  constructor(message: string) {
    super(message, { code: 'UNSUPPORTED_VERSION' });
  }
}

/**
 * Reading a partition cannot go on from where it stands. `poll` rejects with it until the partition is sought elsewhere.
 * Codes: `NO_OFFSET_FOR_PARTITION`, `OFFSET_OUT_OF_RANGE`, `TOPIC_RECREATED` and `LOG_TRUNCATION` (with
 * `autoOffsetReset: 'none'`), `CORRUPT_BATCH`, `UNSUPPORTED_COMPRESSION`.
 */
export class PartitionError extends KafkaError {
  readonly partition: TopicPartition;
  /** Where reading stopped; undefined if there never was a position. */
  readonly offset: number | undefined;

  constructor(
    message: string,
    options: KafkaErrorOptions & { readonly partition: TopicPartition; readonly offset?: number | undefined },
  ) {
    super(message, options);
    this.partition = { topic: options.partition.topic, partition: options.partition.partition };
    this.offset = options.offset;
  }
}

/**
 * A record that the producer refused or gave up. Codes: `INVALID_RECORD`, `INVALID_PARTITION`, `RECORD_TOO_LARGE` (the
 * record's own fault); `BUFFER_FULL`, `MAX_BLOCK_EXCEEDED` (no room, no metadata within `maxBlockMs`); `WAITERS_FULL` (too many
 * wait for either); `DELIVERY_TIMEOUT`; `OUTCOME_UNKNOWN` (no answer proves that an attempt did not write it, and what came
 * later does not tell either); `PRODUCER_CLOSED`.
 */
export class ProducerError extends KafkaError {
  declare readonly code: ProducerErrorCode;
  /** The record was on its way and nobody knows whether it arrived: sending it again may write it twice, so it is not `retriable`. */
  readonly mayBeWritten: boolean;

  constructor(
    message: string,
    options: { readonly code: ProducerErrorCode; readonly cause?: unknown; readonly mayBeWritten?: boolean },
  ) {
    const { mayBeWritten = false } = options;
    super(message, { ...options, retriable: TRANSIENT.includes(options.code) && !mayBeWritten });
    this.mayBeWritten = mayBeWritten;
  }
}

export type ProducerErrorCode =
  | 'INVALID_RECORD'
  | 'INVALID_PARTITION'
  | 'RECORD_TOO_LARGE'
  | 'BUFFER_FULL'
  | 'MAX_BLOCK_EXCEEDED'
  | 'WAITERS_FULL'
  | 'DELIVERY_TIMEOUT'
  | 'OUTCOME_UNKNOWN'
  | 'PRODUCER_CLOSED';

const TRANSIENT: readonly ProducerErrorCode[] = [
  'BUFFER_FULL',
  'MAX_BLOCK_EXCEEDED',
  'WAITERS_FULL',
  'DELIVERY_TIMEOUT',
];

/** Whether the same call may succeed later without any change. */
export const isRetriable = (error: unknown): error is KafkaError => isKafkaError(error) && error.retriable;
