import { defaultLogger, NOT_CALLED, systemClock, type Clock, type Logger, type TaskExecutor } from '@hearken/core';
import { atOnce, callable, oneOf, OptionsCheck, required } from '@hearken/core/internal';
import { GateTimer } from '../gate-timer.js';
import { GatedTaskExecutor } from '../gated-task-executor.js';
import { Observers } from '../observers.js';
import type { Task } from '../task-queue.js';
import { whenOver } from '../when-over.js';
import { CallWindow, type CallCounts } from './call-window.js';
import {
  CircuitBreaker,
  type CallRates,
  type CircuitBreakerChange,
  type CircuitBreakerState,
} from './circuit-breaker.js';
import {
  resolveCircuitBreakerOptions,
  type CircuitBreakerTaskExecutorOptions,
  type ResolvedCircuitBreakerOptions,
} from './circuit-breaker-options.js';
import { TimeWindow } from './time-window.js';

const EVENT = { event: required(oneOf(['state:changed'], undefined)), observer: required(callable()) };

/** A task that was let in: its end, and then what the executor behind makes of it. */
interface Call {
  readonly epoch: number;
  /** Undefined for a task that never ran. */
  startedAt: number | undefined;
  state: 'given' | 'over' | 'judged';
}

/**
 * Stops giving tasks out when too many fail or take too long, and tries a few after a while. While it is open `concurrency` is
 * 0, so a container pauses its partitions: no record fails for it, none is tried in vain, and nothing is lost. Tasks that run
 * when it opens go on.
 *
 * Failures are what the executor behind rejects with: a container tells an executor that sees every record how each one ended.
 */
export class CircuitBreakerTaskExecutor extends GatedTaskExecutor {
  readonly unit = 'record';
  readonly #options: ResolvedCircuitBreakerOptions;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #breaker: CircuitBreaker;
  readonly #timer: GateTimer;
  readonly #observers: Observers<CircuitBreakerChange>;
  /** Tasks that have ended, and of which it is not known yet what the executor behind makes of that. */
  #unjudged = 0;

  /** @throws KafkaConfigError */
  constructor(
    executor: TaskExecutor,
    options?: CircuitBreakerTaskExecutorOptions,
    { clock = systemClock, logger = defaultLogger }: { readonly clock?: Clock; readonly logger?: Logger } = {},
  ) {
    super(executor);
    this.#options = resolveCircuitBreakerOptions(options);
    this.#clock = clock;
    this.#logger = logger;
    this.#observers = new Observers(logger);
    const rules = { ...this.#options, newWindow: () => this.#newWindow() };
    this.#breaker = new CircuitBreaker(rules, (change) => this.#changed(change));
    this.#timer = new GateTimer(clock, () => this.#tryAgain());
  }

  get state(): CircuitBreakerState {
    return this.#breaker.state;
  }

  /** Of the calls that are counted in this state. */
  get rates(): CallRates {
    return this.#breaker.rates;
  }

  override get concurrency(): number {
    if (this.state === 'closed') return super.concurrency;
    const trials = this.#options.permittedNumberOfCallsInHalfOpenState;
    return this.state === 'open' ? 0 : Math.min(trials, super.concurrency);
  }

  override get isPaused(): boolean {
    return this.state === 'open' || super.isPaused;
  }

  /**
   * `state:changed`: it opened, half-opened or closed; with the rates that led to it.
   * @returns what ends it
   * @throws KafkaConfigError for an event there is not, or no function
   */
  on(event: 'state:changed', observer: (change: CircuitBreakerChange) => unknown): () => void {
    const check = new OptionsCheck('on');
    check.resolve({ event, observer }, EVENT);
    check.throwIfAny();
    return this.#observers.add(observer);
  }

  /** Closes it, and forgets what calls came to. */
  reset(): void {
    this.#breaker.reset();
    this.advance();
  }

  /** The slot of a task whose end may open it is free when that is known: the executor behind tells of it before. */
  protected override get permits(): number {
    return Math.min(this.#breaker.permits, this.behind.available - this.#unjudged);
  }

  protected override admit<T>(task: Task<T>): Promise<T> {
    const call: Call = { epoch: this.#breaker.begin(), startedAt: undefined, state: 'given' };
    const executed = this.behind.execute((signal) => {
      call.startedAt = this.#clock.monotonic();
      return whenOver(
        () => task(signal),
        () => this.#over(call),
      );
    });
    return executed.then(
      (value) => {
        this.#judged(call, (value as unknown) === NOT_CALLED ? undefined : { failed: false });
        return value;
      },
      (error: unknown) => {
        this.#judged(call, this.#isFailure(error) ? { failed: true } : undefined);
        throw error;
      },
    );
  }

  protected override held(): void {
    this.#timer.keepAlive();
  }

  #newWindow(): CallCounts {
    const { slidingWindowType, slidingWindowSize } = this.#options;
    if (slidingWindowType === 'count-based') return new CallWindow(slidingWindowSize);
    return new TimeWindow(slidingWindowSize, () => this.#clock.monotonic());
  }

  #over(call: Call): void {
    if (call.state !== 'given') return; // the executor behind did not wait for it
    call.state = 'over';
    this.#unjudged++;
  }

  /** @param verdict undefined for a call that says nothing */
  #judged(call: Call, verdict: { readonly failed: boolean } | undefined): void {
    if (call.state === 'over') this.#unjudged--;
    call.state = 'judged';
    const { epoch, startedAt } = call;
    const slowMs = this.#options.slowCallDurationThresholdMs;
    if (verdict === undefined || startedAt === undefined) this.#breaker.ended(epoch, undefined);
    else this.#breaker.ended(epoch, { ...verdict, slow: this.#clock.monotonic() - startedAt >= slowMs });
  }

  #isFailure(error: unknown): boolean {
    try {
      return atOnce('isFailure', this.#options.isFailure(error));
    } catch (mistake) {
      this.#logger.error(
        { error: mistake },
        'isFailure of a circuit breaker failed: what it was asked about counts as a failure',
      );
      return true;
    }
  }

  #changed(change: CircuitBreakerChange): void {
    this.#timer.clear();
    if (change.next === 'open') this.#timer.set(this.#options.waitDurationInOpenStateMs, this.hasWaiting);
    this.#observers.tell(change);
  }

  #tryAgain(): void {
    this.#breaker.halfOpen();
    this.advance();
  }
}
