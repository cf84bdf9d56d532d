import type { ConsumerRecord, Logger } from '@hearken/core';
import type { BackOff } from './back-off.js';

/** An attempt that failed. */
export interface RecordFailure {
  /** As it stands in the log. */
  readonly record: ConsumerRecord;
  /** What the listener threw or rejected with; a `DeserializationError` if it was not reached. */
  readonly error: unknown;
  /** Attempts so far, this one included. */
  readonly attempt: number;
}

/**
 * What follows a failure:
 * - `retry`: another attempt after `delayMs`; the records of its lane wait, all others go on.
 * - `recover`: the recoverer takes the record; once it has, the record is done.
 * - `skip`: the record is done although it was not processed.
 * - `stop`: the container stops, and the record comes again.
 * - `pause`: the partition is paused with the record as its next, until somebody resumes it.
 * - `park`: the record and all later ones of its key go to the parked topic, in order, and come to the listener from there, while
 *   all other keys go on; see `parking`.
 *
 * `error` is what is told where it is not the failure's own.
 *
 * A batch may fail without naming a record. `stop` and `pause` hold for all of it at once, unless they say by `givenUp` that
 * they are what becomes of a record that is given up; then, as with all that gives one up, each gets a call of its own before,
 * and only one that fails in it is decided about so.
 */
export type FailureDecision =
  | { readonly action: 'retry'; readonly delayMs: number }
  | { readonly action: 'recover' | 'skip' | 'park'; readonly error?: unknown }
  | { readonly action: 'stop' | 'pause'; readonly error?: unknown; readonly givenUp?: boolean };

/** Beside what is recovered. */
export interface RecoveryContext {
  readonly attempt: number;
  /** The container's group; undefined without one. */
  readonly groupId: string | undefined;
  readonly logger: Logger;
}

/** Takes a record that could not be processed. The record is done when it returns, or resolves; a rejection is its failure. */
export type RecovererFunction = (record: ConsumerRecord, error: unknown, context: RecoveryContext) => unknown;

export interface RecovererObject {
  recover(record: ConsumerRecord, error: unknown, context: RecoveryContext): unknown;
}

export type Recoverer = RecovererFunction | RecovererObject;

/** What a container does about listeners that fail. */
export interface ErrorHandler {
  /** A pure function of the failure: it may be asked at any time, and keeps no state. One that throws, or returns a promise, stops the container. */
  decide(failure: RecordFailure): FailureDecision;
  /** Needed where `decide` says `recover`. */
  readonly recoverer?: Recoverer | undefined;
  /** Told of each failure that is tried again, and not awaited; what it throws or rejects with is logged. */
  readonly onRetry?: ((failure: RecordFailure & { readonly delayMs: number }) => unknown) | undefined;
  /** When a recoverer that failed is asked again; after that the container stops. @default nine times, a second apart */
  readonly recoveryBackOff?: BackOff | undefined;
}
