import { KafkaError, type ConsumerRecord } from '@hearken/core';
import {
  atOnce,
  callable,
  custom,
  describe,
  hasMethods,
  oneOf,
  OptionsCheck,
  type OptionRules,
} from '@hearken/core/internal';
import { ExponentialBackOff, FixedBackOff, type BackOff } from './back-off.js';
import { isRetryable, type Classification, type ErrorMatcher } from './classification.js';
import { controlFlowOf, retryAfterMs } from './control-flow.js';
import type { ErrorHandler, FailureDecision, Recoverer, RecordFailure } from './error-handler.js';

export interface DefaultErrorHandlerOptions {
  /** When a failed record is tried again, and when not any more. @default new ExponentialBackOff(): nine times */
  readonly backOff?: BackOff;
  /** Another back-off for some failures; undefined is `backOff`. Pure. */
  readonly backOffFor?: (record: ConsumerRecord, error: unknown) => BackOff | undefined;
  /** Takes records whose last attempt failed. @default none: the container stops */
  readonly recoverer?: Recoverer;
  /**
   * What becomes of a record whose last attempt failed: the recoverer takes it; the container stops; or the record and all
   * later ones of its key are parked, which needs `parking` at the container. @default 'recover' with a recoverer, else 'stop'
   */
  readonly onExhausted?: 'recover' | 'stop' | 'parkKey';
  /** When a recoverer that failed, or parking, is tried again; after that the container stops. @default new FixedBackOff(): nine times, a second apart */
  readonly recoveryBackOff?: BackOff;
  /** Errors for which there is no other attempt, looked for along the causes too: classes, codes, or functions. @default none */
  readonly notRetryable?: readonly ErrorMatcher[];
  /** Errors that are tried again though they would not be by default. @default none */
  readonly retryable?: readonly ErrorMatcher[];
  /** Told of each failure that is tried again, and not awaited; what it throws or rejects with is logged. */
  readonly onRetry?: (failure: RecordFailure & { readonly delayMs: number }) => unknown;
}

/** @returns what is wrong with it; undefined if nothing is */
export const backOffProblem = (value: unknown): string | undefined =>
  hasMethods(value, ['delayMs']) ? undefined : `must have the method delayMs, got ${describe(value)}`;

const recovererProblem = (value: unknown): string | undefined =>
  typeof value === 'function' || hasMethods(value, ['recover'])
    ? undefined
    : `must be a function or have the method recover, got ${describe(value)}`;

const matchersProblem = (value: unknown): string | undefined =>
  Array.isArray(value) && value.every((one) => typeof one === 'string' || typeof one === 'function')
    ? undefined
    : `must be a list of error classes, codes or functions, got ${describe(value)}`;

type Checked = {
  readonly [Name in keyof DefaultErrorHandlerOptions]-?: DefaultErrorHandlerOptions[Name] | undefined;
} & Required<Pick<DefaultErrorHandlerOptions, 'backOff' | 'recoveryBackOff'>> &
  Classification;

const RULES: OptionRules<Checked> = {
  backOff: custom<BackOff>(new ExponentialBackOff(), backOffProblem),
  backOffFor: callable(),
  recoverer: custom<Recoverer | undefined>(undefined, recovererProblem),
  onExhausted: oneOf(['recover', 'stop', 'parkKey'], undefined),
  recoveryBackOff: custom<BackOff>(new FixedBackOff(), backOffProblem),
  notRetryable: custom<readonly ErrorMatcher[]>([], matchersProblem),
  retryable: custom<readonly ErrorMatcher[]>([], matchersProblem),
  onRetry: callable(),
};

/**
 * Tries a failed record again as its back-off says, and then gives it to the recoverer; without one the container stops, as
 * nothing is skipped that nobody asked for by name. After Spring's class of this name, whose default is ten attempts without
 * a pause and then to skip the record.
 *
 * Not tried again are undecodable records, `TypeError` without a cause, `ReferenceError`, and what `notRetryable` names. A
 * listener decides by itself with {@link SkipRecord}, {@link DeadLetter}, {@link NonRetriable} and {@link RetryAfter}. All of
 * these count as the cause of another error, too.
 */
export class DefaultErrorHandler implements ErrorHandler {
  readonly recoverer: Recoverer | undefined;
  readonly recoveryBackOff: BackOff;
  /** What becomes of a record whose last attempt failed. */
  readonly onExhausted: NonNullable<DefaultErrorHandlerOptions['onExhausted']>;
  readonly onRetry: DefaultErrorHandlerOptions['onRetry'];
  readonly #options: Readonly<Checked>;

  /** @throws KafkaConfigError */
  constructor(options?: DefaultErrorHandlerOptions) {
    const check = new OptionsCheck('DefaultErrorHandler');
    this.#options = check.resolve(options, RULES);
    const { recoverer, onExhausted } = this.#options;
    if (onExhausted === 'recover' && recoverer === undefined)
      check.problem('onExhausted', `needs a recoverer with 'recover'`);
    check.throwIfAny();
    this.onExhausted = onExhausted ?? (recoverer === undefined ? 'stop' : 'recover');
    ({ recoverer: this.recoverer, recoveryBackOff: this.recoveryBackOff, onRetry: this.onRetry } = this.#options);
  }

  decide({ record, error, attempt }: RecordFailure): FailureDecision {
    const asked = controlFlowOf(error);
    if (asked?.code === 'SKIP_RECORD') return { action: 'skip' };
    if (asked?.code === 'DEAD_LETTER') return this.#deadLetter(asked);
    if (asked?.code === 'NON_RETRIABLE' || !isRetryable(error, this.#options)) return this.#giveUp(error);
    const backOff = atOnce('backOffFor', this.#options.backOffFor?.(record, error)) ?? this.#options.backOff;
    const delayMs = atOnce('delayMs', backOff.delayMs(attempt)) ?? undefined;
    if (delayMs === undefined) return this.#giveUp(error);
    return { action: 'retry', delayMs: retryAfterMs(asked) ?? delayMs };
  }

  #giveUp(error: unknown): FailureDecision {
    if (this.onExhausted === 'stop') return { action: 'stop', error, givenUp: true };
    return { action: this.onExhausted === 'parkKey' ? 'park' : 'recover', error };
  }

  #deadLetter(error: KafkaError): FailureDecision {
    if (this.recoverer !== undefined) return { action: 'recover', error: error.cause ?? error };
    const message = 'a listener threw DeadLetter, and the error handler has no recoverer';
    return { action: 'stop', error: new KafkaError(message, { code: 'NO_RECOVERER', cause: error }), givenUp: true };
  }
}
