import type { Delivery } from '../dispatch/delivery.js';
import { isThenable } from '../is-thenable.js';
import type { ListenerContext, MessageListener, MessageListenerFunction } from '../message-listener.js';
import { compose } from '../middleware/compose.js';
import type { RecordMiddleware } from '../middleware/middleware.js';
import { afterFailure } from '../failure/after-failure.js';
import type { ErrorHandler } from '../failure/error-handler.js';
import { FILTERED, type Filtered, type Outcome } from './outcome.js';
import type { RecordDecoder } from './record-decoder.js';
import { keeps, type RecordFilter } from './record-filter.js';

type Handler = MessageListenerFunction<unknown, unknown>;
type Decoded = Parameters<Handler>[0];

export interface ListenerInvokerInit {
  readonly listener: MessageListener<unknown, unknown>;
  readonly decode: RecordDecoder;
  readonly filter: RecordFilter<unknown, unknown> | undefined;
  /** The first is the outermost. */
  readonly middleware: readonly RecordMiddleware<unknown, unknown>[];
  readonly errorHandler: ErrorHandler;
  /** No record is given to the listener twice. */
  readonly once: boolean;
}

/**
 * Decodes a record, filters it, and calls the listener through its middleware, one attempt at a time; says how that ended.
 * Makes a promise only where one of them does, and each that is not there costs nothing.
 */
export class ListenerInvoker {
  readonly #handler: Handler;
  readonly #decode: RecordDecoder;
  readonly #errorHandler: ErrorHandler;
  readonly #once: boolean;
  #calling: Delivery | undefined;

  constructor({ listener, decode, filter, middleware, errorHandler, once }: ListenerInvokerInit) {
    this.#decode = decode;
    this.#errorHandler = errorHandler;
    this.#once = once;
    this.#handler = filtered(filter, this.#wrapped(middleware, functionOf(listener)));
  }

  /** The delivery whose listener is on the stack right now: it has not returned, or not reached its first `await`. */
  get calling(): Delivery | undefined {
    return this.#calling;
  }

  /**
   * Throws, or rejects, as the listener does. What it returns or resolves with is `FILTERED` if the filter did not keep the
   * record; anything else means nothing.
   */
  call(delivery: Delivery): PromiseLike<unknown> | Filtered | undefined {
    const record = this.#decode(delivery.record);
    const result =
      record instanceof Promise
        ? record.then((decoded) => this.#call(this.#handler, decoded, delivery))
        : this.#call(this.#handler, record, delivery);
    if (result === FILTERED) return FILTERED;
    return isThenable(result) ? result : undefined;
  }

  /** What follows an attempt that failed with this. */
  failed({ record, attempt }: Delivery, error: unknown): Outcome {
    const outcome = afterFailure({ record, error, attempt }, this.#errorHandler);
    if (!this.#once || (outcome.kind !== 'retry' && outcome.kind !== 'pause')) return outcome;
    return { kind: this.#errorHandler.recoverer === undefined ? 'stop' : 'recover', error: outcome.error };
  }

  /** The listener is called when middleware says so, perhaps much later than that, and with what it says. */
  #wrapped(middleware: readonly RecordMiddleware<unknown, unknown>[], listener: Handler): Handler {
    if (middleware.length === 0) return listener;
    // The context is the delivery: nobody else makes one.
    const innermost: Handler = (record, context) => this.#call(listener, record, context as Delivery);
    return compose<Decoded, ListenerContext, void>(middleware, innermost, () => undefined);
  }

  #call(handler: Handler, record: Decoded, delivery: Delivery): unknown {
    const before = this.#calling; // a listener that resumes partitions makes others run
    this.#calling = delivery;
    delivery.handed = record;
    try {
      return handler(record, delivery);
    } finally {
      this.#calling = before;
    }
  }
}

const functionOf = (listener: MessageListener<unknown, unknown>): Handler =>
  typeof listener === 'function' ? listener : (record, context) => listener.onMessage(record, context);

const filtered = (filter: RecordFilter<unknown, unknown> | undefined, handler: Handler): Handler =>
  filter === undefined ? handler : (record, context) => (keeps(filter, record) ? handler(record, context) : FILTERED);
