import { context, trace, type Context, type Span } from '@opentelemetry/api';
import { isThenable } from '@hearken/core/internal';
import { endFailed } from './span-ends.js';

/**
 * Calls `next` with the span active, and ends it with what that comes to: at once, or with its promise. It throws or rejects
 * as `next` does.
 * @param returned told what `next` returned or resolved with, before the span ends
 */
export function inSpan(
  span: Span,
  parent: Context,
  next: () => unknown,
  returned?: (result: unknown) => void,
): unknown {
  const end = (result: unknown): void => {
    returned?.(result);
    span.end();
  };
  const fail = (error: unknown): never => {
    endFailed(span, error);
    throw error;
  };
  return context.with(trace.setSpan(parent, span), () => {
    let result: unknown;
    try {
      result = next();
    } catch (error) {
      return fail(error);
    }
    if (isThenable(result)) return result.then(end, fail);
    end(result);
    return undefined;
  });
}
