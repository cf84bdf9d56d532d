import { NOT_CALLED, systemClock, type Clock, type TaskExecutor } from '@hearken/core';
import { durationMs, integer, OptionsCheck, required } from '@hearken/core/internal';
import { GateTimer } from '../gate-timer.js';
import { GatedTaskExecutor } from '../gated-task-executor.js';
import type { Task } from '../task-queue.js';
import { TokenBucket } from './token-bucket.js';

export interface RateLimitedTaskExecutorOptions {
  /** How many tasks may start in a period, in the long run; from 1. */
  readonly limitForPeriod: number;
  /** In milliseconds, from 1. @default 1000 */
  readonly limitRefreshPeriodMs?: number;
  /**
   * How many may start at once after a quiet time, from 1. In no span of time do more start than this and the rate times the
   * span: 1 spaces them evenly, but what a timer is late is lost. @default `limitForPeriod`
   */
  readonly burst?: number;
}

const RULES = {
  limitForPeriod: required(integer(undefined, { min: 1 })),
  limitRefreshPeriodMs: durationMs(1_000, { min: 1 }),
  burst: integer(undefined, { min: 1 }),
};

/**
 * Starts no more tasks than a token bucket allows, each record being one. What has no token waits; in a container that is the
 * partition, in the log: `available` says 0, so that nothing is started and, when its buffer is full, nothing polled. A task
 * that ends at once with {@link NOT_CALLED}, as of a record that the container's `filter` drops, gives its token back; one that
 * has to wait before that, as for a serde that returns a promise, does not.
 *
 * Named after resilience4j's RateLimiter, which counts by the calendar: there, two full periods may follow on each other.
 */
export class RateLimitedTaskExecutor extends GatedTaskExecutor {
  readonly unit = 'record';
  readonly #clock: Clock;
  readonly #bucket: TokenBucket;
  readonly #timer: GateTimer;

  /** @throws KafkaConfigError */
  constructor(
    executor: TaskExecutor,
    options: RateLimitedTaskExecutorOptions,
    { clock = systemClock }: { readonly clock?: Clock } = {},
  ) {
    super(executor);
    const check = new OptionsCheck('RateLimitedTaskExecutor');
    const { limitForPeriod, limitRefreshPeriodMs, burst = limitForPeriod } = check.resolve(options, RULES);
    check.throwIfAny();
    this.#clock = clock;
    this.#bucket = new TokenBucket(limitRefreshPeriodMs / limitForPeriod, burst);
    this.#timer = new GateTimer(clock, () => this.#refilled());
  }

  protected override get permits(): number {
    return this.#bucket.tokens(this.#clock.monotonic());
  }

  protected override admit<T>(task: Task<T>): Promise<T> {
    this.#bucket.take(this.#clock.monotonic());
    this.#waitForToken();
    let isStarting = true;
    const executed = this.behind.execute((given) => {
      const result = task(given);
      if (isStarting && (result as unknown) === NOT_CALLED) this.#putBack();
      return result;
    });
    isStarting = false;
    return executed;
  }

  protected override held(): void {
    this.#timer.keepAlive();
  }

  #putBack(): void {
    this.#bucket.putBack();
    this.#timer.clear();
    this.#waitForToken();
  }

  #refilled(): void {
    this.#waitForToken(); // Node's timers may be a millisecond early
    this.advance();
  }

  /** Until one is there, and no longer: a limiter that nobody uses has no timer. */
  #waitForToken(): void {
    const waitMs = this.#bucket.msUntilNext(this.#clock.monotonic());
    if (waitMs > 0) this.#timer.set(waitMs, this.hasWaiting);
  }
}
