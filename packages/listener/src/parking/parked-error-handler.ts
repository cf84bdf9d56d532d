import { atOnce } from '@hearken/core/internal';
import type { BackOff } from '../failure/back-off.js';
import { controlFlowOf, retryAfterMs } from '../failure/control-flow.js';
import type { ErrorHandler, FailureDecision, Recoverer, RecordFailure } from '../failure/error-handler.js';
import { unparked } from './parked-record.js';

export interface ParkedErrorHandlerInit {
  readonly backOff: BackOff;
  /** The container's own. */
  readonly errorHandler: ErrorHandler;
  /** The container's, as it is to be called here; undefined if it has none. */
  readonly recoverer: Recoverer | undefined;
}

/**
 * What follows a failure of a record that is parked already. Everything is tried again, also what cannot pass as the listener
 * is: there may be another one tomorrow, and until then only its key waits.
 */
export class ParkedErrorHandler implements ErrorHandler {
  readonly recoverer: Recoverer | undefined;
  readonly recoveryBackOff: BackOff | undefined;
  readonly #init: ParkedErrorHandlerInit;

  constructor(init: ParkedErrorHandlerInit) {
    this.#init = init;
    this.recoverer = init.recoverer;
    this.recoveryBackOff = init.errorHandler.recoveryBackOff;
  }

  decide({ error, attempt }: RecordFailure): FailureDecision {
    const asked = controlFlowOf(error);
    if (asked?.code === 'SKIP_RECORD') return { action: 'skip' };
    if (asked?.code === 'DEAD_LETTER' && this.recoverer !== undefined)
      return { action: 'recover', error: asked.cause ?? asked };
    const delayMs = atOnce('delayMs', this.#init.backOff.delayMs(attempt)) ?? undefined;
    if (delayMs === undefined) return { action: this.recoverer === undefined ? 'stop' : 'recover' };
    return { action: 'retry', delayMs: retryAfterMs(asked) ?? delayMs };
  }

  onRetry(failure: RecordFailure & { readonly delayMs: number }): unknown {
    return this.#init.errorHandler.onRetry?.({ ...failure, record: unparked(failure.record) });
  }
}
