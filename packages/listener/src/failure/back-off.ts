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
  /** Attempts after the first. @default 9 */
  readonly maxRetries?: number;
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
  maxRetries: integer(9),
  jitter: custom(0.5, between(0, 1)),
  random: custom(Math.random, (value) => (typeof value === 'function' ? undefined : 'must be a function')),
};

/** Waits that grow by a factor up to a bound. The default spends about 25 seconds on its nine retries. */
export class ExponentialBackOff implements BackOff {
  readonly #options: Readonly<Required<ExponentialBackOffOptions>>;

  /** @throws KafkaConfigError */
  constructor(options: ExponentialBackOffOptions = {}) {
    const check = new OptionsCheck('ExponentialBackOff');
    this.#options = check.resolve(options, EXPONENTIAL_RULES);
    check.throwIfAny();
  }

  delayMs(failures: number): number | undefined {
    const { initialIntervalMs, multiplier, maxIntervalMs, maxRetries, jitter, random } = this.#options;
    if (failures > maxRetries) return undefined;
    const growth = Math.min(multiplier ** (failures - 1), Number.MAX_VALUE); // 0 times Infinity is no number
    const full = Math.min(maxIntervalMs, initialIntervalMs * growth);
    return Math.round(full * (1 - jitter * random()));
  }
}
