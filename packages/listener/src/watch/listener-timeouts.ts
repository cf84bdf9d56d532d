import { codeOf, type Clock, type Logger } from '@hearken/core';
import { isThenable } from '@hearken/core/internal';
import type { GuardedEvents } from '../container-events.js';
import type { ContainerCounters } from '../container-metrics.js';
import { Deadlines } from '../deadlines.js';
import type { Invoker } from '../dispatch/run.js';
import type { Work } from '../dispatch/work.js';
import { ListenerTimeoutError } from '../errors.js';

export interface ListenerTimeoutsInit {
  readonly invoker: Invoker;
  readonly handlerTimeoutMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly events: GuardedEvents;
  readonly counters: ContainerCounters;
}

/** A listener that was told to give up, and has not ended. */
export interface HangingListener {
  readonly work: Work;
  readonly error: ListenerTimeoutError;
  /** When it was told, on the monotonic clock. */
  readonly since: number;
}

/**
 * Stands before the invoker and keeps the time of listeners that have to be waited for. What one comes up with after its time
 * is a failure: an answer that came late enough to be given up must not depend on whether the listener looked at its signal.
 */
export class ListenerTimeouts implements Invoker {
  readonly #init: ListenerTimeoutsInit;
  readonly #deadlines: Deadlines<Work>;
  readonly #hanging = new Map<Work, HangingListener>();

  constructor(init: ListenerTimeoutsInit) {
    this.#init = init;
    this.#deadlines = new Deadlines(init.clock, init.handlerTimeoutMs, (work) => this.#timedOut(work));
  }

  /** Those that hang, the oldest first. */
  get hanging(): Iterable<HangingListener> {
    return this.#hanging.values();
  }

  call(work: Work): unknown {
    const result = this.#init.invoker.call(work);
    if (isThenable(result)) this.#deadlines.add(work);
    return result;
  }

  returned(work: Work, result: unknown): unknown {
    const hung = this.#ended(work);
    const { invoker } = this.#init;
    return hung === undefined ? invoker.returned(work, result) : invoker.failed(work, hung.error);
  }

  failed(work: Work, error: unknown): unknown {
    const hung = this.#ended(work);
    // A batch that was told to give up and says how far it got is believed, as it is when its partition goes.
    const counts = hung === undefined || codeOf(error) === 'BATCH_LISTENER_FAILED' ? error : hung.error;
    return this.#init.invoker.failed(work, counts);
  }

  /** Nobody is told to give up any more. */
  close(): void {
    this.#deadlines.clear();
  }

  #ended(work: Work): HangingListener | undefined {
    this.#deadlines.delete(work);
    const hung = this.#hanging.get(work);
    this.#hanging.delete(work);
    return hung;
  }

  #timedOut(work: Work): void {
    const { handlerTimeoutMs, clock, logger, events, counters } = this.#init;
    const { record, attempt } = work.lead;
    const error = new ListenerTimeoutError(record, handlerTimeoutMs);
    this.#hanging.set(work, { work, error, since: clock.monotonic() });
    counters.timedOut++;
    const { topic, partition, offset } = record;
    logger.warn(
      { topic, partition, offset, attempt, handlerTimeoutMs },
      'a listener takes too long: its signal aborts',
    );
    events.emit('listener:timedOut', { record, attempt, error });
    work.lead.abort(error);
  }
}
