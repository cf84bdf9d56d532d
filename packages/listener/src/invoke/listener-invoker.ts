import type { Delivery } from '../dispatch/delivery.js';
import type { MessageListener, MessageListenerFunction } from '../message-listener.js';
import { afterFailure } from '../failure/after-failure.js';
import type { ErrorHandler } from '../failure/error-handler.js';
import type { Outcome } from './outcome.js';
import type { RecordDecoder } from './record-decoder.js';

/** Calls the listener, one attempt at a time, and says how it ended. Makes a promise only where decoding or the listener does. */
export class ListenerInvoker {
  readonly #listener: MessageListenerFunction<unknown, unknown>;
  readonly #decode: RecordDecoder;
  readonly #errorHandler: ErrorHandler;
  readonly #once: boolean;
  #calling: Delivery | undefined;

  /** @param once no record is given to the listener twice */
  constructor(
    listener: MessageListener<unknown, unknown>,
    decode: RecordDecoder,
    errorHandler: ErrorHandler,
    once: boolean,
  ) {
    this.#once = once;
    this.#listener =
      typeof listener === 'function' ? listener : (record, context) => listener.onMessage(record, context);
    this.#decode = decode;
    this.#errorHandler = errorHandler;
  }

  /** The delivery whose listener is on the stack right now: it has not returned, or not reached its first `await`. */
  get calling(): Delivery | undefined {
    return this.#calling;
  }

  /** Throws, or rejects, as the listener does. */
  call(delivery: Delivery): PromiseLike<unknown> | undefined {
    const record = this.#decode(delivery.record);
    const result =
      record instanceof Promise
        ? record.then((decoded) => this.#call(decoded, delivery))
        : this.#call(record, delivery);
    return isThenable(result) ? result : undefined;
  }

  /** What follows an attempt that failed with this. */
  failed({ record, attempt }: Delivery, error: unknown): Outcome {
    const outcome = afterFailure({ record, error, attempt }, this.#errorHandler);
    if (!this.#once || (outcome.kind !== 'retry' && outcome.kind !== 'pause')) return outcome;
    return { kind: this.#errorHandler.recoverer === undefined ? 'stop' : 'recover', error: outcome.error };
  }

  #call(record: Parameters<MessageListenerFunction<unknown, unknown>>[0], delivery: Delivery): unknown {
    const before = this.#calling; // a listener that resumes partitions makes others run
    this.#calling = delivery;
    delivery.handed = record;
    try {
      return this.#listener(record, delivery);
    } finally {
      this.#calling = before;
    }
  }
}

const isThenable = (result: unknown): result is PromiseLike<unknown> =>
  typeof result === 'object' && result !== null && typeof (result as { then?: unknown }).then === 'function';
