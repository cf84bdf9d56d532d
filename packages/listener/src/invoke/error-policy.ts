import { codeOf } from '@hearken/core';
import { describe } from '@hearken/core/internal';
import type { BackOff } from './back-off.js';
import type { Outcome } from './outcome.js';

/** What a timer can hold. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/**
 * What follows a failed attempt: another one as the back-off says, unless trying again cannot help. Pure.
 * @param failures attempts that failed so far, this one included
 */
export function afterFailure(error: unknown, failures: number, backOff: BackOff): Outcome {
  if (isFatal(error)) return { kind: 'failed', error };
  try {
    const delayMs = checked(backOff.delayMs(failures));
    return delayMs === undefined ? { kind: 'failed', error } : { kind: 'retry', error, delayMs };
  } catch (mistake) {
    return { kind: 'failed', error: new AggregateError([error, mistake], 'its error, and one of the backOff') };
  }
}

/** A timer takes what is no such number for "at once": the record would be tried without a pause and without an end. */
function checked(delayMs: number | null | undefined): number | undefined {
  if (delayMs === undefined || delayMs === null) return undefined;
  if (typeof delayMs === 'number' && delayMs >= 0 && delayMs <= MAX_DELAY_MS) return delayMs;
  throw new TypeError(
    `delayMs must return milliseconds from 0 to ${MAX_DELAY_MS}, or undefined, got ${describe(delayMs)}`,
  );
}

/**
 * After Spring's DefaultErrorHandler: undecodable bytes and mistakes in the program stay what they are. A TypeError with a
 * cause is not the engine's: `fetch` rejects with one when the network fails.
 */
function isFatal(error: unknown): boolean {
  if (codeOf(error) === 'DESERIALIZATION_FAILED') return true;
  return error instanceof ReferenceError || (error instanceof TypeError && error.cause === undefined);
}
