import { NOT_CALLED } from '@hearken/core';
import { isThenable } from '@hearken/core/internal';
import type { DeliveryLane } from './delivery.js';
import { setAside, takeFrom, type AttemptFailure, type RunHost } from './run.js';
import type { WaitingRun } from './run-list.js';
import type { Work } from './work.js';

type TaskResult = typeof NOT_CALLED | undefined;

/**
 * One task of an executor that sees every record by itself: one attempt. The task ends as the attempt does, so that a circuit
 * breaker sees failures; and the attempt ends as `execute` does, so that what the executor says of it counts: a time-out is a
 * failure of the record, whatever its listener came up with. Settled only when both are over, as two listeners must not run
 * on one record.
 */
export class SeenRun implements WaitingRun {
  before: WaitingRun | undefined = undefined;
  after: WaitingRun | undefined = undefined;
  readonly #host: RunHost;
  readonly #lane: DeliveryLane;
  #hasStarted = false;
  #work: Work | undefined;
  #turn = 0;
  #since = 0;
  /** The task, while it waits for the listener. */
  #listening: Promise<TaskResult> | undefined;
  /** What the invoker made of the listener's end. */
  #outcome: unknown;

  /** @param lane busy */
  constructor(host: RunHost, lane: DeliveryLane) {
    this.#host = host;
    this.#lane = lane;
  }

  /** Whether the executor took it. */
  get hasStarted(): boolean {
    return this.#hasStarted;
  }

  get waitsFor(): { readonly work: Work; readonly since: number } | undefined {
    return this.#work === undefined ? undefined : { work: this.#work, since: this.#since };
  }

  /** The task. Throws, or rejects, with what failed in the attempt. */
  start(signal: AbortSignal): Promise<TaskResult> | TaskResult {
    const { slice, turns, lanes } = this.#host;
    this.#hasStarted = true;
    this.#turn = slice.enter();
    if (!turns.mayStart(this.#lane)) {
      setAside(lanes, this.#lane);
      return NOT_CALLED;
    }
    this.#work = takeFrom(lanes, this.#lane);
    if (this.#work === undefined) return NOT_CALLED;
    return this.#call(this.#work, signal);
  }

  /** `execute` settled, which it may have done before the listener ended. */
  executed(rejection?: { readonly error: unknown }): void | Promise<void> {
    const again = (): void | Promise<void> => this.executed(rejection);
    if (this.#listening !== undefined) return this.#listening.then(again, again);
    const work = this.#work;
    if (work === undefined) return;
    this.#work = undefined;
    this.#host.running--;
    this.#host.ended++;
    const { invoker, settler } = this.#host;
    const outcome = this.#isOverruledBy(rejection) ? invoker.failed(work, rejection.error) : this.#outcome;
    settler.settle(this.#lane, work, outcome);
  }

  /** A promise if the listener has to be waited for. */
  #call(work: Work, signal: AbortSignal): Promise<TaskResult> | TaskResult {
    const { invoker, slice } = this.#host;
    slice.started();
    this.#host.running++;
    work.begin(signal);
    let outcome: unknown;
    try {
      const result = invoker.call(work);
      if (isThenable(result)) return this.#waitFor(work, result);
      outcome = invoker.returned(work, result);
    } catch (error) {
      outcome = invoker.failed(work, error);
    }
    return this.#ended(outcome);
  }

  #waitFor(work: Work, result: PromiseLike<unknown>): Promise<TaskResult> {
    const { invoker, slice, waiting } = this.#host;
    const ended = (outcome: unknown): TaskResult => {
      this.#listening = undefined;
      waiting.delete(this);
      return this.#ended(outcome);
    };
    this.#since = slice.startedAt;
    waiting.add(this);
    this.#listening = Promise.resolve(result).then(
      (value) => ended(invoker.returned(work, value)),
      (error: unknown) => ended(invoker.failed(work, error)),
    );
    return this.#listening;
  }

  /** Throws what failed. */
  #ended(outcome: unknown): TaskResult {
    const { slice } = this.#host;
    this.#outcome = outcome;
    if (slice.turn === this.#turn) slice.ended();
    const failure = this.#failure;
    if (failure === undefined || failure === NOT_CALLED) return failure;
    throw failure.error;
  }

  #isOverruledBy(rejection: { readonly error: unknown } | undefined): rejection is { readonly error: unknown } {
    const failure = this.#failure;
    if (rejection === undefined) return false;
    if (failure === undefined || failure === NOT_CALLED) return true;
    return failure.isPartial !== true && failure.error !== rejection.error;
  }

  get #failure(): AttemptFailure | typeof NOT_CALLED | undefined {
    return this.#host.settler.failureIn(this.#outcome);
  }
}
