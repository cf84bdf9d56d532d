import { KafkaError, type ConsumerRecord, type TopicPartition } from '@hearken/core';
import { describe, describePartition, describePartitions } from '@hearken/core/internal';

const place = (record: ConsumerRecord<unknown, unknown>): string =>
  `${describePartition(record)} offset ${record.offset}`;

/** A record's last attempt failed: the container stops, and `finished` rejects with this. Code `LISTENER_FAILED`. */
export class ListenerFailedError extends KafkaError {
  /** Private, so that printing the error does not print what the record holds. */
  readonly #record: ConsumerRecord;
  /** How many attempts were made. */
  readonly attempts: number;

  constructor(record: ConsumerRecord, attempts: number, cause: unknown) {
    const tried = attempts === 1 ? '1 attempt' : `${attempts} attempts`;
    super(`the listener failed on ${place(record)} (${tried})`, { code: 'LISTENER_FAILED', cause });
    this.#record = record;
    this.attempts = attempts;
  }

  /** As it stands in the log. */
  get record(): ConsumerRecord {
    return this.#record;
  }

  override toJSON(): Record<string, unknown> {
    const { topic, partition, offset } = this.#record;
    return { ...super.toJSON(), topic, partition, offset, attempts: this.attempts };
  }
}

/**
 * A record could not be recovered, and nothing is left to be tried: the container stops, and the record comes again. Code
 * `RECOVERY_FAILED`; the cause is what the recoverer failed with last.
 */
export class RecoveryFailedError extends KafkaError {
  /** Why the record was to be recovered. */
  readonly reason: unknown;

  constructor(record: ConsumerRecord, tries: number, reason: unknown, cause: unknown) {
    const tried = tries === 1 ? 'once' : `${tries} times`;
    super(`${place(record)} could not be recovered (tried ${tried})`, { code: 'RECOVERY_FAILED', cause });
    this.reason = reason;
  }
}

/**
 * A filter returned something else than true or false. Were it taken for either, records would be lost or processed that
 * nobody meant to. Not retried. Code `INVALID_FILTER_RESULT`.
 */
export class InvalidFilterResultError extends KafkaError {
  constructor(result: unknown) {
    super(`a filter must return true or false, and not a promise; it returned ${describe(result)}`, {
      code: 'INVALID_FILTER_RESULT',
    });
  }
}

/** The container was not assigned in time. Code `START_TIMED_OUT`; retriable. The cause is why the last try to join failed, if one did. */
export class StartTimeoutError extends KafkaError {
  constructor(startTimeoutMs: number, hint: string, cause?: unknown) {
    super(`not assigned within ${startTimeoutMs} ms (startTimeoutMs): ${hint}`, {
      code: 'START_TIMED_OUT',
      retriable: true,
      ...(cause === undefined ? {} : { cause }),
    });
  }
}

/**
 * Why a listener's signal was aborted. Its record was not committed and comes again. Codes `PARTITION_REVOKED`,
 * `PARTITION_LOST`, `CONTAINER_STOPPED`, `CONTAINER_RESTARTED`.
 */
export class ListenerAbortedError extends KafkaError {
  constructor(
    code: 'PARTITION_REVOKED' | 'PARTITION_LOST' | 'CONTAINER_STOPPED' | 'CONTAINER_RESTARTED',
    message: string,
  ) {
    super(message, { code });
  }
}

/** Some of the steps of a stop failed; the others were done all the same. Code `STOP_INCOMPLETE`. */
export class ContainerStopError extends KafkaError {
  readonly failures: readonly unknown[];

  constructor(failures: readonly unknown[]) {
    super(`${failures.length} step(s) of stopping the container failed`, {
      code: 'STOP_INCOMPLETE',
      cause: failures[0],
    });
    this.failures = failures;
  }
}

/** A commit was not answered within `commitTimeoutMs`; it may have been written. Code `COMMIT_TIMED_OUT`; retriable. */
export class CommitTimeoutError extends KafkaError {
  constructor(partitions: readonly TopicPartition[], timeoutMs: number) {
    super(`no answer to a commit of ${describePartitions(partitions)} within ${timeoutMs} ms (commitTimeoutMs)`, {
      code: 'COMMIT_TIMED_OUT',
      retriable: true,
    });
  }
}
