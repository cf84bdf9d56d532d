import { codeOf, KafkaError } from '@hearken/core';

/** A listener throws this to be done with its record although it was not processed: the record is skipped, and counted as such. Code `SKIP_RECORD`. */
export class SkipRecord extends KafkaError {
  /** @param reason why, for the event `record:skipped` */
  constructor(reason = 'the listener skipped its record') {
    super(reason, { code: 'SKIP_RECORD' });
  }
}

/** A listener throws this to hand its record to the recoverer at once, without another attempt. Code `DEAD_LETTER`. */
export class DeadLetter extends KafkaError {
  /** @param cause what the dead letter is to name as its reason. @default this error */
  constructor(reason = 'the listener gave its record up', cause?: unknown) {
    super(reason, { code: 'DEAD_LETTER', cause });
  }
}

/**
 * A listener throws this where trying again cannot help: the record is recovered, or the container stops, as after the last
 * attempt. Code `NON_RETRIABLE`.
 */
export class NonRetriable extends KafkaError {
  constructor(reason = 'trying again cannot help', cause?: unknown) {
    super(reason, { code: 'NON_RETRIABLE', cause });
  }
}

/**
 * A listener throws this to be called again after a time it knows better than any back-off, as an HTTP 429 tells it. The
 * back-off still says when to give up. Code `RETRY_AFTER`; retriable.
 */
export class RetryAfter extends KafkaError {
  /** In milliseconds. */
  readonly delayMs: number;

  /** @throws RangeError unless `delayMs` is a number from 0 */
  constructor(delayMs: number, reason = `to be tried again after ${delayMs} ms`, cause?: unknown) {
    if (!(delayMs >= 0))
      throw new RangeError(`delayMs must be a number of milliseconds from 0, got ${String(delayMs)}`);
    super(reason, { code: 'RETRY_AFTER', retriable: true, cause });
    this.delayMs = delayMs;
  }
}

/** By code: the error may come from another copy of this package. */
export const isSkip = (error: unknown): boolean => codeOf(error) === 'SKIP_RECORD';
export const isDeadLetter = (error: unknown): error is DeadLetter => codeOf(error) === 'DEAD_LETTER';
export const isNonRetriable = (error: unknown): boolean => codeOf(error) === 'NON_RETRIABLE';
export const isRetryAfter = (error: unknown): error is RetryAfter => codeOf(error) === 'RETRY_AFTER';
