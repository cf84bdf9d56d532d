import { codeOf } from '@hearken/core';
import type { BackOff } from './back-off.js';
import type { Outcome } from './outcome.js';

/**
 * What follows a failed attempt: another one as the back-off says, unless trying again cannot help. Pure.
 * @param failures attempts that failed so far, this one included
 */
export function afterFailure(error: unknown, failures: number, backOff: BackOff): Outcome {
  const delayMs = isFatal(error) ? undefined : backOff.delayMs(failures);
  return delayMs === undefined ? { kind: 'failed', error } : { kind: 'retry', error, delayMs };
}

/**
 * After Spring's DefaultErrorHandler: undecodable bytes and mistakes in the program stay what they are. A TypeError with a
 * cause is not the engine's: `fetch` rejects with one when the network fails.
 */
function isFatal(error: unknown): boolean {
  if (codeOf(error) === 'DESERIALIZATION_FAILED') return true;
  return error instanceof ReferenceError || (error instanceof TypeError && error.cause === undefined);
}
