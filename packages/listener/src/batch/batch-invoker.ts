import type { ConsumerRecord } from '@hearken/core';
import type { BatchListener } from '../batch-listener.js';
import type { Delivery } from '../dispatch/delivery.js';
import type { Invoker } from '../dispatch/run.js';
import type { RecordDecoder } from '../invoke/record-decoder.js';
import type { RecordFilter } from '../invoke/record-filter.js';
import { composeBatch } from '../middleware/compose-batch.js';
import type { BatchMiddleware } from '../middleware/middleware.js';
import type { Batch } from './batch.js';
import { BatchContext } from './batch-context.js';
import { failedAt, NONE_KEPT, outcomeOfError, outcomeOfResult, type BatchOutcome } from './batch-outcome.js';
import { prepareBatch, type Prepared } from './prepare-batch.js';

export interface BatchInvokerInit {
  readonly listener: BatchListener<unknown, unknown>;
  readonly decode: RecordDecoder;
  readonly filter: RecordFilter<unknown, unknown> | undefined;
  /** The first is the outermost. */
  readonly middleware: readonly BatchMiddleware<unknown, unknown>[];
  /** A record that the filter did not keep. */
  readonly onFiltered: (delivery: Delivery) => void;
}

type Records = readonly ConsumerRecord<unknown, unknown>[];
type Handler = (records: Records, context: BatchContext) => unknown;

/** The first record could not be decoded, or the filter failed on it: there is nothing to call the listener with. */
class UnpreparedError extends Error {
  constructor(readonly reason: unknown) {
    super('the first record of a batch could not be prepared');
  }
}

/** Decodes and filters the records of a batch and calls the listener with those before the first that fails in it. */
export class BatchInvoker implements Invoker {
  readonly #init: BatchInvokerInit;
  readonly #listener: Handler;
  readonly #middleware: BatchMiddleware<unknown, unknown>[];
  /** The listener with all that goes around it. */
  #handler: Handler;
  #calling: Delivery | undefined;

  constructor(init: BatchInvokerInit) {
    this.#init = init;
    const { listener, middleware } = init;
    this.#listener =
      typeof listener === 'function' ? listener : (records, context) => listener.onBatch(records, context);
    this.#middleware = [...middleware];
    this.#handler = this.#composed();
  }

  /** Puts one more middleware around the listener, inside all others. Before the first call. */
  use(middleware: BatchMiddleware<unknown, unknown>): void {
    this.#middleware.push(middleware);
    this.#handler = this.#composed();
  }

  /** The first record of the batch whose listener is on the stack right now. */
  get calling(): Delivery | undefined {
    return this.#calling;
  }

  call(batch: Batch): unknown {
    const { decode, filter } = this.#init;
    const { open } = batch;
    const prepared = prepareBatch(open, decode, filter);
    return prepared instanceof Promise
      ? prepared.then((known) => {
          if (batch.ownership.isAborted) throw batch.lead.signal.reason; // nobody would want what it does now
          return this.#call(batch, open, known);
        })
      : this.#call(batch, open, prepared);
  }

  returned(batch: Batch, result: unknown): BatchOutcome {
    return batch.given.length === 0 ? NONE_KEPT : outcomeOfResult(batch, result);
  }

  failed(batch: Batch, error: unknown): BatchOutcome {
    return error instanceof UnpreparedError ? failedAt(batch, 0, error.reason) : outcomeOfError(batch, error);
  }

  #call(batch: Batch, open: readonly Delivery[], { kept, dropped, cut, failure }: Prepared): unknown {
    if (cut === 0 && failure !== undefined) {
      batch.cover(open.slice(0, 1), open.slice(1));
      throw new UnpreparedError(failure.error);
    }
    batch.cover(kept, open.slice(cut));
    for (const delivery of dropped) this.#init.onFiltered(delivery);
    if (kept.length === 0) return undefined;
    return this.#enter(
      this.#handler,
      kept.map(({ handed }) => handed),
      new BatchContext(batch),
    );
  }

  #composed(): Handler {
    return this.#middleware.length === 0
      ? this.#listener
      : composeBatch(
          this.#middleware,
          (records, context: BatchContext) => this.#reach(records, context),
          (context, records, isListener) => context.failedHere(records, isListener),
        );
  }

  /** Middleware came to call the listener, perhaps later than it was called itself, and with fewer records. */
  #reach(records: Records, context: BatchContext): unknown {
    const part = context.of(records);
    return part === undefined ? undefined : this.#enter(this.#listener, records, part);
  }

  #enter(handler: Handler, records: Records, context: BatchContext): unknown {
    const before = this.#calling; // a listener that resumes partitions makes others run
    this.#calling = context.batch.lead;
    try {
      return handler(records, context);
    } finally {
      this.#calling = before;
    }
  }
}
