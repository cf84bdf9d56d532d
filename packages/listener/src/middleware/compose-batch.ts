import { codeOf, type ConsumerRecord, type Logger } from '@hearken/core';
import { describe, isThenable } from '@hearken/core/internal';
import type { BatchListenerContext, BatchResult } from '../batch-listener.js';
import { InvalidBatchResultError } from '../errors.js';
import { compose } from './compose.js';
import type { BatchMiddleware } from './middleware.js';
import { withHeaders } from './with-headers.js';

type Records = readonly ConsumerRecord<unknown, unknown>[];
type Handler<C> = (records: Records, context: C) => unknown;
type Said = BatchResult | undefined;

/** What the listener said of a batch that it got in parts. */
export interface PartsResult extends BatchResult {
  /** Indexes of what it got without naming failures, or did not get: under a manual `ackMode` a result is no end of those. */
  readonly silent?: readonly number[];
}

/**
 * Wraps a batch listener into middleware, the first outermost. It is told of an empty list where all is left out. What the
 * handler returns is what the listener said, whatever became of that on its way through the middleware, with the indexes of the
 * records that were passed in.
 *
 * @param failed told of records that failed, where `next` was called; `isListener` if it called the listener itself
 */
export function composeBatch<C extends BatchListenerContext>(
  layers: readonly BatchMiddleware<unknown, unknown>[],
  listener: Handler<C>,
  failed: (context: C, records: Records, isListener: boolean) => void = () => undefined,
): Handler<C> {
  if (layers.length === 0) return listener;
  const handler = compose<Records, BatchCall<C>, Said>(
    layers.map((layer) => (records, call, next) => {
      // Nobody gets a batch without records, and one who goes through it in parts would not call next at all.
      const nextIfAny: typeof next = (part) => (part?.length === 0 ? call.leaveAllOut(listener) : next(part));
      return layer(records, call.context, nextIfAny);
    }),
    (records, call) => call.listen(listener, records),
    (records, call) => call.resultOf(records),
    allWithHeaders,
    (call, records, isListener) => failed(call.context, records, isListener),
  );
  return (records, context) => {
    const call = new BatchCall(records, context, failed);
    const fail = (error: unknown): never => {
      throw call.errorOf(error);
    };
    try {
      const end = handler(records, call);
      return isThenable(end) ? Promise.resolve(end).then(() => call.resultOf(), fail) : call.resultOf();
    } catch (error) {
      return fail(error);
    }
  };
}

const allWithHeaders = (copies: Records, records: Records): Records =>
  copies.map((copy) => {
    const original = 'headers' in copy ? copy : records.find(({ offset }) => offset === (copy as Records[0]).offset);
    return original === undefined ? copy : withHeaders(copy, original);
  });

/** What the listener said of the records of one batch, which middleware may have given to it in parts, or again. */
class BatchCall<C extends BatchListenerContext> {
  readonly context: C;
  readonly #records: Records;
  /** By offset. Of a record that the listener got twice the second end counts. */
  readonly #errors = new Map<number, unknown>();
  /** Offsets of what the listener got when it named failures. */
  readonly #named = new Set<number>();
  readonly #failed: (context: C, records: Records, isListener: boolean) => void;
  #calls = 0;

  constructor(records: Records, context: C, failed: (context: C, records: Records, isListener: boolean) => void) {
    this.#records = records;
    this.context = context;
    this.#failed = failed;
  }

  get logger(): Logger {
    return this.context.logger;
  }

  /** Of these records; undefined if the listener named nothing. */
  resultOf(records = this.#records): PartsResult | undefined {
    if (!records.some(({ offset }) => this.#named.has(offset))) return undefined;
    const failed = records.flatMap(({ offset }, index) =>
      this.#errors.has(offset) ? [{ index, error: this.#errors.get(offset) }] : [],
    );
    const silent = records.flatMap(({ offset }, index) => (this.#named.has(offset) ? [] : [index]));
    return silent.length === 0 ? { failed } : { failed, silent };
  }

  listen(listener: Handler<C>, records: Records): unknown {
    this.#requirePart(records);
    this.#calls++;
    const failed = (error: unknown): never => {
      throw this.errorOf(error); // also on its way out: to layers around this part its index means another record
    };
    try {
      const said = listener(records, this.context);
      if (isThenable(said)) return said.then((result) => this.#note(records, result), failed);
      this.#note(records, said);
      return undefined;
    } catch (error) {
      return failed(error);
    }
  }

  leaveAllOut(listener: Handler<C>): undefined {
    listener([], this.context);
  }

  /**
   * What its call fails with. An error that says how far the listener got says so of the last part only: of the batch it
   * names nothing.
   */
  errorOf(error: unknown): unknown {
    if (this.#calls < 2 || codeOf(error) !== 'BATCH_LISTENER_FAILED') return error;
    return new Error('a part of a batch failed', { cause: error });
  }

  #note(records: Records, said: unknown): void {
    const { failed } = (said ?? {}) as Partial<BatchResult>;
    for (const { offset } of records) {
      this.#errors.delete(offset);
      if (failed === undefined) this.#named.delete(offset);
      else this.#named.add(offset);
    }
    if (failed === undefined) return;
    if (!Array.isArray(failed)) throw new InvalidBatchResultError(`failed must be a list, got ${describe(failed)}`);
    for (const { index, error } of failed as BatchResult['failed']) {
      const record = records[index];
      if (record === undefined) throw new InvalidBatchResultError(`no record has the index ${String(index)}`);
      this.#errors.set(record.offset, error);
    }
    if (failed.length > 0) this.#failed(this.context, records, true);
  }

  /** Offsets say which record is which: those of another batch would be taken for some of this. */
  #requirePart(records: Records): void {
    let at = 0;
    for (const { offset } of records) {
      while (at < this.#records.length && this.#records[at]?.offset !== offset) at++;
      if (at++ === this.#records.length)
        throw new TypeError('next() of a batch takes records of the batch, in their order');
    }
  }
}
