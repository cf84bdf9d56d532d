import { codeOf } from '@hearken/core';
import { atOnce } from '@hearken/core/internal';
import { chainOf } from './causes.js';

/** Names errors: a class, an error's `code`, or a function that knows them. */
export type ErrorMatcher = string | ErrorClass | ((error: unknown) => boolean);

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- whatever its constructor takes
type ErrorClass = abstract new (...args: any[]) => Error;

export interface Classification {
  readonly retryable: readonly ErrorMatcher[];
  readonly notRetryable: readonly ErrorMatcher[];
}

/**
 * Whether another attempt can help. Goes from the error to its causes; the first of them that is named decides, and what is
 * named as both is not tried again. Of what nobody named, undecodable bytes and mistakes in the program stay what they are,
 * also as the cause of something else, after Spring's DefaultErrorHandler; everything else may pass. Pure.
 */
export function isRetryable(error: unknown, { retryable, notRetryable }: Classification): boolean {
  for (const one of chainOf(error)) {
    if (notRetryable.some((matcher) => matches(matcher, one))) return false;
    if (retryable.some((matcher) => matches(matcher, one))) return true;
  }
  for (const one of chainOf(error)) {
    if (codeOf(one) === 'RETRY_AFTER') return true; // whatever caused it: the listener knows better
    if (isHopeless(one)) return false;
  }
  return true;
}

function matches(matcher: ErrorMatcher, error: unknown): boolean {
  if (typeof matcher === 'string') return (error as { readonly code?: unknown } | null | undefined)?.code === matcher;
  return isErrorClass(matcher) ? error instanceof matcher : atOnce('a function that matches errors', matcher(error));
}

const isErrorClass = (matcher: ErrorClass | ((error: unknown) => boolean)): matcher is ErrorClass =>
  (matcher as unknown) === Error || matcher.prototype instanceof Error;

const HOPELESS_CODES: ReadonlySet<unknown> = new Set([
  'DESERIALIZATION_FAILED',
  'INVALID_BATCH_RESULT',
  'INVALID_FILTER_RESULT',
  'KEY_SELECTOR_FAILED',
  'DEAD_LETTER_LOOP',
  'NON_RETRIABLE',
  'NOT_CLONEABLE',
  'WORKER_MODULE_FAILED',
  'NO_REPLY_TOPIC',
  'PARKED_TOPIC_RESET',
]);

/**
 * What stays what it is, for a listener and for a recoverer. A TypeError with a cause is not the engine's: `fetch` rejects
 * with one when the network fails.
 */
export function isHopeless(error: unknown): boolean {
  if (HOPELESS_CODES.has(codeOf(error))) return true;
  return error instanceof ReferenceError || (error instanceof TypeError && error.cause === undefined);
}
