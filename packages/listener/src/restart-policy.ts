import { codeOf } from '@hearken/core';
import { atOnce, describe } from '@hearken/core/internal';
import { checkedDelay } from './failure/after-failure.js';
import { ExponentialBackOff, type BackOff } from './failure/back-off.js';

/** What a container does about an error that ends it. */
export type OnFatal = 'stop' | 'restart' | ((error: unknown) => 'stop' | 'restart');

export interface RestartPolicy {
  readonly onFatal: OnFatal;
  readonly restartBackOff: BackOff;
  /** Undefined where a refused login or permission is like any other error. */
  readonly authRetryIntervalMs: number | undefined;
}

/** `error` is what ends the container where that is not the error itself. */
export type AfterFatal =
  | { readonly action: 'stop'; readonly error: unknown }
  | {
      readonly action: 'restart';
      readonly delayMs: number;
      readonly isAuth: boolean;
    };

export const DEFAULT_RESTART_BACK_OFF: BackOff = new ExponentialBackOff({
  initialIntervalMs: 1_000,
  maxIntervalMs: 30_000,
  maxRetries: Number.MAX_SAFE_INTEGER,
});

/** Refused logins and permissions: what Java has `AuthenticationException` and `AuthorizationException` for. */
const AUTH: ReadonlySet<string | undefined> = new Set([
  'AUTHENTICATION_FAILED',
  'UNSUPPORTED_SASL_MECHANISM',
  'TLS_FAILED',
  'SASL_AUTHENTICATION_FAILED',
  'TOPIC_AUTHORIZATION_FAILED',
  'GROUP_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
]);

/**
 * What the same settings would run into again, or what somebody has to decide. Another consumer with our instance id would
 * even be fenced by the one that comes back, and so on for ever.
 */
const BEYOND_A_RESTART: ReadonlySet<string | undefined> = new Set([
  'ACKS_NOT_ALL',
  'FENCED_INSTANCE_ID',
  'INVALID_CONFIG',
  'INCONSISTENT_GROUP_PROTOCOL',
  'INVALID_GROUP_ID',
  'INVALID_SESSION_TIMEOUT',
  'INVALID_TOPIC_EXCEPTION',
  'UNSUPPORTED_VERSION',
  'UNSUPPORTED_COMPRESSION',
  'NO_OFFSET_FOR_PARTITION',
  'OFFSET_OUT_OF_RANGE',
  'LOG_TRUNCATION',
  'PARKING_LOOP',
  'TOPIC_RECREATED',
]);

export const isAuthError = (error: unknown): boolean => AUTH.has(codeOf(error));

/**
 * What follows an error that ended a container's consumer. Only the error's own code counts: what a listener failed with is
 * the cause of a `ListenerFailedError`, and says nothing of our consumer.
 * @param failures how many there were without a good time between them, this one included
 */
export function afterFatal(error: unknown, failures: number, policy: RestartPolicy): AfterFatal {
  try {
    return decide(error, failures, policy);
  } catch (mistake) {
    return {
      action: 'stop',
      error: new AggregateError([error, mistake], 'its error, and one of its restart policy'),
    };
  }
}

function decide(
  error: unknown,
  failures: number,
  { onFatal, restartBackOff, authRetryIntervalMs }: RestartPolicy,
): AfterFatal {
  const isAuth = isAuthError(error);
  if (isAuth && authRetryIntervalMs !== undefined) return { action: 'restart', delayMs: authRetryIntervalMs, isAuth };
  if (onFatal === 'stop' || BEYOND_A_RESTART.has(codeOf(error))) return { action: 'stop', error };
  if (onFatal !== 'restart' && checkedAnswer(atOnce('onFatal', onFatal(error))) === 'stop')
    return { action: 'stop', error };
  const delayMs = restartBackOff.delayMs(failures) ?? undefined;
  return delayMs === undefined
    ? { action: 'stop', error }
    : { action: 'restart', delayMs: checkedDelay(delayMs), isAuth };
}

function checkedAnswer(answer: unknown): 'stop' | 'restart' {
  if (answer === 'stop' || answer === 'restart') return answer;
  throw new TypeError(`onFatal must return 'stop' or 'restart', got ${describe(answer)}`);
}
