import { KafkaError, type ConsumerRecord, type TopicPartition } from '@hearken/core';
import { describe, describePartition, describePartitions } from '@hearken/core/internal';

// Long because all that the package throws is here, to be read and told apart.
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

/**
 * A `keySelector` threw, which is the cause, or returned what is no key. The record is not given to its listener, and not
 * retried. Code `KEY_SELECTOR_FAILED`.
 */
export class KeySelectorError extends KafkaError {
  constructor(record: ConsumerRecord, failed: { readonly cause: unknown } | { readonly result: unknown }) {
    const code = 'KEY_SELECTOR_FAILED';
    if ('cause' in failed) super(`the keySelector failed on ${place(record)}`, { code, cause: failed.cause });
    else {
      const got = describe(failed.result);
      super(`a keySelector must return bytes, a string, null or undefined, and not a promise; it returned ${got}`, {
        code,
      });
    }
  }
}

/**
 * A batch listener throws this to say how far it got: the records before are done, this one failed, and those behind it come
 * again with it, or as soon as it is recovered or skipped; that takes none of their attempts. Code `BATCH_LISTENER_FAILED`.
 */
export class BatchListenerFailedError extends KafkaError {
  /** In the list that the listener got. */
  readonly index: number | undefined;
  readonly #record: ConsumerRecord<unknown, unknown> | undefined;

  /**
   * @param failed the record, or its index in the list that the listener got
   * @param cause what the error handler is asked about, and the dead letter names. @default this error
   */
  constructor(failed: number | ConsumerRecord<unknown, unknown>, cause?: unknown) {
    const what = typeof failed === 'number' ? `index ${failed}` : place(failed);
    super(`a batch listener failed at ${what}`, {
      code: 'BATCH_LISTENER_FAILED',
      ...(cause === undefined ? {} : { cause }),
    });
    this.index = typeof failed === 'number' ? failed : undefined;
    this.#record = typeof failed === 'number' ? undefined : failed;
  }

  get record(): ConsumerRecord<unknown, unknown> | undefined {
    return this.#record;
  }
}

/**
 * A batch listener named failures in a way that nobody can make sense of, so none of the records is taken for done: as if it
 * had failed without naming one, and without another attempt for all. Code `INVALID_BATCH_RESULT`.
 */
export class InvalidBatchResultError extends KafkaError {
  constructor(problem: string, cause?: unknown) {
    super(`the result of a batch listener: ${problem}`, {
      code: 'INVALID_BATCH_RESULT',
      ...(cause === undefined ? {} : { cause }),
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

/**
 * A listener ran for longer than `handlerTimeoutMs`: its signal is aborted with this, and the attempt failed with it, whatever
 * the listener does afterwards. Code `LISTENER_TIMED_OUT`; retriable.
 */
export class ListenerTimeoutError extends KafkaError {
  constructor(record: ConsumerRecord, timeoutMs: number) {
    super(`the listener did not end within ${timeoutMs} ms (handlerTimeoutMs) on ${place(record)}`, {
      code: 'LISTENER_TIMED_OUT',
      retriable: true,
    });
  }
}

/**
 * `shed` skips records that are then processed after those behind them: the order of keys is given up, and nobody said that it
 * may be. Code `REORDER_NOT_ALLOWED`.
 */
export class ShedRefusedError extends KafkaError {
  constructor() {
    const why = 'what is skipped is processed after what comes behind it, so keys lose their order';
    super(`shed is refused: ${why}; if they may, say so with shed: { template, allowReorder: true }`, {
      code: 'REORDER_NOT_ALLOWED',
    });
  }
}

/**
 * There is more of a shed range to be read, and nothing came for `noProgressTimeoutMs`: its topic was deleted, or the log ends
 * before it. Code `RANGE_STALLED`; retriable.
 */
export class RangeStalledError extends KafkaError {
  constructor(range: TopicPartition & { readonly from: number; readonly to: number }) {
    const what = `${describePartition(range)}, offsets ${range.from} to ${range.to}`;
    super(`nothing more comes of a shed range (${what}): does its topic exist?`, {
      code: 'RANGE_STALLED',
      retriable: true,
    });
  }
}

/** With `missingTopicsFatal`: topics do not exist, or this client may not see them. Code `MISSING_TOPICS`. */
export class MissingTopicsError extends KafkaError {
  readonly topics: readonly string[];

  constructor(topics: readonly string[]) {
    super(`these topics do not exist, or this client may not see them (missingTopicsFatal): ${topics.join(', ')}`, {
      code: 'MISSING_TOPICS',
    });
    this.topics = topics;
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

/**
 * A callback of the `rebalanceListener` failed, which is the cause (`REBALANCE_LISTENER_FAILED`), or took longer than
 * `revokeDrainTimeoutMs` (`REBALANCE_LISTENER_TIMED_OUT`).
 */
export class RebalanceListenerError extends KafkaError {
  constructor(callback: string, partitions: readonly TopicPartition[], cause: unknown, timeoutMs?: number) {
    const what = `${callback} of the rebalanceListener for ${describePartitions(partitions)}`;
    if (timeoutMs === undefined) super(`${what} failed`, { code: 'REBALANCE_LISTENER_FAILED', cause });
    else
      super(`${what} took longer than ${timeoutMs} ms (revokeDrainTimeoutMs)`, {
        code: 'REBALANCE_LISTENER_TIMED_OUT',
      });
  }
}

/** A request names no topic for its reply, and its responder names none either. Not retried. Code `NO_REPLY_TOPIC`. */
export class NoReplyTopicError extends KafkaError {
  constructor(request: ConsumerRecord<unknown, unknown>) {
    super(`${place(request)} has no header kafka_replyTopic, and no reply topic is set for its listener`, {
      code: 'NO_REPLY_TOPIC',
    });
  }
}

/**
 * No reply came in time; the request may have been handled all the same, and a reply that comes later is ignored. Code
 * `REPLY_TIMED_OUT`; retriable.
 */
export class ReplyTimeoutError extends KafkaError {
  constructor(topic: string, timeoutMs: number) {
    super(`no reply to a request sent to ${topic} within ${timeoutMs} ms`, {
      code: 'REPLY_TIMED_OUT',
      retriable: true,
    });
  }
}

/** The reply says that the request failed. The code is the responder's, or `REPLY_FAILED`. */
export class ReplyFailedError extends KafkaError {
  readonly #reply: ConsumerRecord<unknown, unknown>;

  constructor(reply: ConsumerRecord<unknown, unknown>, message: string, code = 'REPLY_FAILED') {
    super(message, { code });
    this.#reply = reply;
  }

  /** As it came; private, so that printing the error does not print what the record holds. */
  get reply(): ConsumerRecord<unknown, unknown> {
    return this.#reply;
  }
}
