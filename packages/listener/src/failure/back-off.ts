import { custom, durationMs, integer, OptionsCheck } from '@hearken/core/internal';

/** When to try again. A pure policy: it keeps no state and no time. */
export interface BackOff {
  /**
   * How long to wait before the next attempt, in milliseconds; undefined to give up.
   * @param failures how many attempts failed so far, from 1
   */
  delayMs(failures: number): number | undefined;
}

export interface FixedBackOffOptions {
  /** Between two attempts, in milliseconds. @default 1000 */
  readonly intervalMs?: number;
  /** Attempts after the first. @default 9 */
  readonly maxRetries?: number;
}

/** The same wait before every retry. */
export class FixedBackOff implements BackOff {
  readonly #options: Readonly<Required<FixedBackOffOptions>>;

  /** @throws KafkaConfigError */
  constructor(options: FixedBackOffOptions = {}) {
    const check = new OptionsCheck('FixedBackOff');
    this.#options = check.resolve(options, { intervalMs: durationMs(1_000), maxRetries: integer(9) });
    check.throwIfAny();
  }

  delayMs(failures: number): number | undefined {
    return failures > this.#options.maxRetries ? undefined : this.#options.intervalMs;
  }
}

export interface ExponentialBackOffOptions {
  /** Before the first retry, in milliseconds. @default 100 */
  readonly initialIntervalMs?: number;
  /** How much longer each wait is than the one before, from 1. @default 2 */
  readonly multiplier?: number;
  /** No wait is longer, jitter included. @default 10000 */
  readonly maxIntervalMs?: number;
  /** Attempts after the first. @default 9; with `maxElapsedMs` as many as fit */
  readonly maxRetries?: number;
  /**
   * What all waits before a record's attempts may take together, in milliseconds: the first that would not fit is not made.
   * Counted without jitter, and without the time that the attempts take. @default no bound
   */
  readonly maxElapsedMs?: number;
  /**
   * Which part of each wait is random, from 0 to 1, so that what failed together is not retried together. With 0.5 a
   * wait of 400 ms becomes one from 200 to 400 ms. @default 0.5
   */
  readonly jitter?: number;
  /** From 0 up to, not including, 1. @default Math.random */
  readonly random?: () => number;
}

const between = (min: number, max: number) => (value: unknown) =>
  typeof value === 'number' && value >= min && value <= max
    ? undefined
    : `must be a number from ${min}${max === Infinity ? '' : ` to ${max}`}`;

const EXPONENTIAL_RULES = {
  initialIntervalMs: durationMs(100),
  multiplier: custom(2, between(1, Infinity)),
  maxIntervalMs: durationMs(10_000),
  maxRetries: integer(undefined),
  maxElapsedMs: durationMs(undefined),
  jitter: custom(0.5, between(0, 1)),
  random: custom(Math.random, (value) => (typeof value === 'function' ? undefined : 'must be a function')),
};

type Resolved = Required<Omit<ExponentialBackOffOptions, 'maxRetries' | 'maxElapsedMs'>> & {
  readonly maxRetries: number | undefined;
  readonly maxElapsedMs: number | undefined;
};

/** Waits that grow by a factor up to a bound. The default spends about 25 seconds on its nine retries. */
export class ExponentialBackOff implements BackOff {
  readonly #options: Readonly<Resolved & { readonly maxRetries: number }>;

  /** @throws KafkaConfigError */
  constructor(options: ExponentialBackOffOptions = {}) {
    const check = new OptionsCheck('ExponentialBackOff');
    const resolved = check.resolve<Resolved>(options, EXPONENTIAL_RULES);
    const { initialIntervalMs, maxIntervalMs, maxRetries, maxElapsedMs } = resolved;
    if (maxElapsedMs !== undefined && maxRetries === undefined && Math.min(initialIntervalMs, maxIntervalMs) === 0)
      check.problem('maxElapsedMs', 'needs maxRetries where waits are 0 ms: they never come to an end');
    check.throwIfAny();
    this.#options = { ...resolved, maxRetries: maxRetries ?? (maxElapsedMs === undefined ? 9 : Infinity) };
  }

  delayMs(failures: number): number | undefined {
    const { maxRetries, jitter, random } = this.#options;
    if (failures > maxRetries || !this.#fits(failures)) return undefined;
    return Math.round(this.#fullMs(failures) * (1 - jitter * random()));
  }

  #fullMs(failures: number): number {
    const { initialIntervalMs, multiplier, maxIntervalMs } = this.#options;
    const growth = Math.min(multiplier ** (failures - 1), Number.MAX_VALUE); // 0 times Infinity is no number
    return Math.min(maxIntervalMs, initialIntervalMs * growth);
  }

  /** Added up anew each time, as a back-off keeps no state: at most as many steps as waits fit. */
  #fits(failures: number): boolean {
    const { maxElapsedMs } = this.#options;
    if (maxElapsedMs === undefined) return true;
    let elapsedMs = 0;
    for (let i = 1; i <= failures && elapsedMs <= maxElapsedMs; i++) elapsedMs += this.#fullMs(i);
    return elapsedMs <= maxElapsedMs;
  }
}
