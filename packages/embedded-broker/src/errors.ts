import { KafkaError } from '@hearken/core';

/** What can go wrong with the embedded broker itself. Options that are unusable are core's `KafkaConfigError`. */
export type EmbeddedKafkaErrorCode =
  /** The port asked for is taken. */
  | 'PORT_IN_USE'
  /** The system refuses to listen, for another reason: see `cause`. */
  | 'LISTEN_FAILED'
  /** It was stopped. */
  | 'STOPPED'
  /** There is no such topic or partition, and none was made. */
  | 'UNKNOWN_TOPIC'
  /** No broker has this id. */
  | 'UNKNOWN_BROKER'
  /** What was asked for is against Kafka's rules: a topic's name, a config, a leader that is no replica. See `cause`. */
  | 'REFUSED'
  /** A request that was waited for did not come in time. */
  | 'REQUEST_NOT_SEEN'
  /** What cannot leave this thread was to run in a worker: a function, a clock. */
  | 'UNSUPPORTED_IN_WORKER'
  /** The worker ended, or did not start: see `cause`. Nothing more can be asked of the broker. */
  | 'WORKER_FAILED';

/** The embedded broker cannot do what it was asked. */
export class EmbeddedKafkaError extends KafkaError {
  declare readonly code: EmbeddedKafkaErrorCode;

  constructor(message: string, options: { readonly code: EmbeddedKafkaErrorCode; readonly cause?: unknown }) {
    super(message, { ...options, retriable: false });
  }
}
