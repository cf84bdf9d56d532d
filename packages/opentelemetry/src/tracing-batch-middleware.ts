import { context, SpanKind, trace, type Link } from '@opentelemetry/api';
import type { ConsumerRecord } from '@hearken/core';
import { OptionsCheck } from '@hearken/core/internal';
import type { AnyBatchMiddleware } from './any-middleware.js';
import { ATTRIBUTE } from './attributes.js';
import { errorsIn } from './errors-in.js';
import { inSpan } from './in-span.js';
import { receivedContext } from './received-context.js';
import { recordFailure } from './span-ends.js';
import { resolveTracingOptions, type Tracing, type TracingOptions } from './tracing-options.js';

type Records = readonly ConsumerRecord<unknown, unknown>[];

/**
 * Middleware of a listener of batches: one span `process <topic>` (CONSUMER) for each attempt, which begins a trace and has a
 * link to the span that sent each of its records, with the record's offset and key. Active as the one of `tracingMiddleware`.
 * It has the error of the listener, or an event for each failure that the listener named.
 *
 * An SDK keeps 128 links of a span unless told otherwise (`OTEL_SPAN_LINK_COUNT_LIMIT`).
 *
 * @throws KafkaConfigError
 */
export function tracingBatchMiddleware(options?: TracingOptions): AnyBatchMiddleware {
  const tracing = resolveTracingOptions(new OptionsCheck('tracingBatchMiddleware'), options);
  return (records, { topic, partition, attempt, container }, next) => {
    const attributes = tracing.named({
      [ATTRIBUTE.system]: 'kafka',
      [ATTRIBUTE.operationName]: 'process',
      [ATTRIBUTE.operationType]: 'process',
      [ATTRIBUTE.topic]: topic,
      [ATTRIBUTE.partition]: String(partition),
      [ATTRIBUTE.group]: container.groupId,
      [ATTRIBUTE.batchSize]: records.length,
      [ATTRIBUTE.attempt]: attempt,
    });
    const parent = trace.deleteSpan(context.active());
    const links = linksTo(records, tracing);
    const span = tracing.tracer.startSpan(`process ${topic}`, { kind: SpanKind.CONSUMER, attributes, links }, parent);
    return inSpan(span, parent, next, (result) => {
      const errors = errorsIn(result);
      if (errors.length > 0) recordFailure(span, errors, `${errors.length} of ${records.length} records failed`);
    });
  };
}

/** To what sent them: a record that came without a trace has nothing to link to. */
const linksTo = (records: Records, { named, keyOf }: Tracing): Link[] =>
  records.flatMap((record) => {
    const sent = trace.getSpanContext(receivedContext(record));
    if (sent === undefined) return [];
    const attributes = named({ [ATTRIBUTE.offset]: record.offset, [ATTRIBUTE.key]: keyOf(record.key) });
    return { context: sent, attributes };
  });
