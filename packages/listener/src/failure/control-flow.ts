import { codeOf, KafkaError } from '@hearken/core';
import { LONGEST_DELAY_MS } from '@hearken/core/internal';
import { chainOf } from './causes.js';

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

const CONTROL_FLOW: ReadonlySet<unknown> = new Set(['SKIP_RECORD', 'DEAD_LETTER', 'NON_RETRIABLE', 'RETRY_AFTER']);

/** What the listener asked for, also where somebody threw another error because of it. By code: it may come from another copy of this package. */
export function controlFlowOf(error: unknown): KafkaError | undefined {
  for (const one of chainOf(error)) if (CONTROL_FLOW.has(codeOf(one))) return one as KafkaError;
  return undefined;
}

export const isSkip = (error: unknown): boolean => codeOf(controlFlowOf(error)) === 'SKIP_RECORD';

/** A time that is longer than a timer can hold is as long as it can. */
export const retryAfterMs = (asked: KafkaError | undefined): number | undefined =>
  codeOf(asked) === 'RETRY_AFTER' ? Math.min((asked as RetryAfter).delayMs, LONGEST_DELAY_MS) : undefined;
