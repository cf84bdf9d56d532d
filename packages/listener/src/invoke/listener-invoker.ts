import type { ConsumerRecord } from '@hearken/core';
import type { Delivery } from '../dispatch/delivery.js';
import type { ListenerContext, MessageListener } from '../message-listener.js';
import { compose } from '../middleware/compose.js';
import type { RecordMiddleware } from '../middleware/middleware.js';
import { withHeaders } from '../middleware/with-headers.js';
import { DONE, FILTERED, type Outcome } from './outcome.js';
import type { RecordDecoder } from './record-decoder.js';
import { keeps, type RecordFilter } from './record-filter.js';

type Decoded = ConsumerRecord<unknown, unknown>;
type Handler = (record: Decoded, delivery: Called) => unknown;

/** What a listener is called with beside its record: a delivery, or what stands for one. */
export interface Called extends ListenerContext {
  /** The record as the listener got it. */
  handed: Decoded;
  /** Nobody waits for the attempt from now on. */
  excuse(): void;
  /** It failed in the async context that is current. @param isListener its listener was called in it, too */
  failedHere(isListener: boolean): void;
}

export interface ListenerInvokerInit {
  readonly listener: MessageListener<unknown, unknown>;
  readonly decode: RecordDecoder;
  readonly filter: RecordFilter<unknown, unknown> | undefined;
  /** The first is the outermost. */
  readonly middleware: readonly RecordMiddleware<unknown, unknown>[];
}

/**
 * Decodes a record, filters it, and calls the listener through its middleware, one attempt at a time; says how that ended.
 * Makes a promise only where one of them does, and each that is not there costs nothing.
 */
export class ListenerInvoker {
  readonly #listener: Handler;
  readonly #filter: RecordFilter<unknown, unknown> | undefined;
  readonly #middleware: RecordMiddleware<unknown, unknown>[];
  /** The listener with all that goes around it. */
  #handler: Handler;
  readonly #decode: RecordDecoder;
  #calling: Called | undefined;

  constructor({ listener, decode, filter, middleware }: ListenerInvokerInit) {
    this.#decode = decode;
    this.#listener = functionOf(listener);
    this.#filter = filter;
    this.#middleware = [...middleware];
    this.#handler = this.#composed();
  }

  /** Puts one more middleware around the listener, inside all others. Before the first call. */
  use(middleware: RecordMiddleware<unknown, unknown>): void {
    this.#middleware.push(middleware);
    this.#handler = this.#composed();
  }

  /** The delivery whose listener is on the stack right now: it has not returned, or not reached its first `await`. */
  get calling(): Called | undefined {
    return this.#calling;
  }

  /**
   * Throws, or rejects, as the listener does. What it returns or resolves with is `FILTERED` if the filter did not keep the
   * record; anything else means nothing.
   */
  call(delivery: Delivery): unknown {
    const record = this.#decode(delivery.record);
    return record instanceof Promise
      ? record.then((decoded) => {
          if (delivery.ownership.isAborted) throw delivery.signal.reason; // nobody would want what it does now
          return this.#call(this.#handler, decoded, delivery);
        })
      : this.#call(this.#handler, record, delivery);
  }

  /** The same for a record that comes from elsewhere; what it returns or resolves with means nothing. */
  callWith(record: ConsumerRecord, called: Called): unknown {
    const decoded = this.#decode(record);
    return decoded instanceof Promise
      ? decoded.then((ready) => {
          called.signal.throwIfAborted();
          return this.#call(this.#handler, ready, called);
        })
      : this.#call(this.#handler, decoded, called);
  }

  returned(_delivery: Delivery, result: unknown): Outcome {
    return result === FILTERED ? FILTERED : DONE;
  }

  failed(_delivery: Delivery, error: unknown): Outcome {
    return { kind: 'failed', error };
  }

  #composed(): Handler {
    if (this.#middleware.length === 0) return filtered(this.#filter, this.#listener);
    // The listener is called when middleware says so, perhaps later than that, and with what it says.
    const innermost: Handler = (record, delivery) => this.#call(this.#listener, record, delivery);
    return filtered(
      this.#filter,
      compose(
        this.#middleware,
        innermost,
        () => undefined,
        withHeaders,
        (delivery, _, isListener) => delivery.failedHere(isListener),
      ),
    );
  }

  #call(handler: Handler, record: Decoded, delivery: Called): unknown {
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
