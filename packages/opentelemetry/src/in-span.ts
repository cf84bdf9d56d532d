import { context, trace, type Context, type Span } from '@opentelemetry/api';
import { observe } from './observe.js';
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
  return context.with(trace.setSpan(parent, span), () =>
    observe(next, {
      returned: (result) => {
        returned?.(result);
        span.end();
      },
      failed: (error) => endFailed(span, error),
    }),
  );
}
