import { StateMachine } from '@hearken/core/internal';
import { CallWindow, type CallCounts } from './call-window.js';

/**
 * - `'closed'`: all is well, calls go through. Opens when too many of the last ones failed or were slow.
 * - `'open'`: nothing goes through, until time is over.
 * - `'half-open'`: a few calls go through to see how they end; then it closes, or opens again.
 */
export type CircuitBreakerState = 'closed' | 'open' | 'half-open';

export interface CircuitBreakerRules {
  readonly failureRateThreshold: number;
  readonly slowCallRateThreshold: number;
  /** Makes the window of calls that count while it is closed. */
  readonly newWindow: () => CallCounts;
  readonly minimumNumberOfCalls: number;
  readonly permittedNumberOfCallsInHalfOpenState: number;
}

/** How a call ended. */
export interface CallEnd {
  readonly failed: boolean;
  readonly slow: boolean;
}

/** What the calls came to that are counted in the present state. */
export interface CallRates {
  /** In percent. */
  readonly failureRate: number;
  /** In percent. */
  readonly slowCallRate: number;
  /** Calls that they are of. */
  readonly numberOfCalls: number;
}

export interface CircuitBreakerChange extends CallRates {
  readonly previous: CircuitBreakerState;
  readonly next: CircuitBreakerState;
}

const MOVES = {
  closed: ['open'],
  open: ['half-open', 'closed'],
  'half-open': ['open', 'closed'],
} as const;

/**
 * The rules of a circuit breaker; knows nothing of time, but for what its window knows. A call counts in the state in which it began: what was let through
 * while it was closed says nothing of how the trial of a half-open one goes, however long it takes.
 */
export class CircuitBreaker {
  readonly #rules: CircuitBreakerRules;
  readonly #onChange: (change: CircuitBreakerChange) => void;
  readonly #machine: StateMachine<CircuitBreakerState>;
  #calls: CallCounts;
  /** Calls that may begin in this state. */
  #permits = Infinity;
  /** Counts states: calls of an earlier one are known by it. */
  #epoch = 0;

  constructor(rules: CircuitBreakerRules, onChange: (change: CircuitBreakerChange) => void) {
    this.#rules = rules;
    this.#onChange = onChange;
    this.#calls = rules.newWindow();
    this.#machine = new StateMachine<CircuitBreakerState>('a circuit breaker', { initial: 'closed', moves: MOVES });
  }

  get state(): CircuitBreakerState {
    return this.#machine.state;
  }

  get rates(): CallRates {
    const { failureRate, slowCallRate, size } = this.#calls;
    return { failureRate, slowCallRate, numberOfCalls: size };
  }

  /** How many calls may begin now. */
  get permits(): number {
    return this.#permits;
  }

  /** A call begins. Returns what `ended` wants to know. */
  begin(): number {
    this.#permits--;
    return this.#epoch;
  }

  /** @param end undefined for a call that says nothing, as one that never ran: another may begin in its place */
  ended(epoch: number, end: CallEnd | undefined): void {
    if (epoch !== this.#epoch) return;
    if (end === undefined) this.#permits++;
    else {
      this.#calls.add(end);
      this.#judge();
    }
  }

  /** The time in which it is open is over. */
  halfOpen(): void {
    const trials = this.#rules.permittedNumberOfCallsInHalfOpenState;
    this.#moveTo('half-open', new CallWindow(trials), trials);
  }

  /** Closes it, if it is not closed, and forgets all calls. */
  reset(): void {
    if (this.#machine.is('closed')) this.#enter(this.#rules.newWindow(), Infinity);
    else this.#close();
  }

  #judge(): void {
    const { size, failureRate, slowCallRate } = this.#calls;
    const isTrial = this.#machine.is('half-open');
    const { minimumNumberOfCalls, permittedNumberOfCallsInHalfOpenState, ...rules } = this.#rules;
    if (size < (isTrial ? permittedNumberOfCallsInHalfOpenState : minimumNumberOfCalls)) return;
    if (failureRate >= rules.failureRateThreshold || slowCallRate >= rules.slowCallRateThreshold) this.#open();
    else if (isTrial) this.#close();
  }

  #open(): void {
    this.#moveTo('open', new CallWindow(1), 0);
  }

  #close(): void {
    this.#moveTo('closed', this.#rules.newWindow(), Infinity);
  }

  #moveTo(next: CircuitBreakerState, calls: CallCounts, permits: number): void {
    const { state: previous, rates } = this;
    this.#machine.moveTo(next);
    this.#enter(calls, permits);
    this.#onChange({ previous, next, ...rates });
  }

  #enter(calls: CallCounts, permits: number): void {
    this.#epoch++;
    this.#calls = calls;
    this.#permits = permits;
  }
}
