import { IllegalStateError, type Logger } from '@hearken/core';
import { isThenable } from '@hearken/core/internal';
import { NextResult } from './next-result.js';

/** Goes on to the inner middleware, and in the end to the listener; with another input, if one is given. */
export type Next<I, R> = (replacement?: I) => R | Promise<R>;

type Layer<I, C, R> = (input: I, context: C, next: Next<I, R>) => unknown;
type Handler<I, C> = (input: I, context: C) => unknown;

/**
 * Wraps a listener into middleware, the first outermost. Done once: a call makes what a layer needs for its `next`, and a
 * promise only where a layer or the listener does.
 *
 * The result ends when all layers and the listener have, whatever a layer forgot to await. What layers return is dropped.
 *
 * @param resultOf what `next` returns once the inner layers ended
 * @param completed what the inner layers get for what a layer gave to `next`
 * @param failed told of what `next` throws or rejects with, where it was called; `isListener` if it called the listener itself
 */
export function compose<I, C extends { readonly logger: Logger }, R>(
  layers: readonly Layer<I, C, R>[],
  listener: Handler<I, C>,
  resultOf: (input: I, context: C) => R,
  completed: (replacement: I, input: I) => I,
  failed: (context: C, input: I, isListener: boolean) => void = () => undefined,
): Handler<I, C> {
  return layers.reduceRight<Handler<I, C>>(
    (inner, layer) =>
      wrap(layer, inner, resultOf, completed, (context, input) => failed(context, input, inner === listener)),
    listener,
  );
}

function wrap<I, C extends { readonly logger: Logger }, R>(
  layer: Layer<I, C, R>,
  inner: Handler<I, C>,
  resultOf: (input: I, context: C) => R,
  completed: (replacement: I, input: I) => I,
  failed: (context: C, input: I) => void,
): Handler<I, C> {
  return (input, context) => {
    const calls = new NextCalls<R>();
    const next: Next<I, R> = (replacement) => {
      calls.requireOpen();
      const given = replacement === undefined ? input : completed(replacement, input);
      const fail = (error: unknown): never => {
        failed(context, given);
        throw error;
      };
      let end: unknown;
      try {
        end = inner(given, context);
      } catch (error) {
        return fail(error);
      }
      if (!isThenable(end)) return resultOf(given, context);
      return calls.add(Promise.resolve(end).then(() => resultOf(given, context), fail));
    };
    let result: unknown;
    try {
      result = layer(input, context, next);
    } catch (error) {
      if (calls.isEmpty) {
        calls.close();
        throw error;
      }
      result = rejected(error);
    }
    if (isThenable(result) || !calls.isEmpty) return calls.endWith(result, context.logger);
    calls.close();
    return undefined;
  };
}

// eslint-disable-next-line @typescript-eslint/require-await -- the shortest way to a rejection with whatever was thrown
async function rejected(error: unknown): Promise<never> {
  throw error;
}

/** The calls of `next` that one run of a layer made. */
class NextCalls<R> {
  readonly #results: NextResult<R>[] = [];
  #isOpen = true;

  get isEmpty(): boolean {
    return this.#results.length === 0;
  }

  /** Too late for the record: it is done, without its listener. */
  requireOpen(): void {
    if (!this.#isOpen)
      throw new IllegalStateError('next() was called after its middleware had ended', 'MIDDLEWARE_ENDED');
  }

  add(end: Promise<R>): NextResult<R> {
    const result = NextResult.of(end);
    this.#results.push(result);
    return result;
  }

  close(): void {
    this.#isOpen = false;
  }

  /**
   * Ends when the layer and all that it called have: a record must not be settled while its listener runs. A rejection that
   * the layer did not see is the layer's own, as if it had awaited it; if the layer failed too, that is logged.
   */
  async endWith(result: unknown, logger: Logger): Promise<void> {
    try {
      await result;
    } catch (error) {
      const [unseen] = await this.#unseen();
      if (unseen !== undefined && unseen.reason !== error)
        logger.warn(
          { error: unseen.reason as unknown },
          'a listener failed beside its middleware, which did not see it',
        );
      throw error;
    }
    const [unseen] = await this.#unseen();
    if (unseen !== undefined) throw unseen.reason;
  }

  async #unseen(): Promise<PromiseRejectedResult[]> {
    this.close();
    const ends = await Promise.allSettled(this.#results.filter((result) => !result.wasSeen));
    return ends.filter((end) => end.status === 'rejected');
  }
}
