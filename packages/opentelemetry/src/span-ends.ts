import { SpanStatusCode, type Span } from '@opentelemetry/api';
import { describeError } from '@hearken/core/internal';
import { ATTRIBUTE, errorTypeOf } from './attributes.js';

/** An event for each error, and the first one's type. Does not end the span. */
export function recordFailure(span: Span, errors: readonly unknown[], message = messageOf(errors[0])): void {
  for (const error of errors) span.recordException(error instanceof Error ? error : describeError(error));
  span.setAttribute(ATTRIBUTE.errorType, errorTypeOf(errors[0]));
  span.setStatus({ code: SpanStatusCode.ERROR, message });
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : describeError(error));

export function endFailed(span: Span, error: unknown): void {
  recordFailure(span, [error]);
  span.end();
}
