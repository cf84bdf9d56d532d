import { atOnce, describe, LONGEST_DELAY_MS } from '@hearken/core/internal';
import type { AfterFailure } from '../invoke/outcome.js';
import type { ErrorHandler, FailureDecision, RecordFailure } from './error-handler.js';

/** What becomes of an attempt that failed. Whatever the error handler does, it ends in an outcome: at worst the container stops, with both errors. */
export function afterFailure(failure: RecordFailure, handler: ErrorHandler): AfterFailure {
  try {
    return outcomeOf(atOnce('decide', handler.decide(failure)), failure, handler);
  } catch (mistake) {
    return {
      kind: 'stop',
      error: new AggregateError([failure.error, mistake], 'its error, and one of the error handler'),
    };
  }
}

/** The same where no record is given to the listener twice: what would be tried again is given up. */
export function afterOnlyFailure(failure: RecordFailure, handler: ErrorHandler): AfterFailure {
  const after = afterFailure(failure, handler);
  if (after.kind !== 'retry' && after.kind !== 'pause') return after;
  return { kind: handler.recoverer === undefined ? 'stop' : 'recover', error: after.error };
}

function outcomeOf(decision: FailureDecision, failure: RecordFailure, handler: ErrorHandler): AfterFailure {
  switch (decision.action) {
    case 'retry':
      return { kind: 'retry', error: failure.error, delayMs: checkedDelay(decision.delayMs) };
    case 'recover':
      if (handler.recoverer === undefined) throw new TypeError("decide said 'recover', and there is no recoverer");
      return { kind: 'recover', error: decision.error ?? failure.error };
    case 'skip':
    case 'park':
      return { kind: decision.action, error: decision.error ?? failure.error };
    case 'stop':
    case 'pause': {
      const { action: kind, error, givenUp } = decision;
      return { kind, error: error ?? failure.error, ...(givenUp === true && { givenUp }) };
    }
    default:
      throw new TypeError(`decide must return a FailureDecision, got ${describe(decision)}`);
  }
}

/** A timer takes what is no such number for "at once": the record would be tried without a pause and without an end. */
export function checkedDelay(delayMs: number): number {
  atOnce('delayMs', delayMs);
  if (typeof delayMs === 'number' && delayMs >= 0 && delayMs <= LONGEST_DELAY_MS) return delayMs;
  throw new TypeError(
    `delayMs must be milliseconds from 0 to ${LONGEST_DELAY_MS}, or undefined, got ${describe(delayMs)}`,
  );
}
