import { isKafkaError } from '@hearken/core';
import { callable, durationMs, integer, oneOf, OptionsCheck, positive } from '@hearken/core/internal';
import type { CircuitBreakerRules } from './circuit-breaker.js';

const WINDOW_TYPES = ['count-based', 'time-based'] as const;

/** `'count-based'`: the last so many calls; `'time-based'`: those of the last so many seconds. */
export type SlidingWindowType = (typeof WINDOW_TYPES)[number];

/** Named as in resilience4j, and with its defaults but where it is said. */
export interface CircuitBreakerTaskExecutorOptions {
  /** Opens when so many percent of the calls in the window failed, above 0 to 100. @default 50 */
  readonly failureRateThreshold?: number;
  /** Opens when so many percent of the calls in the window were slow, above 0 to 100. @default 100 */
  readonly slowCallRateThreshold?: number;
  /** What takes so long is slow, however it ends; in milliseconds. @default 60000 */
  readonly slowCallDurationThresholdMs?: number;
  /** What `slidingWindowSize` counts. @default 'count-based' */
  readonly slidingWindowType?: SlidingWindowType;
  /** How many calls the window has, the last ones, from 1 to 1 000 000; or how many seconds, this one included, from 1 to 3 600. @default 100 */
  readonly slidingWindowSize?: number;
  /**
   * Fewer calls than this in the window say nothing, from 1, and to `slidingWindowSize` if that counts calls.
   * @default 100, or `slidingWindowSize` if that counts calls and is less
   */
  readonly minimumNumberOfCalls?: number;
  /** How long it stays open before it tries again, in milliseconds. @default 60000 */
  readonly waitDurationInOpenStateMs?: number;
  /** How many calls it tries then; when all have ended it closes or opens. From 1. @default 1; resilience4j has 10 */
  readonly permittedNumberOfCallsInHalfOpenState?: number;
  /**
   * Whether a rejection speaks against what the listener calls. One that does not is no success either: it is not counted.
   * @default all do but Hearken's own that say that trying again is of no use (`retriable` is false). Those are about the
   * record or the container: bytes that cannot be decoded, `SkipRecord`, `DeadLetter`, a partition that was revoked
   */
  readonly isFailure?: (error: unknown) => boolean;
}

export interface ResolvedCircuitBreakerOptions extends Omit<CircuitBreakerRules, 'newWindow'> {
  readonly slidingWindowType: SlidingWindowType;
  readonly slidingWindowSize: number;
  readonly slowCallDurationThresholdMs: number;
  readonly waitDurationInOpenStateMs: number;
  readonly isFailure: (error: unknown) => boolean;
}

/** Each second of a window is counted by itself, whether there are calls in it or not. */
const MOST_SECONDS = 3_600;

const RULES = {
  failureRateThreshold: positive(50, { max: 100 }),
  slowCallRateThreshold: positive(100, { max: 100 }),
  slowCallDurationThresholdMs: durationMs(60_000, { min: 1 }),
  slidingWindowType: oneOf(WINDOW_TYPES, 'count-based'),
  slidingWindowSize: integer(100, { min: 1, max: 1_000_000 }),
  minimumNumberOfCalls: integer(undefined, { min: 1 }),
  waitDurationInOpenStateMs: durationMs(60_000, { min: 1 }),
  permittedNumberOfCallsInHalfOpenState: integer(1, { min: 1, max: 1_000_000 }),
  isFailure: callable<(error: unknown) => boolean>(),
};

const speaksAgainstTheSink = (error: unknown): boolean => !isKafkaError(error) || error.retriable;

/** @throws KafkaConfigError */
export function resolveCircuitBreakerOptions(
  options: CircuitBreakerTaskExecutorOptions | undefined,
): ResolvedCircuitBreakerOptions {
  const check = new OptionsCheck('CircuitBreakerTaskExecutor');
  const resolved = check.resolve(options, RULES);
  const { slidingWindowType, slidingWindowSize, isFailure = speaksAgainstTheSink } = resolved;
  if (
    check.isFine('slidingWindowType', 'slidingWindowSize') &&
    slidingWindowType === 'time-based' &&
    slidingWindowSize > MOST_SECONDS
  ) {
    check.problem(
      'slidingWindowSize',
      `must be at most ${MOST_SECONDS} where it is seconds, got ${slidingWindowSize}: what failed so long ago says nothing of now`,
    );
  }
  const mostCalls = slidingWindowType === 'count-based' ? slidingWindowSize : Infinity;
  const { minimumNumberOfCalls = Math.min(100, mostCalls) } = resolved;
  if (check.isFine('slidingWindowSize', 'minimumNumberOfCalls') && minimumNumberOfCalls > mostCalls) {
    check.problem(
      'minimumNumberOfCalls',
      `must be at most slidingWindowSize, ${slidingWindowSize}: it would never open`,
    );
  }
  check.throwIfAny();
  return { ...resolved, minimumNumberOfCalls, isFailure };
}
